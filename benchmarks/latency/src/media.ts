// Media from end to end: what a forwarder adds to the way of a packet, and what it costs.
import { type Entry, type Metric, quantileMillis, type TrialResult } from '@millrace/bench-harness';

const ofHistogram = (name: string, field: string, q: number): Metric<TrialResult> => ({
  name,
  unit: 'ms',
  better: 'lower',
  read: ({ measurement }) => quantileMillis(measurement[field] as string, q),
});

const plain = (
  name: string,
  unit: string,
  field: string,
  better: 'higher' | 'lower' = 'lower',
): Metric<TrialResult> => ({ name, unit, better, read: ({ measurement }) => measurement[field] as number });

export const media: readonly Entry[] = [
  {
    kind: 'trial',
    name: 'media/forward',
    what: 'one sender of 2 Mbit/s video through a forwarder to 20 receivers: what is added to the way past it, and its CPU',
    quick: false,
    module: new URL('./trials/forwarding.ts', import.meta.url).href,
    subjects: ['millrace', 'millrace-portable', 'werift'],
    settings: ({ mode, seconds }) => ({
      receivers: mode === 'smoke' ? 3 : 20,
      // Three processes and what compiles their code share the cores for seconds; that would be all that p99 tells.
      warmUpSeconds: { smoke: 0, quick: 4, full: 6 }[mode],
      // What is asked of a trial is a quarter of what is asked of a flow.
      seconds: mode === 'smoke' ? 0.1 : Math.max(4, seconds * 8),
    }),
    timeoutSeconds: 90,
    metrics: [
      ofHistogram('added, p99', 'added', 0.99),
      ofHistogram('added, p50', 'added', 0.5),
      ofHistogram('added, p99.9', 'added', 0.999),
      ofHistogram('whole way, p99', 'whole', 0.99),
      ofHistogram('past it, p99', 'direct', 0.99),
      plain('CPU', 'cores', 'cores'),
      plain('CPU each', 'µs/packet', 'microsPerPacket'),
      plain('forwarded', '/s', 'packetsPerSecond', 'higher'),
      plain('lost', '%', 'lossPercent'),
      plain('heap', 'B/packet', 'heapBytesPerPacket'),
    ],
    distributions: [
      { name: 'added', unit: 'ms', read: ({ measurement }) => measurement.added as string },
      { name: 'whole way', unit: 'ms', read: ({ measurement }) => measurement.whole as string },
    ],
  },
];
