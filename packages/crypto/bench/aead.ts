// What sealing and opening a record costs, in CPU time of all threads, against node:crypto with an object for each
// record. Nonces rise as those of a record layer do ('next') or jump ('any'); bytes lie in ordinary memory or in a slab.
// Usage: node --expose-gc --conditions=@millrace/source packages/crypto/bench/aead.ts [rounds] [lengths] [algorithms]
import { randomBytes } from 'node:crypto';
import { type AeadAlgorithm, type AeadKey, createAeadKey, nodeAeadKey, slab } from '@millrace/crypto';

const ROUNDS = Number(process.argv[2] ?? 7);
const LENGTHS = (process.argv[3] ?? '64,200,1200,4096,16384').split(',').map(Number);
const ALGORITHMS = (process.argv[4] ?? 'aes-128-gcm,chacha20-poly1305').split(',') as AeadAlgorithm[];
const ROUND_MILLIS = 40;
const AT = 21;

const own = new Uint8Array(20_000);
const inSlab = slab(20_000);
const nonce = new Uint8Array(12);
const aad = new Uint8Array(13);
const step = new DataView(nonce.buffer);
let sequence = 0;
let opened = 0;

interface Candidate {
  readonly name: string;
  readonly sealer: AeadKey;
  readonly opener: AeadKey;
  readonly bytes: Uint8Array;
  readonly stride: number;
  readonly nanoseconds: number[];
}

for (const algorithm of ALGORITHMS)
  for (const length of LENGTHS) {
    const raw = randomBytes(algorithm === 'aes-128-gcm' ? 16 : 32);
    const candidate = (
      name: string,
      make: typeof nodeAeadKey,
      bytes: Uint8Array,
      stride: number,
    ): Candidate => ({
      name,
      sealer: make(algorithm, raw),
      opener: make(algorithm, raw),
      bytes,
      stride,
      nanoseconds: [],
    });
    const candidates = [
      candidate('node:crypto', nodeAeadKey, own, 1),
      candidate('portable, next nonce', createAeadKey, own, 1),
      candidate('portable, next nonce, slab', createAeadKey, inSlab, 1),
      candidate('portable, any nonce', createAeadKey, own, 7),
    ];
    const count = Math.round((ROUND_MILLIS * 1e6) / (4_000 + length) / 2);
    for (let round = -2; round < ROUNDS; round++)
      for (const candidate of candidates) {
        globalThis.gc?.();
        const { user, system } = process.cpuUsage();
        sealAndOpen(candidate, length, count);
        const after = process.cpuUsage();
        if (round >= 0)
          candidate.nanoseconds.push(((after.user - user + after.system - system) * 1_000) / (2 * count));
      }
    console.log(`\n${algorithm}, ${length} bytes, per seal or open`);
    const base = candidates[0]!.nanoseconds;
    for (const { name, nanoseconds } of candidates) {
      const ratios = sorted(base.map((time, i) => time / nanoseconds[i]!));
      const times = sorted(nanoseconds);
      console.log(
        `  ${name.padEnd(28)} ${String(Math.round(median(times))).padStart(6)} ns [${Math.round(times[0]!)}-${Math.round(times.at(-1)!)}]` +
          `  ${median(ratios).toFixed(2)}x as fast [${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}]`,
      );
    }
  }
console.log(`\n${opened} records opened`);

/** Half of the calls seal, half open, each with a key of its own, as the two directions of a connection have. */
function sealAndOpen({ sealer, opener, bytes, stride }: Candidate, length: number, count: number): void {
  for (let done = 0; done < count; done++) {
    sequence = (sequence + stride) >>> 0;
    step.setUint32(8, sequence);
    sealer.seal(bytes, AT, AT + length, nonce, aad);
    if (opener.open(bytes, AT, AT + length + 16, nonce, aad)) opened++;
  }
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[values.length >> 1]!;
}
