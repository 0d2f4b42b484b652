import { type Benchmark, type FlowResult, quantile } from '@millrace/bench-harness';

const quantileOf =
  (name: string, q: number) =>
  ({ measurement }: FlowResult): number =>
    quantile(measurement[name] as readonly number[], q);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const open: Benchmark = {
  name: 'open',
  what: 'time from a new peer connection to an open channel, one after the other',
  flow: new URL('./open-flow.ts', import.meta.url).href,
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
  settings: ({ smoke }) => ({ warmUp: smoke ? 0 : 3, connections: smoke ? 1 : 15 }),
};

export const pingPong: Benchmark = {
  name: 'ping-pong',
  what: '1 KiB there and back, one at a time, on an idle channel',
  flow: new URL('./ping-pong-flow.ts', import.meta.url).href,
  metrics: [
    { name: 'p50', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.5) },
    { name: 'p99', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.99) },
    { name: 'p99.9', unit: 'ms', better: 'lower', read: quantileOf('roundTripMs', 0.999) },
  ],
  settings: ({ seconds, smoke }) => ({
    messageBytes: 1024,
    warmUp: smoke ? 1 : 300,
    seconds: smoke ? 0.05 : seconds,
  }),
};
