// HyStart++ (RFC 9406): leaving slow start before it overflows the queue. When the shortest round trip of a round grows,
// conservative slow start (CSS) sees for a few rounds whether that was a queue or a fluke.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { AckSample } from './congestion-control.ts';

// RFC 9406 §4.3.
const MIN_RTT_THRESH: Millis = 4;
const MAX_RTT_THRESH: Millis = 16;
const MIN_RTT_DIVISOR = 8;
const N_RTT_SAMPLE = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;

export class HyStart {
  /** Slow start is over: the window is where congestion avoidance should begin. */
  isOver = false;
  #roundEnd = 0;
  #lastRoundMin: Millis = NEVER;
  #roundMin: Millis = NEVER;
  /** The shortest of the samples in hand, and their number. */
  #recentMin: Millis = NEVER;
  #samples = 0;
  #cssBaseline: Millis = NEVER;
  #cssRounds = 0;

  /** Slow start begins. */
  begin(): void {
    this.isOver = false;
    this.#lastRoundMin = NEVER;
    this.#roundMin = NEVER;
    this.#recentMin = NEVER;
    this.#samples = 0;
    this.#cssBaseline = NEVER;
    this.#cssRounds = 0;
  }

  get isInCss(): boolean {
    return this.#cssBaseline < NEVER;
  }

  /** By how much the window grows. Deviation: no limit L to a SACK's growth (§4.2), since everything is paced. */
  growth(sample: Readonly<AckSample>): number {
    this.#countRound(sample);
    if (sample.roundTripTime >= 0) {
      this.#samples++;
      this.#roundMin = Math.min(this.#roundMin, sample.roundTripTime);
      this.#recentMin = Math.min(this.#recentMin, sample.roundTripTime);
      if (this.#samples >= N_RTT_SAMPLE) this.#judge();
    }
    return this.isInCss ? sample.ackedBytes / CSS_GROWTH_DIVISOR : sample.ackedBytes;
  }

  /** §4.2: a round lasts until what was sent at its beginning is acknowledged. */
  #countRound(sample: Readonly<AckSample>): void {
    if (sample.priorDelivered < this.#roundEnd) return;
    this.#roundEnd = sample.delivered;
    this.#lastRoundMin = this.#roundMin;
    this.#roundMin = NEVER;
    if (this.isInCss && ++this.#cssRounds >= CSS_ROUNDS) this.isOver = true;
  }

  /**
   * Deviation: §4.2 takes the shortest round trip since the round began. A paced slow start builds its queue evenly over
   * the round, whose first packets see none of it; so each run of N_RTT_SAMPLE samples is judged by itself.
   */
  #judge(): void {
    const shortest = this.#recentMin;
    this.#recentMin = NEVER;
    this.#samples = 0;
    if (this.isInCss) {
      // §4.2: the round trip has become shorter again, so it was no queue.
      if (shortest < this.#cssBaseline) this.#cssBaseline = NEVER;
      return;
    }
    if (this.#lastRoundMin === NEVER) return;
    const threshold = Math.min(
      Math.max(this.#lastRoundMin / MIN_RTT_DIVISOR, MIN_RTT_THRESH),
      MAX_RTT_THRESH,
    );
    if (shortest < this.#lastRoundMin + threshold) return;
    this.#cssBaseline = shortest;
    this.#cssRounds = 0;
  }
}
