import type { Benchmark } from '@millrace/bench-harness';

export const bulk: Benchmark = {
  name: 'bulk',
  what: '64 KiB messages, one reliable ordered channel, two processes over UDP on this machine',
  flow: new URL('./bulk-flow.ts', import.meta.url).href,
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
  settings: ({ seconds, smoke }) => ({
    messageBytes: 65_536,
    seconds: smoke ? 0.2 : seconds,
    warmUpSeconds: smoke ? 0.1 : Math.min(1, seconds / 2),
  }),
};
