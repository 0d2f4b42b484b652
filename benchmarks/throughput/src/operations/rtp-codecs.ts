// RTP and RTCP packets, parsed and marshalled. werift for now; @millrace/rtp has its place here.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { importIfThere, notThereYet } from './not-there-yet.ts';
import { mediaPackets, PACKETS } from './rtp-inputs.ts';
import type { PacketKind } from './rtp-kinds.ts';

interface WeriftRtp {
  readonly header: { readonly sequenceNumber: number };
  readonly payload: Buffer;
  serialize(): Buffer;
}
interface WeriftRtcp {
  readonly type: number;
  serialize(): Buffer;
}
interface Werift {
  RtpPacket: { deSerialize(bytes: Buffer): WeriftRtp };
  RtcpPacketConverter: { deSerialize(bytes: Buffer): WeriftRtcp[] };
}

export const operation: Operation = {
  subjects: {
    async millrace(): Promise<Prepared> {
      await importIfThere('@millrace/rtp');
      return notThereYet('a benchmark of @millrace/rtp, which now exists,');
    },
    async werift({ kind, verb, bytes }: OperationSettings): Promise<Prepared> {
      const { RtpPacket, RtcpPacketConverter } = (await import('werift')) as unknown as Werift;
      const raw = mediaPackets(kind as PacketKind, bytes as number);
      const parse = (packet: Buffer): WeriftRtp | WeriftRtcp =>
        kind === 'rtp' ? RtpPacket.deSerialize(packet) : RtcpPacketConverter.deSerialize(packet)[0]!;
      const packets = raw.map(parse);
      packets.forEach((packet, i) => {
        if (!packet.serialize().equals(raw[i]!))
          throw new Error(`werift writes another ${kind} than it has read`);
      });
      if (verb === 'marshal') return each(packets, (packet) => packet.serialize()[3]!);
      if (kind === 'rtp')
        return each(raw, (packet) => {
          const { header, payload } = RtpPacket.deSerialize(packet);
          return header.sequenceNumber + payload.length;
        });
      return each(raw, (packet) => RtcpPacketConverter.deSerialize(packet)[0]!.type);
    },
  },
};

function each<Item>(items: readonly Item[], work: (item: Item) => number): Prepared {
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += work(items[next++ % PACKETS]!);
      return sum;
    },
  };
}
