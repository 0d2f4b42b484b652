// What it costs to protect and unprotect an RTP packet, in CPU time, beside werift, in turns.
// Usage: node --expose-gc --conditions=@millrace/source packages/srtp/bench/packets.ts [rounds] [milliseconds of each] [--no-werift]
import { createRequire } from 'node:module';
import { slab, srtpCryptos } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import { PROFILES, type SrtpCryptos, type SrtpProfile, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { rtp } from '../test/fixtures/packets.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const MILLISECONDS = Number(process.argv[3] ?? 25);
const SIZES = [160, 1_200];
const PACKETS = 256;
/** One source; the sequence numbers go on, so that no packet is a replay. */
const SLOT_BYTES = 2_048;

interface Way {
  /** Works on `count` packets; what it returns depends on each of them. */
  run(count: number): number;
}

interface WeriftSession {
  encrypt(payload: Buffer, header: object): Buffer;
  decrypt(packet: Buffer): Buffer;
}
interface Werift {
  RtpPacket: { deSerialize(bytes: Buffer): { readonly header: object; readonly payload: Buffer } };
  SrtpSession: new (config: object) => WeriftSession;
}

const native = loadNative();
let sink = 0;

for (const profile of Object.keys(PROFILES) as SrtpProfile[])
  for (const size of SIZES)
    for (const verb of ['protect', 'unprotect'] as const) {
      const ways = new Map<string, Way>();
      if (native?.srtp) ways.set('native', millrace(verb, profile, size, native.srtp, native.slab));
      ways.set('portable', millrace(verb, profile, size, srtpCryptos, slab));
      const rival = process.argv.includes('--no-werift') ? undefined : werift(verb, profile, size);
      if (rival) ways.set('werift', rival);
      report(`${profile} ${size} B ${verb}`, ways);
    }
if (Number.isNaN(sink)) console.log(sink);

/**
 * Packets in slots of one slab. To open, packets of a whole round of sequence numbers are protected in advance, outside
 * the time that is taken.
 */
function millrace(
  verb: 'protect' | 'unprotect',
  profile: SrtpProfile,
  size: number,
  cryptos: SrtpCryptos,
  allocate: (bytes: number) => Uint8Array,
): Way {
  const { keyBytes, saltBytes } = PROFILES[profile];
  const masterKey = new Uint8Array(keyBytes).fill(7);
  const masterSalt = new Uint8Array(saltBytes).fill(9);
  const options = { profile, masterKey, masterSalt, cryptos };
  const memory = allocate(PACKETS * SLOT_BYTES);
  const sender = new SrtpSender(options);
  const receiver = new SrtpReceiver(options);
  const plain = rtp(0, size - 12);
  let sequence = 0;
  const sealed = new Int32Array(PACKETS);
  const fill = (): void => {
    for (let i = 0; i < PACKETS; i++, sequence = (sequence + 1) & 0xffff) {
      const at = i * SLOT_BYTES;
      memory.set(plain, at);
      memory[at + 2] = sequence >>> 8;
      memory[at + 3] = sequence;
    }
  };
  fill();
  return {
    run(count) {
      let sum = 0;
      let spent = 0;
      for (let done = 0; done < count; done += PACKETS) {
        fill();
        if (verb === 'unprotect')
          for (let i = 0; i < PACKETS; i++) {
            const at = i * SLOT_BYTES;
            sealed[i] = sender.protectRtp(memory, at, at + size);
          }
        const start = cpuMicroseconds();
        if (verb === 'protect')
          for (let i = 0; i < PACKETS; i++) {
            const at = i * SLOT_BYTES;
            sum += sender.protectRtp(memory, at, at + size) - at;
          }
        else
          for (let i = 0; i < PACKETS; i++) {
            const at = i * SLOT_BYTES;
            sum += receiver.unprotectRtp(memory, at, sealed[i]!) - at;
          }
        spent += cpuMicroseconds() - start;
      }
      sink += sum;
      return (spent * 1_000) / count;
    },
  };
}

/** It keeps no replay window, so that a packet can be opened again. */
function werift(verb: 'protect' | 'unprotect', profile: SrtpProfile, size: number): Way | undefined {
  if (profile !== 'aes128-cm-hmac-sha1-80' && profile !== 'aead-aes-128-gcm') return undefined;
  const { RtpPacket, SrtpSession } = createRequire(import.meta.url)('werift') as Werift;
  const { id, keyBytes, saltBytes } = PROFILES[profile];
  const [key, salt] = [Buffer.alloc(keyBytes, 7), Buffer.alloc(saltBytes, 9)];
  const session = new SrtpSession({
    profile: id,
    keys: { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt },
  });
  const raw = Array.from({ length: PACKETS }, (_, i) => Buffer.from(rtp(1_000 + i, size - 12)));
  const packets = raw.map((packet) => RtpPacket.deSerialize(packet));
  const protectedOnes = packets.map(({ payload, header }) => session.encrypt(payload, header));
  return {
    run(count) {
      let sum = 0;
      const start = cpuMicroseconds();
      for (let done = 0; done < count; done += PACKETS)
        if (verb === 'protect')
          for (let i = 0; i < PACKETS; i++) {
            const { payload, header } = packets[i]!;
            sum += session.encrypt(payload, header).length;
          }
        else for (let i = 0; i < PACKETS; i++) sum += session.decrypt(protectedOnes[i]!).length;
      const spent = cpuMicroseconds() - start;
      sink += sum;
      return (spent * 1_000) / count;
    },
  };
}

/** Of the whole process, collections included: what others on the machine do shows less than in the time that passes. */
function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function report(title: string, ways: ReadonlyMap<string, Way>): void {
  const counts = new Map<string, number>();
  const times = new Map<string, number[]>();
  for (const [name, way] of ways) {
    way.run(PACKETS * 8);
    const ns = way.run(PACKETS * 8);
    counts.set(name, Math.max(1, Math.round((MILLISECONDS * 1e6) / ns / PACKETS)) * PACKETS);
    times.set(name, []);
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, way] of ways) times.get(name)!.push(way.run(counts.get(name)!));
  const rival = times.get('werift');
  const cells = [...times].map(([name, list]) => {
    const ratio = rival && name !== 'werift' ? ` (${ratios(rival, list)})` : '';
    return `${name} ${Math.round(middle(list))} [${Math.round(Math.min(...list))}] ns${ratio}`;
  });
  console.log(`${title.padEnd(44)} ${cells.join(', ')}`);
}

function ratios(rival: readonly number[], ours: readonly number[]): string {
  const all = rival.map((time, i) => time / ours[i]!).sort((a, b) => a - b);
  return `${middle(all).toFixed(1)}x [${all[0]!.toFixed(1)}-${all.at(-1)!.toFixed(1)}]`;
}

function middle(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1]!;
}
