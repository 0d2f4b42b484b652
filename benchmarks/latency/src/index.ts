import { type Entry, type FlowResult, quantile } from '@millrace/bench-harness';

const quantileOf =
  (name: string, q: number) =>
  ({ measurement }: FlowResult): number =>
    quantile(measurement[name] as readonly number[], q);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const benchmarks: readonly Entry[] = [
  {
    kind: 'flow',
    name: 'e2e/open',
    what: 'time from a new peer connection to an open channel, one after the other',
    quick: true,
    flow: new URL('./open-flow.ts', import.meta.url).href,
    subjects: ['millrace', 'node-datachannel', 'werift', 'wrtc'],
    metrics: [
      // The mean, since what users wait for includes the connections that lose a handshake packet to their own timing.
      {
        name: 'time to open',
        unit: 'ms',
        better: 'lower',
        read: ({ measurement }) => mean(measurement.openMs as readonly number[]),
      },
      { name: 'median', unit: 'ms', better: 'lower', read: quantileOf('openMs', 0.5) },
      { name: 'slowest of ten', unit: 'ms', better: 'lower', read: quantileOf('openMs', 0.9) },
    ],
    distributions: [
      {
        name: 'time to open',
        unit: 'ms',
        read: ({ measurement }) => measurement.openMs as readonly number[],
      },
    ],
    settings: ({ mode }) => ({ warmUp: mode === 'smoke' ? 0 : 3, connections: mode === 'smoke' ? 1 : 15 }),
  },
  {
    kind: 'flow',
    name: 'e2e/ping-pong-1024',
    what: '1 KiB there and back, one at a time, on an idle channel',
    quick: true,
    flow: new URL('./ping-pong-flow.ts', import.meta.url).href,
    subjects: ['millrace', 'node-datachannel', 'werift', 'wrtc'],
    metrics: [
      { name: 'p50', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.5) },
      { name: 'p99', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.99) },
      { name: 'p99.9', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.999) },
    ],
    distributions: [
      {
        name: 'round trip',
        unit: 'ms',
        read: ({ measurement }) => measurement.roundTripMs as readonly number[],
      },
    ],
    settings: ({ seconds, mode }) => ({
      messageBytes: 1024,
      warmUp: mode === 'smoke' ? 1 : 300,
      seconds: mode === 'smoke' ? 0.05 : seconds,
    }),
  },
];
