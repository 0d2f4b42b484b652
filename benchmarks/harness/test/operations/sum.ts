import type { Operation, Trial } from '../../src/benchmark.ts';

/** The least an operation can be, and one that fails. */
export const operation: Operation = {
  subjects: {
    millrace: ({ step }) => {
      let sum = 0;
      let calls = 0;
      return {
        run(times) {
          calls += times;
          for (let i = 0; i < times; i++) sum = (sum + Number(step)) | 0;
          return sum;
        },
        counters: () => ({ calls }),
      };
    },
    slow: () => ({
      run(times) {
        const end = performance.now() + times;
        while (performance.now() < end);
        return end;
      },
    }),
    throws: () => {
      throw new Error('no luck');
    },
    missing: async () => {
      const name = 'a-package-that-nobody-has';
      await import(name);
      throw new Error('it is there after all');
    },
    dies: () => process.exit(7),
    hangs: () => new Promise(() => setInterval(() => {}, 1000)),
  },
};

export const trial: Trial = {
  millrace: ({ value }) => ({ value: Number(value), list: [1, 2, 3] }),
};
