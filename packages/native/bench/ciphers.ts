// `node --conditions=@millrace/source ciphers.ts [ROUNDS]`: seal and open by native contexts against cipher objects of
// node:crypto, in turns within one process. Prints nanoseconds a record (median, lowest, highest round), the ratio of
// each round's pair, and the collections of V8's young generation during a million native records.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { PerformanceObserver } from 'node:perf_hooks';
import { type AeadAlgorithm, loadNative } from '../src/index.ts';

const rounds = Number(process.argv[2] ?? 5);
const native = loadNative();
if (!native?.aead) throw new Error('no native ciphers here');
const { aead, slab } = native;
/** What keeps results from being folded away. */
let sink = 0;
const SIZES = [64, 1200, 16_384];
const ALGORITHMS: readonly AeadAlgorithm[] = ['aes-128-gcm', 'chacha20-poly1305'];

/** One way to do `count` records; returns something that depends on all of them. */
type Way = (count: number) => number;

for (const algorithm of ALGORITHMS)
  for (const size of SIZES) {
    const ways = waysOf(algorithm, size);
    const nanos = new Map<string, number[]>([...ways.keys()].map((name) => [name, []]));
    for (const [name, way] of ways) time(way, countFor(name, size) >> 2); // warm-up
    for (let round = 0; round < rounds; round++)
      for (const [name, way] of ways) nanos.get(name)!.push(time(way, countFor(name, size)));
    for (const operation of ['seal', 'open']) {
      const baseline = nanos.get(`node:crypto ${operation}`)!;
      for (const [name, times] of nanos) {
        if (!name.endsWith(operation)) continue;
        const ratios = times.map((each, i) => baseline[i]! / each);
        console.log(
          `${algorithm} ${String(size).padStart(5)} B  ${name.padEnd(24)} ${show(times, 0)} ns   ${show(ratios, 1)} x`,
        );
      }
    }
  }
await countCollections();

function countFor(name: string, size: number): number {
  return name.startsWith('node') ? 4000 : size > 10_000 ? 10_000 : 40_000;
}

function waysOf(algorithm: AeadAlgorithm, size: number): Map<string, Way> {
  const isGcm = algorithm !== 'chacha20-poly1305';
  const key = new Uint8Array(algorithm === 'aes-128-gcm' ? 16 : 32).fill(7);
  const fixed = new Uint8Array(isGcm ? 4 : 12);
  const room = slab(20_000);
  const records = slab(20_000);
  const any = aead.createAeadKey(algorithm, key);
  const sealer = aead.createRecordKey(algorithm, key, fixed, 'seal');
  const opener = aead.createRecordKey(algorithm, key, fixed, 'open');
  const { headroom } = sealer;
  const [nonce, aad] = [new Uint8Array(12), new Uint8Array(13)];
  const ordinary = new Uint8Array(20_000);
  const plain = ordinary.subarray(0, size);
  const options = { authTagLength: 16 };
  let sequence = 0;

  // Opening works in place, so what is opened is put back first; that copy is part of all of these alike.
  const template = (seal: (bytes: Uint8Array) => void): Uint8Array => {
    seal(room);
    return room.slice(0, headroom + size + 16);
  };
  const oneRecord = template((bytes) => {
    bytes.set([23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 1]);
    aead.createRecordKey(algorithm, key, fixed, 'seal').seal(bytes, 0, headroom, headroom + size);
  });
  const oneMessage = template((bytes) => any.seal(bytes, 0, size, nonce, aad)).subarray(0, size + 16);

  return new Map<string, Way>([
    [
      'native record seal',
      (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          sequence++;
          records[8] = sequence >> 16;
          records[9] = sequence >> 8;
          records[10] = sequence;
          sum += sealer.seal(records, 0, headroom, headroom + size);
        }
        return sum;
      },
    ],
    [
      'native record open',
      (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          room.set(oneRecord);
          if (opener.open(room, 0, headroom, oneRecord.length)) sum++;
        }
        return same(sum, count);
      },
    ],
    [
      'native any nonce seal',
      (count) => {
        for (let i = 0; i < count; i++) {
          nonce[0] = i;
          any.seal(room, 0, size, nonce, aad);
        }
        nonce[0] = 0;
        return room[size]!;
      },
    ],
    [
      'native any nonce open',
      (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          room.set(oneMessage);
          if (any.open(room, 0, oneMessage.length, nonce, aad)) sum++;
        }
        return same(sum, count);
      },
    ],
    [
      'native, no slab, seal',
      (count) => {
        for (let i = 0; i < count; i++) any.seal(ordinary, 0, size, nonce, aad);
        return ordinary[size]!;
      },
    ],
    [
      'node:crypto seal',
      (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const cipher = createCipheriv(algorithm as 'aes-128-gcm', key, nonce, options);
          cipher.setAAD(aad);
          const sealed = cipher.update(plain);
          cipher.final();
          room.set(sealed);
          room.set(cipher.getAuthTag(), size);
          sum += room[size]!;
        }
        return sum;
      },
    ],
    [
      'node:crypto open',
      (count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const decipher = createDecipheriv(algorithm as 'aes-128-gcm', key, nonce, options);
          decipher.setAAD(aad);
          decipher.setAuthTag(oneMessage.subarray(size));
          room.set(decipher.update(oneMessage.subarray(0, size)));
          decipher.final();
          sum++;
        }
        return same(sum, count);
      },
    ],
  ]);
}

function same(sum: number, count: number): number {
  if (sum !== count) throw new Error('a record did not open');
  return sum;
}

/** Nanoseconds of one record. */
function time(way: Way, count: number): number {
  const start = process.hrtime.bigint();
  sink += way(count);
  return Number(process.hrtime.bigint() - start) / count;
}

function show(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [median, low, high] = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!];
  return `${median.toFixed(digits).padStart(6)} [${low.toFixed(digits)}-${high.toFixed(digits)}]`;
}

async function countCollections(): Promise<void> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  for (const algorithm of ALGORITHMS) {
    const ways = waysOf(algorithm, 1200);
    for (const name of ['native record seal', 'native any nonce seal']) {
      ways.get(name)!(50_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      collections = 0;
      sink += ways.get(name)!(1_000_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log(`${algorithm}, ${name}: ${collections} collections in a million records of 1200 B`);
    }
  }
  observer.disconnect();
  if (Number.isNaN(sink)) console.log(sink);
}
