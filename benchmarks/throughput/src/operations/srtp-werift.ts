// The same of werift: it returns new buffers, and keeps no replay window, so that a packet can be opened again.
import type { OperationSettings, Prepared } from '@millrace/bench-harness';
import { PROFILES, type SrtpProfile } from '@millrace/srtp';
import { randomArrays } from './inputs.ts';
import { mediaPackets, PACKETS, RTP_HEADER_BYTES } from './rtp-inputs.ts';

interface WeriftRtp {
  readonly header: object;
  readonly payload: Buffer;
}
interface Werift {
  RtpPacket: { deSerialize(bytes: Buffer): WeriftRtp };
  SrtpSession: new (
    config: object,
  ) => {
    encrypt(payload: Buffer, header: object): Buffer;
    decrypt(packet: Buffer): Buffer;
  };
  SrtcpSession: new (
    config: object,
  ) => {
    encrypt(packet: Buffer): Buffer;
    decrypt(packet: Buffer): Buffer;
  };
}

export async function weriftSrtp({ kind, verb, bytes, profile }: OperationSettings): Promise<Prepared> {
  const { RtpPacket, SrtpSession, SrtcpSession } = (await import('werift')) as unknown as Werift;
  const config = configOf(profile as SrtpProfile);
  const opens = verb === 'unprotect';
  if (kind === 'rtp') {
    const session = new SrtpSession(config);
    const raw = mediaPackets('rtp', bytes as number);
    const packets = raw.map((packet) => RtpPacket.deSerialize(packet));
    const seal = ({ payload, header }: WeriftRtp): Buffer => session.encrypt(payload, header);
    const sealed = packets.map(seal);
    expectOpened(raw, sealed.map(session.decrypt));
    return opens ? each(sealed, session.decrypt) : each(packets, seal);
  }
  const session = new SrtcpSession(config);
  const raw = mediaPackets('sr', 0);
  const sealed = raw.map((packet) => session.encrypt(packet));
  expectOpened(raw, sealed.map(session.decrypt));
  return opens ? each(sealed, session.decrypt) : each(raw, (packet) => session.encrypt(packet));
}

function configOf(name: SrtpProfile): object {
  const { id, saltBytes } = PROFILES[name];
  const [key, salts] = randomArrays(2, 16).map((array) => Buffer.from(array));
  const keys = {
    localMasterKey: key!,
    localMasterSalt: salts!.subarray(0, saltBytes),
    remoteMasterKey: key!,
    remoteMasterSalt: salts!.subarray(0, saltBytes),
  };
  return { profile: id, keys };
}

function expectOpened(raw: readonly Buffer[], opened: readonly Buffer[]): void {
  if (!raw.every((packet, i) => packet.equals(opened[i]!)))
    throw new Error('what was opened is not what was sealed');
}

function each<Item>(items: readonly Item[], work: (item: Item) => Buffer): Prepared {
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += work(items[next++ % PACKETS]!)[RTP_HEADER_BYTES]!;
      return sum;
    },
  };
}
