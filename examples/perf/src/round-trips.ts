// Round trips of short messages through both applications, at a steady pace whatever else the connection carries.
import { build, type Histogram } from 'hdr-histogram-js';
import type { RTCDataChannel } from 'millrace';

/** Milliseconds. */
export interface RoundTrips {
  readonly count: number;
  /** Not answered when the measurement ended. */
  readonly unanswered: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** How many took longer than the entry before and up to `upTo`, which doubles from entry to entry. */
  readonly histogram: ReadonlyArray<{ readonly upTo: number; readonly count: number }>;
}

const INTERVAL = 10;
const MESSAGE_BYTES = 16;
/** Milliseconds to wait for the last answers. */
const GRACE = 2000;
/** Microseconds. */
const MAX_ROUND_TRIP = 3_600_000_000;
/** Bytes of answers that may wait. */
const MAX_WAITING = 64 * 1024;

/** Sends back whatever comes, as long as it can be sent. */
export function answerPings(channel: RTCDataChannel): void {
  channel.binaryType = 'uint8array';
  channel.onmessage = ({ data }) => {
    if (channel.readyState === 'open' && channel.bufferedAmount < MAX_WAITING) channel.send(data);
  };
}

export class Pinger {
  readonly #channel: RTCDataChannel;
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_ROUND_TRIP,
    numberOfSignificantValueDigits: 3,
  });
  readonly #doublings = new Map<number, number>();
  readonly #sentAt = new Map<number, number>();
  #nextNumber = 0;
  #onAnswer: () => void = () => {};

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.binaryType = 'uint8array';
    channel.onmessage = ({ data }) => this.#take(data as Uint8Array);
  }

  /** Until the time of `performance.now()` is `end`, and the answers are there. */
  async run(end: number): Promise<RoundTrips> {
    const over = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      try {
        if (performance.now() >= end) over.resolve();
        else this.#ping();
      } catch (error) {
        over.reject(error); // the channel is gone
      }
    }, INTERVAL);
    try {
      await over.promise;
    } finally {
      clearInterval(timer);
    }
    await this.#answered();
    return this.#summary();
  }

  #ping(): void {
    const message = new Uint8Array(MESSAGE_BYTES);
    new DataView(message.buffer).setUint32(0, this.#nextNumber);
    this.#sentAt.set(this.#nextNumber++, performance.now());
    this.#channel.send(message);
  }

  #take(message: Uint8Array): void {
    if (message.length !== MESSAGE_BYTES) return;
    const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
    const sentAt = this.#sentAt.get(number);
    if (sentAt === undefined) return; // nothing of ours
    this.#sentAt.delete(number);
    const microseconds = Math.max(1, Math.round((performance.now() - sentAt) * 1000));
    this.#histogram.recordValue(Math.min(microseconds, MAX_ROUND_TRIP));
    const doubling = Math.ceil(Math.log2(microseconds));
    this.#doublings.set(doubling, (this.#doublings.get(doubling) ?? 0) + 1);
    this.#onAnswer();
  }

  async #answered(): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, GRACE);
    this.#onAnswer = () => {
      if (this.#sentAt.size === 0) over.resolve();
    };
    this.#onAnswer();
    await over.promise;
    clearTimeout(timer);
  }

  #summary(): RoundTrips {
    const histogram = this.#histogram;
    const max = histogram.maxValue / 1000;
    // It answers with the upper end of what it cannot tell apart.
    const at = (percentile: number): number =>
      Math.min(histogram.getValueAtPercentile(percentile) / 1000, max);
    const doublings = [...this.#doublings.keys()];
    const [first, last] = [Math.min(...doublings), Math.max(...doublings)];
    const length = doublings.length === 0 ? 0 : last - first + 1;
    return {
      count: histogram.totalCount,
      unanswered: this.#sentAt.size,
      min: histogram.totalCount === 0 ? 0 : histogram.minNonZeroValue / 1000,
      mean: histogram.mean / 1000,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max,
      histogram: Array.from({ length }, (_, i) => ({
        upTo: 2 ** (first + i) / 1000,
        count: this.#doublings.get(first + i) ?? 0,
      })),
    };
  }
}
