// CRC32c in WebAssembly against JavaScript with sixteen tables, by length and by where the bytes lie.
// Usage: node --conditions=@millrace/source packages/crypto/bench/crc32c.ts [rounds]
import { createCrc32c, slab } from '@millrace/crypto';
import { tableCrc32c } from '../test/table-crc32c.ts';

const ROUNDS = Number(process.argv[2] ?? 9);
const AT = 21;
const wasm = createCrc32c(tableCrc32c);
const ordinary = new Uint8Array(20_000).map((_, i) => i * 31);
const inSlab = slab(20_000);
inSlab.set(ordinary);
const candidates = [
  ['JavaScript', tableCrc32c, ordinary],
  ['WebAssembly', wasm, ordinary],
  ['WebAssembly, slab', wasm, inSlab],
] as const;
let sum = 0;
for (const length of [64, 128, 192, 256, 384, 512, 1_160, 4_096, 16_000]) {
  const count = Math.round(3e7 / (length + 200));
  const nanoseconds = candidates.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round++)
    for (const [index, [, crc32c, bytes]] of candidates.entries()) {
      const started = process.cpuUsage();
      for (let i = 0; i < count; i++) sum ^= crc32c(bytes, AT, AT + length);
      const { user, system } = process.cpuUsage(started);
      if (round >= 0) nanoseconds[index]!.push(((user + system) * 1_000) / count);
    }
  for (const [index, [name]] of candidates.entries()) {
    const ratios = sorted(nanoseconds[index]!.map((time, i) => nanoseconds[0]![i]! / time));
    console.log(
      `${String(length).padStart(6)} bytes  ${name.padEnd(18)} ${String(Math.round(median(sorted(nanoseconds[index]!)))).padStart(6)} ns` +
        `  ${median(ratios).toFixed(2)}x as fast [${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}]`,
    );
  }
}
console.log(sum);

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[values.length >> 1]!;
}
