// Something to measure that never changes: sums up bytes the way a checksum does. The self-test of the judge runs it
// where nothing else is asked for.
import type { Operation, OperationBenchmark } from '../benchmark.ts';

const BYTES = 1200;

export const operation: Operation = {
  subjects: {
    millrace() {
      const bytes = Uint8Array.from({ length: BYTES }, (_, i) => (i * 31) & 0xff);
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++)
            for (let at = 0; at < BYTES; at++) sum = (Math.imul(sum, 31) + bytes[at]!) | 0;
          return sum;
        },
      };
    },
  },
};

export const yardstick: OperationBenchmark = {
  kind: 'operation',
  name: 'self/yardstick',
  what: 'sums up 1200 bytes',
  quick: false,
  module: import.meta.url,
  subjects: ['millrace'],
  sample: 4,
};
