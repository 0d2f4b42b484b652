// CRC32c over a packet. `zlib.crc32` is another polynomial in native code: what a checksum could cost.
import { crc32 } from 'node:zlib';
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { crc32c } from '@millrace/sctp';
import { randomArrays } from './inputs.ts';

const PACKETS = 64;

export const operation: Operation = {
  subjects: {
    millrace: (settings) => over(settings, (bytes) => crc32c(bytes, 0, bytes.length)),
    'zlib-crc32': (settings) => over(settings, (bytes) => crc32(bytes)),
  },
};

function over({ bytes }: OperationSettings, checksum: (bytes: Uint8Array) => number): Prepared {
  const packets = randomArrays(PACKETS, bytes as number);
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum ^= checksum(packets[next++ % PACKETS]!);
      return sum;
    },
  };
}
