// What taking and giving back 1200 bytes costs: the pool against Node's allocators and a naive list of free buffers.
// Sixty-four buffers are held at a time and given back in the order they were taken, as a batch of packets does.
// Usage: node --expose-gc --conditions=@millrace/source packages/buffer-pool/bench/acquire.ts [rounds]
import { PerformanceObserver } from 'node:perf_hooks';
import { BufferPool, type Lease } from '@millrace/buffer-pool';

const ROUNDS = Number(process.argv[2] ?? 9);
const HELD = 64;
const BATCHES = 20_000;
const BYTES = 1_200;

const pool = new BufferPool({ classes: [256, 2_048, 16_384], headroom: 21, tailroom: 16 });
const leases: Lease[] = [];
const buffers: Uint8Array[] = new Array<Uint8Array>(HELD).fill(new Uint8Array(0));
const free: Uint8Array[] = [];
let sum = 0; // keeps the work from being folded away

const candidates: ReadonlyArray<readonly [name: string, batch: () => void]> = [
  [
    'pool',
    () => {
      for (let i = 0; i < HELD; i++) {
        const lease = pool.acquire(BYTES)!;
        lease.bytes[lease.at] = i;
        leases[i] = lease;
      }
      for (let i = 0; i < HELD; i++) {
        sum += leases[i]!.end;
        leases[i]!.release();
      }
    },
  ],
  [
    'free list',
    () => {
      for (let i = 0; i < HELD; i++) {
        const buffer = free.pop() ?? new Uint8Array(2_048);
        buffer[0] = i;
        buffers[i] = buffer;
      }
      for (let i = 0; i < HELD; i++) {
        sum += buffers[i]!.length;
        free.push(buffers[i]!);
      }
    },
  ],
  ['Buffer.allocUnsafe', () => allocate((bytes) => Buffer.allocUnsafe(bytes))],
  ['Buffer.alloc', () => allocate((bytes) => Buffer.alloc(bytes))],
];

function allocate(make: (bytes: number) => Uint8Array): void {
  for (let i = 0; i < HELD; i++) {
    const buffer = make(BYTES);
    buffer[0] = i;
    buffers[i] = buffer;
  }
  for (let i = 0; i < HELD; i++) sum += buffers[i]!.length;
}

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

const nanoseconds = candidates.map((): number[] => []);
const collected = candidates.map(() => 0);
for (let round = -2; round < ROUNDS; round++) {
  for (const [index, [, batch]] of candidates.entries()) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
    collections = 0;
    const before = process.threadCpuUsage();
    for (let i = 0; i < BATCHES; i++) batch();
    const { user, system } = process.threadCpuUsage(before);
    await new Promise((resolve) => setImmediate(resolve));
    if (round < 0) continue;
    nanoseconds[index]!.push(((user + system) * 1_000) / (BATCHES * HELD));
    collected[index]! += collections;
  }
}
const base = sorted(nanoseconds[0]!);
for (const [index, [name]] of candidates.entries()) {
  const times = sorted(nanoseconds[index]!);
  const ratios = sorted(nanoseconds[index]!.map((time, i) => time / nanoseconds[0]![i]!));
  console.log(
    `${name.padEnd(20)} ${median(times).toFixed(1).padStart(8)} ns [${times[0]!.toFixed(1)}-${times.at(-1)!.toFixed(1)}]  ` +
      `${median(ratios).toFixed(1)}x the pool [${ratios[0]!.toFixed(1)}-${ratios.at(-1)!.toFixed(1)}]  ` +
      `collections per million: ${((collected[index]! * 1e6) / (ROUNDS * BATCHES * HELD)).toFixed(1)}`,
  );
}
console.log(JSON.stringify({ bench: 'buffer-pool-acquire', nanoseconds: median(base), sum: sum % 7 }));

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[values.length >> 1]!;
}
