// HMAC-SHA1 in WebAssembly against two one-shot hashes of node:crypto, in CPU time, by length and by where the bytes lie.
// Where the ratio falls below 1, the crossover of src/hmac-key.ts is.
// Usage: node --conditions=@millrace/source packages/crypto/bench/hmac.ts [rounds]
import { hash, randomBytes } from 'node:crypto';
import { createHmacSha1Key, slab } from '@millrace/crypto';

const ROUNDS = Number(process.argv[2] ?? 9);
const AT = 21;
const ordinary = randomBytes(4_096);
const inSlab = slab(4_096);
inSlab.set(ordinary);
const key = createHmacSha1Key(randomBytes(20));
const tag = new Uint8Array(20);
const inner = new Uint8Array(64 + 4_096);
const outer = new Uint8Array(84);
let sum = 0;

const ways = [
  [
    'two hashes',
    (length: number): void => {
      ordinary.copy(inner, 64, AT, AT + length);
      outer.set(hash('sha1', inner.subarray(0, 64 + length), 'buffer'), 64);
      tag.set(hash('sha1', outer, 'buffer'));
    },
  ],
  ['WebAssembly', (length: number): void => key.sign(ordinary, AT, AT + length, tag, 0, 20)],
  ['WebAssembly, slab', (length: number): void => key.sign(inSlab, AT, AT + length, tag, 0, 20)],
] as const;

for (const length of [32, 176, 600, 1_204, 1_600, 2_048]) {
  const count = Math.round(1e7 / (length + 400));
  const times = ways.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round++)
    for (const [index, [, sign]] of ways.entries()) {
      const started = process.cpuUsage();
      for (let i = 0; i < count; i++) {
        sign(length);
        sum ^= tag[0]!;
      }
      const { user, system } = process.cpuUsage(started);
      if (round >= 0) times[index]!.push(((user + system) * 1_000) / count);
    }
  for (const [index, [name]] of ways.entries()) {
    const ratios = times[index]!.map((time, i) => times[0]![i]! / time).sort((a, b) => a - b);
    const middle = [...times[index]!].sort((a, b) => a - b)[ROUNDS >> 1]!;
    const spread = `[${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}]`;
    console.log(
      `${length} B ${name}: ${middle.toFixed(0)} ns, ${ratios[ROUNDS >> 1]!.toFixed(2)}x ${spread}`,
    );
  }
}
if (Number.isNaN(sum)) console.log(sum);
