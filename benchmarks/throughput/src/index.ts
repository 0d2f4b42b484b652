import type { Entry } from '@millrace/bench-harness';

export const benchmarks: readonly Entry[] = [
  {
    kind: 'flow',
    name: 'e2e/bulk-65536',
    what: '64 KiB messages, one reliable ordered channel, two processes over UDP on this machine',
    quick: true,
    flow: new URL('./bulk-flow.ts', import.meta.url).href,
    subjects: ['millrace', 'node-datachannel', 'werift', 'wrtc'],
    metrics: [
      {
        name: 'throughput',
        unit: 'Mbit/s',
        better: 'higher',
        read: ({ measurement }) => measurement.megabitsPerSecond as number,
      },
      {
        name: 'CPU, both sides',
        unit: 'ms/MB',
        better: 'lower',
        read: ({ measurement, offerer, answerer }) =>
          (offerer.cpu + answerer.cpu) / ((measurement.messages as number) * 0.065536),
      },
    ],
    settings: ({ seconds, mode }) => ({
      messageBytes: 65_536,
      seconds: mode === 'smoke' ? 0.2 : seconds,
      warmUpSeconds: mode === 'smoke' ? 0.1 : Math.min(1, seconds / 2),
    }),
  },
];
