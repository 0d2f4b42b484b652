import { type Entry, type Metric, quantileMillis, type TrialResult } from '@millrace/bench-harness';

const nanos = (name: string, q: number, field = 'latency'): Metric<TrialResult> => ({
  name,
  unit: 'ns',
  better: 'lower',
  read: ({ measurement }) => quantileMillis(measurement[field] as string, q) * 1e6,
});

const plain = (
  name: string,
  unit: string,
  better: 'higher' | 'lower',
  field: string,
): Metric<TrialResult> => ({
  name,
  unit,
  better,
  read: ({ measurement }) => measurement[field] as number,
});

export const bufferPool: readonly Entry[] = [
  {
    kind: 'trial',
    name: 'buffer-pool/pressure',
    what: '1200 B acquired while about 98 % of all memory is held; the clock is in it',
    quick: true,
    module: new URL('./trials/pool-pressure.ts', import.meta.url).href,
    subjects: ['millrace', 'allocUnsafe', 'free-list'],
    floor: 'free-list',
    settings: ({ mode }) => ({ rounds: { smoke: 2_000, quick: 400_000, full: 2_000_000 }[mode] }),
    metrics: [
      nanos('p50', 0.5),
      nanos('p99', 0.99),
      nanos('p99.9', 0.999),
      nanos('slowest', 1),
      nanos('miss, p50', 0.5, 'missLatency'),
      plain('misses', '%', 'lower', 'missPercent'),
      plain('occupancy', '%', 'higher', 'occupancyPercent'),
      plain('leaks', '', 'lower', 'leaks'),
    ],
    distributions: [
      { name: 'acquire', unit: 'ns', read: ({ measurement }) => measurement.latency as string },
    ],
  },
];
