// Data channels from end to end: how long things take, and what idle connections hold.
import {
  type Distribution,
  type Entry,
  type FlowResult,
  type ImplementationName,
  type Metric,
  quantile,
  quantileMillis,
} from '@millrace/bench-harness';

const STACKS: readonly ImplementationName[] = [
  'millrace',
  'millrace-portable',
  'node-datachannel',
  'werift',
  'wrtc',
];
const SUBJECTS: readonly ImplementationName[] = [...STACKS, 'udp', 'udp-batched'];

const url = (path: string): string => new URL(path, import.meta.url).href;
const number = ({ measurement }: FlowResult, name: string): number =>
  (measurement[name] as number | undefined) ?? Number.NaN;
const list = ({ measurement }: FlowResult, name: string): readonly number[] =>
  (measurement[name] as readonly number[] | undefined) ?? [];
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function ofList(name: string, from: string, q: number): Metric<FlowResult> {
  return { name, unit: 'ms', better: 'lower', read: (result) => quantile(list(result, from), q) };
}

function ofRoundTrips(name: string, q: number): Metric<FlowResult> {
  return {
    name,
    unit: 'ms',
    better: 'lower',
    read: ({ measurement }) => quantileMillis(measurement.latency as string, q),
  };
}

const ROUND_TRIPS: readonly Metric<FlowResult>[] = [
  ofRoundTrips('p50', 0.5),
  ofRoundTrips('p99', 0.99),
  ofRoundTrips('p99.9', 0.999),
];
const ROUND_TRIP_COSTS: readonly Metric<FlowResult>[] = [
  {
    name: 'CPU, both',
    unit: 'µs/round trip',
    better: 'lower',
    read: (result) => ((result.offerer.cpu + result.answerer.cpu) * 1000) / number(result, 'roundTrips'),
  },
  {
    name: 'heap, both',
    unit: 'B/round trip',
    better: 'lower',
    read: (result) =>
      (result.offerer.allocatedBytes + result.answerer.allocatedBytes) / number(result, 'roundTrips'),
  },
];
const ROUND_TRIP: readonly Distribution<FlowResult>[] = [
  { name: 'round trip', unit: 'ms', read: ({ measurement }) => measurement.latency as string },
];

/** `script`: V8's heap and the memory of array buffers. */
const HELD: readonly Metric<FlowResult>[] = [
  {
    name: 'RSS, offerer',
    unit: 'kB/connection',
    better: 'lower',
    read: (result) => number(result, 'offererBytes') / 1000,
  },
  {
    name: 'RSS, answerer',
    unit: 'kB/connection',
    better: 'lower',
    read: (result) => number(result, 'answererBytes') / 1000,
  },
  {
    name: 'script, offerer',
    unit: 'kB/connection',
    better: 'lower',
    read: (result) => number(result, 'offererScriptBytes') / 1000,
  },
  {
    name: 'script, answerer',
    unit: 'kB/connection',
    better: 'lower',
    read: (result) => number(result, 'answererScriptBytes') / 1000,
  },
];

export const endToEnd: readonly Entry[] = [
  {
    kind: 'flow',
    name: 'e2e/ping-pong-1024',
    what: '1 KiB there and back, one at a time, on an idle channel, after some seconds of the same',
    quick: true,
    headline: true,
    flow: url('./ping-pong-flow.ts'),
    subjects: SUBJECTS,
    floor: 'udp-batched',
    metrics: [...ROUND_TRIPS, ...ROUND_TRIP_COSTS],
    distributions: ROUND_TRIP,
    settings: ({ seconds, mode }) => ({
      messageBytes: 1024,
      load: 0,
      warmUp: mode === 'smoke' ? 1 : 300,
      // Two processes and what compiles their code share the cores for seconds; that would be all that p99 tells.
      warmUpSeconds: { smoke: 0, quick: 3, full: 4 }[mode],
      seconds: mode === 'smoke' ? 0.05 : seconds,
    }),
  },
  {
    kind: 'flow',
    name: 'e2e/ping-pong-1024-loaded',
    what: '1 KiB there and back beside a channel that sends 16 KiB messages as fast as it can',
    quick: true,
    flow: url('./ping-pong-flow.ts'),
    subjects: STACKS,
    metrics: [
      ...ROUND_TRIPS,
      // A stack can buy a quick answer with an idle second channel, so both are told.
      {
        name: 'beside it',
        unit: 'Mbit/s',
        better: 'higher',
        read: (result) => number(result, 'loadMegabitsPerSecond'),
      },
    ],
    distributions: ROUND_TRIP,
    settings: ({ seconds, mode }) => ({
      messageBytes: 1024,
      load: 1,
      warmUp: mode === 'smoke' ? 1 : 20,
      warmUpSeconds: 0,
      seconds: mode === 'smoke' ? 0.05 : seconds,
    }),
  },
  {
    kind: 'flow',
    name: 'e2e/open',
    what: 'time from a new peer connection to an open channel, one after the other, and its phases',
    quick: true,
    headline: true,
    flow: url('./open-flow.ts'),
    subjects: STACKS,
    metrics: [
      // The mean, since what users wait for includes the connections that lose a handshake packet to their own timing.
      { name: 'time to open', unit: 'ms', better: 'lower', read: (result) => mean(list(result, 'openMs')) },
      ofList('median', 'openMs', 0.5),
      ofList('slowest of ten', 'openMs', 0.9),
      ofList('offer', 'offerMs', 0.5),
      ofList('answer', 'answerMs', 0.5),
      ofList('ICE', 'iceMs', 0.5),
      ofList('DTLS', 'dtlsMs', 0.5),
      ofList('channel', 'channelMs', 0.5),
    ],
    distributions: [{ name: 'time to open', unit: 'ms', read: (result) => list(result, 'openMs') }],
    settings: ({ mode }) => ({
      warmUp: mode === 'smoke' ? 0 : 2,
      connections: { smoke: 1, quick: 8, full: 24 }[mode],
    }),
    timeoutSeconds: 120,
  },
  {
    kind: 'flow',
    name: 'e2e/open-rate',
    what: 'connections opened per second, eight at a time, each closed when both sides have its channel',
    quick: false,
    headline: true,
    flow: url('./open-rate-flow.ts'),
    subjects: STACKS,
    metrics: [
      {
        name: 'opened',
        unit: '/s',
        better: 'higher',
        read: (result) => number(result, 'connectionsPerSecond'),
      },
      {
        name: 'CPU, both',
        unit: 'ms/connection',
        better: 'lower',
        read: (result) => (result.offerer.cpu + result.answerer.cpu) / number(result, 'connections'),
      },
    ],
    settings: ({ mode }) => ({ connections: { smoke: 2, quick: 40, full: 100 }[mode], atOnce: 8 }),
    timeoutSeconds: 60,
  },
  {
    kind: 'flow',
    name: 'e2e/idle-memory',
    what: 'memory of an idle connection with one open channel: growth over many of them',
    quick: false,
    headline: true,
    flow: url('./idle-memory-flow.ts'),
    subjects: STACKS,
    metrics: HELD,
    settings: ({ mode }) => ({
      warmUp: mode === 'smoke' ? 1 : 16,
      connections: { smoke: 1, quick: 48, full: 160 }[mode],
    }),
    timeoutSeconds: 90,
  },
  {
    kind: 'flow',
    name: 'e2e/idle-memory-1000',
    what: 'the same at a thousand connections, over which what a process has but once is spread thin',
    quick: false,
    flow: url('./idle-memory-flow.ts'),
    // The others take minutes to open as many.
    subjects: ['millrace', 'millrace-portable', 'node-datachannel'],
    metrics: HELD,
    settings: ({ mode }) => ({
      warmUp: mode === 'smoke' ? 1 : 16,
      connections: mode === 'smoke' ? 2 : 1000,
    }),
    timeoutSeconds: 180,
  },
];
