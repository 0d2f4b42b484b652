// How long a connection is kept from its other work by a peer's candidates, on the processor's clock.
import { type Entry, quantile } from '@millrace/bench-harness';

const module = new URL('./trials/candidate-trickle.ts', import.meta.url).href;

export const candidates: readonly Entry[] = [0, 100].map(
  (cap): Entry => ({
    kind: 'trial',
    name: `ice/trickle-1000x10${cap === 0 ? '' : '-capped'}`,
    what: `1,000 candidates read, paired with 10 local ones and sorted, from the first to the last; ${
      cap === 0 ? 'all 10,000 pairs are kept' : `the ${cap} best pairs are kept, the default`
    }`,
    quick: cap > 0,
    module,
    subjects: ['millrace'],
    settings: ({ mode }) => ({ cap, rounds: mode === 'smoke' ? 2 : 50 }),
    metrics: [
      {
        name: 'median',
        unit: 'ms',
        better: 'lower',
        read: ({ measurement }) => quantile(measurement.takenMs as readonly number[], 0.5),
      },
      {
        name: 'first',
        unit: 'ms',
        better: 'lower',
        read: ({ measurement }) => (measurement.takenMs as readonly number[])[0]!,
      },
      {
        name: 'slowest candidate',
        unit: 'ms',
        better: 'lower',
        read: ({ measurement }) => quantile(measurement.slowestMs as readonly number[], 0.5),
      },
    ],
    distributions: [
      { name: 'taken', unit: 'ms', read: ({ measurement }) => measurement.takenMs as readonly number[] },
    ],
  }),
);
