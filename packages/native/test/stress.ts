// `node --expose-gc [--stress-compaction ...] stress.ts [SECONDS] [SEED]`: everything of the native layer at once, with
// right and wrong arguments, memory that comes and goes, heavy traffic, and the garbage collector at work in between.
// It passes if the process is still there and nothing came out changed. `stress.test.ts` runs it for a moment.
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  type AeadKey,
  loadNative,
  NativeError,
  type NativeSocket,
  type RecordKey,
  type UdpAddress,
} from '../src/index.ts';

const seconds = Number(process.argv[2] ?? 2);
const seed = Number(process.argv[3] ?? (Math.random() * 2 ** 31) | 0);
const random = new SeededRandom(seed);
const native = loadNative();
const collect = (globalThis as { gc?: (options?: { type: 'minor' }) => void }).gc ?? ((): void => {});
const counts = {
  seals: 0,
  opens: 0,
  records: 0,
  refused: 0,
  sent: 0,
  received: 0,
  sockets: 0,
  slabs: 0,
  thrown: 0,
};
const ALGORITHMS = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const;

if (!native?.aead || !native.udp || !native.ciphers) {
  console.log('nothing native here');
  process.exit(0);
}
const { aead, udp, ciphers, slab } = native;

/** What is alive: replaced at random, so that most of it soon is garbage. */
const slabs: Uint8Array[] = Array.from({ length: 6 }, () => newSlab());
const keys: AeadKey[] = ALGORITHMS.map((algorithm) => aead.createAeadKey(algorithm, keyOf(algorithm)));
const sockets: NativeSocket[] = [];
let pairs: Array<{ seal: RecordKey; open: RecordKey; sequence: number; headroom: number }> = [];

const STEPS: ReadonlyArray<() => void> = [
  sealAndOpen,
  sealAndOpen,
  record,
  record,
  cipher,
  mistake,
  mistake,
  send,
  send,
  send,
  send,
  churnSlab,
  churnKey,
  churnSocket,
  garbage,
];

process.on('uncaughtException', (error) => {
  // Handlers below throw on purpose, and what a handler does to a slab can make a waiting send fail.
  if (error.message === 'on purpose' || error instanceof NativeError) counts.thrown++;
  else fail(error.stack ?? error.message);
});

const until = performance.now() + seconds * 1000;
let steps = 0;
turn();

function turn(): void {
  for (let i = 0; i < 40; i++, steps++) STEPS[random.below(STEPS.length)]!();
  if (performance.now() < until) setImmediate(turn);
  else {
    for (const socket of sockets) socket.close();
    console.log(`stress: seed ${seed}, ${steps} steps, ${JSON.stringify(counts)}, ${native!.description}`);
  }
}

function fail(what: string): never {
  console.error(`stress: seed ${seed}, step ${steps}: ${what}`);
  process.exit(1);
}

function keyOf(algorithm: (typeof ALGORITHMS)[number]): Uint8Array {
  const key = new Uint8Array(algorithm === 'aes-128-gcm' ? 16 : 32);
  random.fill(key);
  return key;
}

function newSlab(): Uint8Array {
  counts.slabs++;
  return slab(random.chance(0.5) ? 65_536 : 1 + random.below(200_000));
}

function anyBytes(): Uint8Array {
  const bytes = random.chance(0.2) ? new Uint8Array(4096) : slabs[random.below(slabs.length)]!;
  return random.chance(0.3) ? bytes.subarray(random.below(bytes.length)) : bytes;
}

/** A range of at most `longest` bytes with `tail` bytes behind it; undefined if there is no room. */
function anyRange(bytes: Uint8Array, longest: number, tail: number): { at: number; end: number } | undefined {
  const room = bytes.length - tail;
  if (room < 1) return undefined;
  const at = random.below(room);
  return { at, end: at + random.below(Math.min(longest, room - at) + 1) };
}

function sealAndOpen(): void {
  const bytes = anyBytes();
  const range = anyRange(bytes, 20_000, 16);
  if (!range) return;
  const { at, end } = range;
  const key = keys[random.below(keys.length)]!;
  const [nonce, aad] = [new Uint8Array(12), new Uint8Array(random.below(40))];
  random.fill(nonce);
  const before = sumOf(bytes, at, end);
  key.seal(bytes, at, end, nonce, aad);
  counts.seals++;
  if (random.chance(0.3)) bytes[at + random.below(end + 16 - at)]! ^= 1;
  else if (!key.open(bytes, at, end + 16, nonce, aad)) fail('did not open');
  else if (sumOf(bytes, at, end) !== before) fail('opened to something else');
  // A short message can be its own ciphertext by chance.
  if (end - at > 8 && key.open(bytes, at, end + 16, nonce, aad))
    fail('opened what was forged or open already');
  counts.opens++;
}

function record(): void {
  if (pairs.length < 4) {
    const algorithm = ALGORITHMS[random.below(3)]!;
    const key = keyOf(algorithm);
    const fixed = new Uint8Array(algorithm === 'chacha20-poly1305' ? 12 : 4);
    const open = aead!.createRecordKey(algorithm, key, fixed, 'open');
    pairs.push({
      seal: aead!.createRecordKey(algorithm, key, fixed, 'seal'),
      open,
      sequence: 0,
      headroom: open.headroom,
    });
  }
  const pair = pairs[random.below(pairs.length)]!;
  const bytes = anyBytes();
  const range = anyRange(bytes, 16_384, 60);
  if (!range) return;
  const contentAt = range.at + pair.headroom;
  const contentEnd = contentAt + (range.end - range.at);
  pair.sequence += 1 + (random.chance(0.1) ? random.below(1000) : 0);
  bytes.fill(0, range.at, range.at + 13);
  bytes.set([pair.sequence >> 16, pair.sequence >> 8, pair.sequence], range.at + 8);
  const before = sumOf(bytes, contentAt, contentEnd);
  const length = pair.seal.seal(bytes, range.at, contentAt, contentEnd);
  if (!pair.open.open(bytes, range.at, contentAt, range.at + length)) fail('a record did not open');
  if (sumOf(bytes, contentAt, contentEnd) !== before) fail('a record opened to something else');
  counts.records++;
  if (random.chance(0.02)) {
    if (random.chance(0.5)) pair.open.close(); // and the other is forgotten
    pairs = pairs.filter((each) => each !== pair);
  }
}

function cipher(): void {
  const bytes = anyBytes();
  const range = anyRange(bytes, 3000, 20);
  if (!range) return;
  const { at, end } = range;
  const [ctr, hmac] = [
    ciphers!.createCtrKey(keyOf('aes-128-gcm')),
    ciphers!.createHmacKey(keyOf('aes-256-gcm')),
  ];
  const before = sumOf(bytes, at, end);
  const block = new Uint8Array(16);
  ctr.apply(bytes, at, end, block);
  hmac.sign(bytes, at, end, bytes, end, 1 + random.below(20));
  ctr.apply(bytes, at, end, block);
  if (sumOf(bytes, at, end) !== before) fail('AES-CTR twice is not nothing');
  if (random.chance(0.5)) ctr.close(); // else the collector does it
}

/** Anything but what it should be. */
function odd(): number {
  const odds = [-1, 0.5, Number.NaN, 2 ** 31, 2 ** 53, -(2 ** 33), Number.POSITIVE_INFINITY, 65_537, 1e6, 17];
  return odds[random.below(odds.length)]!;
}

function mistake(): void {
  const bytes = anyBytes();
  const key = keys[random.below(keys.length)]!;
  try {
    switch (random.below(6)) {
      case 0:
        key.seal(bytes, odd(), odd(), new Uint8Array(12), new Uint8Array(13));
        break;
      case 1:
        key.open(bytes, random.below(100), odd(), new Uint8Array(12), bytes);
        break;
      case 2:
        key.seal(bytes, 0, bytes.length, bytes.subarray(0, random.below(20)), new Uint8Array(0));
        break;
      case 3:
        sockets[0]?.send(bytes, odd(), odd(), odd(), { address: '127.0.0.1', port: 9 });
        break;
      case 4:
        sockets[0]?.send(bytes, 0, 0, 1, { address: String(odd()), port: odd() });
        break;
      default: {
        const closed = aead!.createAeadKey('aes-128-gcm', new Uint8Array(16));
        closed.close();
        closed.seal(bytes, 0, 0, new Uint8Array(12), new Uint8Array(0));
      }
    }
  } catch (error) {
    if (!(error instanceof NativeError)) fail(String(error));
    counts.refused++;
  }
}

/** Datagrams that say what they hold: the first byte, and each next one counting on from it. */
function send(): void {
  if (sockets.length < 2) {
    churnSocket();
    return;
  }
  const from = sockets[random.below(sockets.length)]!;
  const to = sockets[random.below(sockets.length)]!;
  if (from.isBusy) return;
  const bytes = random.chance(0.2) ? new Uint8Array(65_536) : slabs[random.below(slabs.length)]!;
  const segment = 1 + random.below(random.chance(0.1) ? 20_000 : 1500);
  const range = anyRange(bytes, 60_000, 0);
  if (!range) return;
  const { at, end } = range;
  for (let start = at; start < end; start += segment) {
    const salt = random.below(256);
    for (let i = start; i < Math.min(start + segment, end); i++) bytes[i] = salt + (i - start);
  }
  from.send(bytes, at, end, segment, to.local);
  counts.sent += Math.ceil((end - at) / segment);
}

function onDatagram(bytes: Uint8Array, at: number, end: number, remote: UdpAddress): void {
  counts.received++;
  const salt = bytes[at]!;
  for (let i = at; i < end; i++)
    if (bytes[i] !== ((salt + (i - at)) & 0xff)) fail('a datagram came out changed');
  if (remote.address !== '127.0.0.1') fail(`a datagram from ${remote.address}`);
  if (random.chance(0.001)) collect({ type: 'minor' });
  if (random.chance(0.0005)) throw new Error('on purpose');
  if (random.chance(0.0005)) sockets[random.below(sockets.length)]?.close();
}

function churnSlab(): void {
  const i = random.below(slabs.length);
  if (random.chance(0.1)) (slabs[i]!.buffer as ArrayBuffer).transfer(); // what nobody should do
  slabs[i] = newSlab();
}

function churnKey(): void {
  const i = random.below(keys.length);
  const algorithm = ALGORITHMS[random.below(3)]!;
  if (random.chance(0.5)) keys[i]!.close(); // else the collector does it
  keys[i] = aead!.createAeadKey(algorithm, keyOf(algorithm));
}

function churnSocket(): void {
  if (sockets.length >= 6) sockets.splice(random.below(sockets.length), 1)[0]!.close();
  if (random.chance(0.8) && sockets.length >= 4) return;
  counts.sockets++;
  sockets.push(udp!.open('127.0.0.1', 0, { onDatagram, onBatchEnd() {}, onWritable() {} }));
}

function garbage(): void {
  const heap: unknown[] = [];
  for (let i = 0; i < 200; i++) heap.push(new Uint8Array(random.below(300)), { i });
  if (random.chance(0.02)) collect();
  else if (random.chance(0.1)) collect({ type: 'minor' });
}

function sumOf(bytes: Uint8Array, at: number, end: number): number {
  let sum = end - at;
  for (let i = at; i < end; i++) sum = (Math.imul(sum, 31) + bytes[i]!) | 0;
  return sum;
}
