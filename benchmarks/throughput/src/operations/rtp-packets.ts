// RTP packets: parsed, marshalled, protected and unprotected. werift for now; @millrace/rtp and @millrace/srtp have
// their places here.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { randomArrays } from './inputs.ts';
import { importIfThere, notThereYet } from './not-there-yet.ts';

const PACKETS = 64;
const HEADER_BYTES = 12;

interface WeriftHeader {
  sequenceNumber: number;
}
interface WeriftPacket {
  readonly header: WeriftHeader;
  readonly payload: Buffer;
  serialize(): Buffer;
}
interface WeriftSession {
  encrypt(payload: Buffer, header: WeriftHeader): Buffer;
  decrypt(packet: Buffer): Buffer;
}
interface Werift {
  RtpPacket: { deSerialize(bytes: Buffer): WeriftPacket };
  SrtpSession: new (config: object) => WeriftSession;
}

/** Key and salt bytes of the profiles, by their numbers in RFC 5764 and RFC 7714. */
const PROFILES: Readonly<Record<string, { readonly id: number; readonly salt: number }>> = {
  'aes-128-cm-hmac-sha1-80': { id: 1, salt: 14 },
  'aead-aes-128-gcm': { id: 7, salt: 12 },
};

export const operation: Operation = {
  subjects: {
    async millrace({ verb }: OperationSettings): Promise<Prepared> {
      const name = verb === 'parse' || verb === 'marshal' ? '@millrace/rtp' : '@millrace/srtp';
      await importIfThere(name);
      return notThereYet(`a benchmark of ${name}, which now exists,`);
    },
    async werift({ verb, bytes, profile }: OperationSettings): Promise<Prepared> {
      const { RtpPacket, SrtpSession } = (await import('werift')) as unknown as Werift;
      const raw = rtpPackets(bytes as number);
      const packets = raw.map((packet) => RtpPacket.deSerialize(packet));
      if (verb === 'parse')
        return each(raw, (packet) => {
          const { header, payload } = RtpPacket.deSerialize(packet);
          return header.sequenceNumber + payload.length;
        });
      if (verb === 'marshal') return each(packets, (packet) => packet.serialize()[3]!);
      const { id, salt } = PROFILES[profile as string]!;
      const [masterKey, masterSalt] = randomArrays(2, 16).map((array) => Buffer.from(array));
      const keys = {
        localMasterKey: masterKey!,
        localMasterSalt: masterSalt!.subarray(0, salt),
        remoteMasterKey: masterKey!,
        remoteMasterSalt: masterSalt!.subarray(0, salt),
      };
      const session = new SrtpSession({ profile: id, keys });
      if (verb === 'protect')
        return each(packets, ({ payload, header }) => session.encrypt(payload, header)[HEADER_BYTES]!);
      // It keeps no replay window, so that a packet can be opened again.
      const protectedPackets = packets.map(({ payload, header }) => session.encrypt(payload, header));
      return each(protectedPackets, (packet) => session.decrypt(packet)[HEADER_BYTES]!);
    },
  },
};

function each<Item>(items: readonly Item[], work: (item: Item) => number): Prepared {
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += work(items[i % PACKETS]!);
      return sum;
    },
  };
}

/** Packets of one stream, `bytes` long with their headers: RFC 3550 §5.1. */
function rtpPackets(bytes: number): Buffer[] {
  return randomArrays(PACKETS, bytes).map((array, i) => {
    const packet = Buffer.from(array);
    packet[0] = 0x80;
    packet[1] = 96;
    packet.writeUInt16BE(1_000 + i, 2);
    packet.writeUInt32BE(i * 960, 4);
    packet.writeUInt32BE(0x1234_5678, 8);
    return packet;
  });
}
