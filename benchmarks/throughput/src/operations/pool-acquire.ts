// Taking memory and giving it back: one operation takes a buffer and releases the one that was taken 64 operations
// ago, so that memory is held for a while as it is on a packet path. First and last byte are written.

import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { BufferPool, type Lease } from '@millrace/buffer-pool';
import { randomLengths } from './inputs.ts';

const HELD = 64;
/** Powers of two, so that a mask picks the next one. */
const LENGTHS = 256;

export const operation: Operation = {
  subjects: {
    millrace(settings): Prepared {
      const lengths = lengthsOf(settings);
      const pool = new BufferPool({ classes: [largest(settings)] });
      const held: Lease[] = [];
      for (let i = 0; i < HELD; i++) held.push(pool.acquire(lengths[i]!)!);
      let i = 0;
      return {
        run(times) {
          let sum = 0;
          for (let left = times; left > 0; left--, i++) {
            held[i % HELD]!.release();
            const lease = pool.acquire(lengths[i % LENGTHS]!)!;
            lease.bytes[lease.at] = i;
            lease.bytes[lease.end - 1] = i;
            held[i % HELD] = lease;
            sum += lease.bytes[lease.at]! + lease.end - lease.at;
          }
          return sum;
        },
        // Every acquisition must have been served from memory that was there.
        counters: () => ({ misses: pool.stats.misses, growths: pool.stats.growths }),
      };
    },
    allocUnsafe: (settings) => fresh(lengthsOf(settings), (length) => Buffer.allocUnsafe(length)),
    alloc: (settings) => fresh(lengthsOf(settings), (length) => Buffer.alloc(length)),
    'free-list'(settings): Prepared {
      const lengths = lengthsOf(settings);
      const room = largest(settings);
      const free: Uint8Array[] = [];
      const held: Uint8Array[] = Array.from({ length: HELD }, () => new Uint8Array(room));
      let i = 0;
      return {
        run(times) {
          let sum = 0;
          for (let left = times; left > 0; left--, i++) {
            free.push(held[i % HELD]!);
            const bytes = free.pop() ?? new Uint8Array(room);
            const length = lengths[i % LENGTHS]!;
            bytes[0] = i;
            bytes[length - 1] = i;
            held[i % HELD] = bytes;
            sum += bytes[0]! + length;
          }
          return sum;
        },
      };
    },
  },
};

function fresh(lengths: readonly number[], allocate: (length: number) => Buffer): Prepared {
  const held = lengths.slice(0, HELD).map(allocate);
  let i = 0;
  return {
    run(times) {
      let sum = 0;
      for (let left = times; left > 0; left--, i++) {
        const bytes = allocate(lengths[i % LENGTHS]!);
        bytes[0] = i;
        bytes[bytes.length - 1] = i;
        held[i % HELD] = bytes;
        sum += bytes[0]! + bytes.length;
      }
      return sum;
    },
  };
}

function largest({ bytes }: OperationSettings): number {
  return bytes as number;
}

function lengthsOf(settings: OperationSettings): number[] {
  return randomLengths(LENGTHS, Math.ceil(largest(settings) / 2), largest(settings));
}
