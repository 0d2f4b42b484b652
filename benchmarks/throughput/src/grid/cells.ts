// What the grid consists of: single flows by round trip and loss, and flows that share a link. Each is run by itself, from a
// seed, and is the same on every machine; so what a file holds already need not be run again.
import type { Millis } from '@millrace/sans-io';
import type { CongestionControlName } from '@millrace/sctp';
import { type FlowResult, fairness, PAYLOAD_BYTES, runFlows } from './bulk-flows.ts';

export const ROUND_TRIPS: readonly number[] = [1, 20, 50, 100, 200, 400];
export const LOSSES: readonly number[] = [0, 0.001, 0.01, 0.03];
const SEED = 1;
const SHARING_SECONDS = 30;
/** Long enough for several epochs of CUBIC. */
const ROUND_TRIP_SECONDS = 90;

export interface Cell extends FlowResult {
  readonly control: CongestionControlName;
  /** Mbit/s. */
  readonly rate: number;
  readonly roundTripTime: Millis;
  readonly loss: number;
  readonly seconds: number;
  readonly meanQueueDelay: Millis;
  readonly maxQueueDelay: Millis;
  /** What the response function of RFC 9438 gives on that link: for CUBIC with loss. */
  readonly expectedShare?: number;
}

export interface Sharing {
  readonly pair: readonly [CongestionControlName, CongestionControlName];
  readonly rate: number;
  readonly roundTripTimes: readonly [Millis, Millis];
  /** When the second begins. */
  readonly start: Millis;
  readonly seconds: number;
  readonly shares: readonly number[];
  readonly fairness: number;
  readonly retransmitted: readonly number[];
  readonly meanQueueDelay: Millis;
}

export interface Grid {
  readonly cells: Cell[];
  readonly sharing: Sharing[];
}

export interface Task {
  readonly name: string;
  isIn(grid: Grid): boolean;
  run(grid: Grid): string;
}

/** A single flow. */
export function cellTask(
  control: CongestionControlName,
  rate: number,
  roundTripTime: Millis,
  loss: number,
  seconds: number,
): Task {
  const isSame = (cell: Cell): boolean =>
    cell.control === control &&
    cell.rate === rate &&
    cell.roundTripTime === roundTripTime &&
    cell.loss === loss &&
    cell.seconds === seconds;
  return {
    name: `${control}, ${rate} Mbit/s, ${roundTripTime} ms, ${loss * 100} %`,
    isIn: ({ cells }) => cells.some(isSame),
    run({ cells }) {
      const duration = seconds * 1_000;
      // A second, and twenty round trips for the handshake, slow start and what it lost; half of the run at most.
      const startUp = Math.min(1_000 + 20 * roundTripTime, duration / 2);
      const link = { megabitsPerSecond: rate, roundTripTime, loss, queue: 1 };
      const result = runFlows(link, [{ congestionControl: control }], duration, startUp, SEED);
      const { meanQueueDelay, maxQueueDelay } = result;
      const flow = result.flows[0]!;
      const expected =
        control === 'cubic' && loss > 0 ? { expectedShare: responseShare(rate, roundTripTime, loss) } : {};
      const details = { meanQueueDelay, maxQueueDelay, ...expected };
      cells.push({ control, rate, roundTripTime, loss, seconds, ...flow, ...details });
      const text = `${percent(flow.share)} %, queue ${meanQueueDelay.toFixed(1)} ms, again ${percent(flow.retransmitted)} %`;
      return expected.expectedShare === undefined
        ? text
        : `${text}, response function ${percent(expected.expectedShare)} %`;
    },
  };
}

/** Two flows without loss, perhaps over ways of different length. */
export function sharingTask(
  pair: readonly [CongestionControlName, CongestionControlName],
  roundTripTimes: readonly [Millis, Millis],
  start: Millis,
): Task {
  const rate = 100;
  const isSame = (other: Sharing): boolean =>
    String(other.pair) === String(pair) &&
    String(other.roundTripTimes) === String(roundTripTimes) &&
    other.start === start;
  return {
    name: `${pair.join(' + ')}, ${roundTripTimes.join(' and ')} ms, ${start} ms later`,
    isIn: ({ sharing }) => sharing.some(isSame),
    run({ sharing }) {
      const [near, far] = roundTripTimes;
      const seconds = near === far ? SHARING_SECONDS : ROUND_TRIP_SECONDS;
      const link = { megabitsPerSecond: rate, roundTripTime: near, loss: 0, queue: far / near };
      const flows = [
        { congestionControl: pair[0] },
        { congestionControl: pair[1], start, extraRoundTripTime: far - near },
      ];
      const startUp = near === far ? 3_000 : 10_000;
      const result = runFlows(link, flows, seconds * 1_000, startUp, SEED);
      const shares = result.flows.map((flow) => flow.share);
      const retransmitted = result.flows.map((flow) => flow.retransmitted);
      const { meanQueueDelay } = result;
      const index = fairness(shares);
      const details = { shares, fairness: index, retransmitted, meanQueueDelay };
      sharing.push({ pair, rate, roundTripTimes, start, seconds, ...details });
      return `${shares.map(percent).join(' / ')} %, Jain ${index.toFixed(3)}, queue ${meanQueueDelay.toFixed(1)} ms`;
    },
  };
}

/**
 * RFC 9438 §5.1.2: the average window, in segments, at a given loss; where Reno would have more (§4.3), that of Reno. What
 * the link cannot carry is not expected.
 */
function responseShare(rate: number, roundTripTime: Millis, loss: number): number {
  const cubic = ((0.4 * 3.7) / 1.2) ** 0.25 * (roundTripTime / 1_000 / loss) ** 0.75;
  const reno = Math.sqrt(1.5 / loss);
  const bytesPerMs = (Math.max(cubic, reno) * PAYLOAD_BYTES) / roundTripTime;
  return Math.min(1, bytesPerMs / (rate * 125));
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
