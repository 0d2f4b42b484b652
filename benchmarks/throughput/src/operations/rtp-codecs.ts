// RTP and RTCP packets, parsed and marshalled. millrace reads and writes in place and reuses one view, werift makes
// objects; each gets what it works on fastest, and what is read is used.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { RtpPacket } from '@millrace/rtp';
import { rtcpReader, rtcpWriter } from './rtcp-codecs.ts';
import { mediaPackets, PACKETS, RTP_HEADER_BYTES } from './rtp-inputs.ts';
import type { PacketKind } from './rtp-kinds.ts';

type RtcpKind = Exclude<PacketKind, 'rtp'>;

interface WeriftRtp {
  readonly header: { readonly sequenceNumber: number; readonly timestamp: number; readonly ssrc: number };
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
    millrace({ kind, verb, bytes }: OperationSettings): Prepared {
      if (kind !== 'rtp')
        return verb === 'parse' ? parseRtcp(kind as RtcpKind) : marshalRtcp(kind as RtcpKind);
      return verb === 'parse' ? parseRtp(bytes as number) : marshalRtp(bytes as number);
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
          return header.sequenceNumber + header.timestamp + header.ssrc + payload.length;
        });
      return each(raw, (packet) => RtcpPacketConverter.deSerialize(packet)[0]!.type);
    },
  },
};

function parseRtp(bytes: number): Prepared {
  const view = new RtpPacket();
  return each(mediaPackets('rtp', bytes), (packet) => {
    if (!view.read(packet, 0, packet.length)) throw new Error('a good packet was refused');
    return view.sequenceNumber + view.timestamp + view.ssrc + view.payloadBytes;
  });
}

/** Header and payload into the slot they are sent from. */
function marshalRtp(bytes: number): Prepared {
  const packets = mediaPackets('rtp', bytes).map((packet) => {
    const view = new RtpPacket();
    view.read(packet, 0, packet.length);
    return view;
  });
  const out = new Uint8Array(bytes);
  const written = new RtpPacket();
  const write = ({
    payloadType,
    sequenceNumber,
    timestamp,
    ssrc,
    bytes,
    headerEnd,
    end,
  }: RtpPacket): number => {
    written.begin(out, 0, out.length, payloadType, sequenceNumber, timestamp, ssrc);
    written.setPayload(bytes, headerEnd, end);
    return out[3]! + out[RTP_HEADER_BYTES]!;
  };
  for (const packet of packets) {
    write(packet);
    if (Buffer.compare(out, packet.bytes) !== 0) throw new Error('what was written is not what was read');
  }
  return each(packets, write);
}

function parseRtcp(kind: RtcpKind): Prepared {
  return each(mediaPackets(kind, 0), rtcpReader(kind));
}

function marshalRtcp(kind: RtcpKind): Prepared {
  const read = rtcpReader(kind);
  const writers = mediaPackets(kind, 0).map((packet) => {
    const writer = rtcpWriter(kind, packet);
    // Not all that is the same is written in the same bytes.
    if (read(writer.out.subarray(0, writer.write())) !== read(packet))
      throw new Error('what was written is not what was read');
    return writer;
  });
  return each(writers, ({ write, out }) => write() + out[3]!);
}

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
