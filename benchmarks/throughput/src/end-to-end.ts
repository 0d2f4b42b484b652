// Data channels from end to end: two processes, UDP on this machine, every stack in turns with the floor.
import type {
  Entry,
  FlowBenchmark,
  FlowResult,
  ImplementationName,
  Metric,
  RunSettings,
  Sweep,
} from '@millrace/bench-harness';
import type { BulkSettings } from './bulk-flow.ts';

const FLOW = new URL('./bulk-flow.ts', import.meta.url).href;
const SUBJECTS: readonly ImplementationName[] = [
  'millrace',
  'millrace-portable',
  'node-datachannel',
  'werift',
  'wrtc',
  'udp',
  'udp-batched',
];
/** Who takes part in what is a variation: those where the back end or the plain socket is the point have them as well. */
const FEWER_SUBJECTS = SUBJECTS.filter((name) => name !== 'millrace-portable' && name !== 'udp');
const MESSAGE_BYTES = [64, 1_024, 16_384, 65_536] as const;
const CHANNELS = [1, 10, 100] as const;
/** In a full run a variation is measured for this share of the time, so that all of them fit. */
const VARIATION_SHARE = 0.3;

const RELIABILITIES = ['ordered', 'unordered', 'unreliable'] as const;

type Reliability = (typeof RELIABILITIES)[number];

interface Bulk {
  readonly messageBytes: number;
  readonly reliability?: Reliability;
  readonly channels?: number;
  readonly directions?: 1 | 2;
  /** Measured for as long as the run says, by everybody. */
  readonly isMain?: boolean;
  readonly headline?: boolean;
  readonly quick?: boolean;
}

function bulk(options: Bulk): FlowBenchmark {
  const { messageBytes, reliability = 'ordered', channels = 1, directions = 1 } = options;
  const { isMain = false, headline = false, quick = false } = options;
  const parts = [`${messageBytes}`];
  if (reliability !== 'ordered') parts.push(reliability);
  if (channels > 1) parts.push(`${channels}-channels`);
  if (directions === 2) parts.push('both-ways');
  return {
    kind: 'flow',
    name: `e2e/bulk-${parts.join('-')}`,
    what: `${messageBytes} B messages, ${channels === 1 ? 'one' : channels} ${
      reliability === 'unreliable' ? 'unreliable unordered' : `reliable ${reliability}`
    } channel${channels === 1 ? '' : 's'}, ${directions === 1 ? 'one way' : 'both ways'}`,
    quick,
    headline,
    flow: FLOW,
    subjects: isMain ? SUBJECTS : FEWER_SUBJECTS,
    floor: 'udp-batched',
    metrics: reliability === 'unreliable' ? [GOODPUT, LOSS, ...COSTS] : [THROUGHPUT, ...COSTS],
    settings: ({ mode, seconds }) => {
      const share = mode === 'full' && !isMain ? VARIATION_SHARE : 1;
      return settings({ mode, seconds: seconds * share }, messageBytes, reliability, channels, directions);
    },
  };
}

function settings(
  { mode, seconds }: RunSettings,
  messageBytes: number,
  reliability: Reliability,
  channels: number,
  directions: 1 | 2,
): BulkSettings {
  return {
    messageBytes,
    channels,
    directions,
    ordered: reliability === 'ordered' ? 1 : 0,
    maxRetransmits: reliability === 'unreliable' ? 0 : -1,
    seconds: mode === 'smoke' ? 0.1 : seconds,
    warmUpSeconds: mode === 'smoke' ? 0.05 : Math.min(0.75, seconds / 2),
  };
}

const number = ({ measurement }: FlowResult, name: string): number =>
  (measurement[name] as number | undefined) ?? 0;
const both = (result: FlowResult, name: string): number =>
  number(result, `offerer${name}`) + number(result, `answerer${name}`);

const THROUGHPUT: Metric<FlowResult> = {
  name: 'throughput',
  unit: 'Mbit/s',
  better: 'higher',
  read: (result) => both(result, 'MegabitsPerSecond'),
};
const GOODPUT: Metric<FlowResult> = { ...THROUGHPUT, name: 'goodput' };
const LOSS: Metric<FlowResult> = {
  name: 'lost',
  unit: '%',
  better: 'lower',
  read: ({ measurement }) => (measurement.lossPercent as number | undefined) ?? Number.NaN,
};

/** All of it in the measured window; with one direction, the offering side sends and the answering one receives. */
const COSTS: readonly Metric<FlowResult>[] = [
  {
    name: 'messages',
    unit: '1000/s',
    better: 'higher',
    read: (result) => both(result, 'MessagesPerSecond') / 1000,
  },
  {
    name: 'CPU, offerer',
    unit: 'ms/MB',
    better: 'lower',
    read: (result) => result.offerer.cpu / (both(result, 'Bytes') / 1e6),
  },
  {
    name: 'CPU, answerer',
    unit: 'ms/MB',
    better: 'lower',
    read: (result) => result.answerer.cpu / (both(result, 'Bytes') / 1e6),
  },
  {
    name: 'CPU, both',
    unit: 'µs/message',
    better: 'lower',
    read: (result) => ((result.offerer.cpu + result.answerer.cpu) * 1000) / both(result, 'Messages'),
  },
  {
    name: 'heap, both',
    unit: 'B/message',
    better: 'lower',
    read: (result) =>
      (result.offerer.allocatedBytes + result.answerer.allocatedBytes) / both(result, 'Messages'),
  },
  {
    name: 'collections, both',
    unit: '/1M messages',
    better: 'lower',
    read: (result) =>
      ((result.offerer.collections + result.answerer.collections) * 1e6) / both(result, 'Messages'),
  },
  {
    name: 'peak RSS, offerer',
    unit: 'MB',
    better: 'lower',
    read: ({ offerer }) => offerer.peakMemory / 1e6,
  },
  {
    name: 'peak RSS, answerer',
    unit: 'MB',
    better: 'lower',
    read: ({ answerer }) => answerer.peakMemory / 1e6,
  },
];

const CHANNEL_SWEEP: Sweep = {
  kind: 'sweep',
  name: 'e2e/size-x-channels',
  what: 'millrace, reliable ordered messages one way: message size against number of channels',
  x: { name: 'message size', unit: 'B', values: MESSAGE_BYTES },
  y: { name: 'channels', unit: '', values: CHANNELS },
  metric: THROUGHPUT.name,
  cell: (messageBytes, channels) => ({ ...bulk({ messageBytes, channels }), subjects: ['millrace'] }),
};

/** What the quick run has besides the headlines: all that they have not. */
const QUICK = 'unreliable 16384 100 2';

export const endToEnd: readonly Entry[] = [
  ...RELIABILITIES.flatMap((reliability) =>
    ([1, 100] as const).flatMap((channels) =>
      ([1, 2] as const).flatMap((directions) =>
        MESSAGE_BYTES.map((messageBytes) => {
          const isMain = reliability === 'ordered' && channels === 1 && directions === 1;
          const headline = isMain && (messageBytes === 1_024 || messageBytes === 65_536);
          const quick = headline || QUICK === `${reliability} ${messageBytes} ${channels} ${directions}`;
          return bulk({ messageBytes, reliability, channels, directions, isMain, headline, quick });
        }),
      ),
    ),
  ),
  CHANNEL_SWEEP,
];
