// Hot: lets packets leave at a multiple of the estimated bandwidth, so that a frame does not go out in one burst.
// draft-ietf-rmcat-gcc-02 §4. What waits too long raises the rate, so that a queue never takes longer than allowed.
import { type Millis, NEVER } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import type { BandwidthEstimate } from './bandwidth/bandwidth-estimate.ts';
import type { Pacer } from './chain.ts';

export interface LeakyBucketPacerOptions {
  /** Times the estimate. Default: 2.5. */
  readonly factor?: number | undefined;
  /** The queue is emptied within this time. Milliseconds, default: 2000. */
  readonly maxQueueTime?: Millis | undefined;
  /** What may leave at once, as time at the rate. Milliseconds, default: 5. */
  readonly burst?: Millis | undefined;
}

const LEVEL = 0;
const LEVEL_AT = 1;
const RATE = 2;
const ROUNDING = 1e-6;

export class LeakyBucketPacer implements Pacer {
  readonly #estimate: BandwidthEstimate;
  readonly #factor: number;
  readonly #maxQueueTime: Millis;
  readonly #burst: Millis;
  /** Bytes in the bucket, as of when, and the bytes in a millisecond that leak. */
  readonly #numbers = new Float64Array(3);

  constructor(estimate: BandwidthEstimate, options: LeakyBucketPacerOptions = {}) {
    this.#estimate = estimate;
    this.#factor = within('factor', options.factor, 1, 100, 2.5);
    this.#maxQueueTime = within('maxQueueTime', options.maxQueueTime, 10, 60_000, 2_000);
    this.#burst = within('burst', options.burst, 0, 1_000, 5);
    this.#numbers[RATE] = 1;
  }

  maySend(queuedBytes: number, now: Millis): boolean {
    this.#estimate.onTime(now);
    const numbers = this.#numbers;
    const rate = (this.#estimate.bitsPerSecond * this.#factor) / 8_000;
    numbers[RATE] = Math.max(rate, queuedBytes / this.#maxQueueTime);
    this.#leak(now);
    return numbers[LEVEL]! <= ROUNDING;
  }

  onSent(bytes: number, now: Millis): void {
    this.#leak(now);
    this.#numbers[LEVEL]! += bytes;
  }

  deadline(): Millis {
    const numbers = this.#numbers;
    if (numbers[RATE] === 0) return NEVER;
    return numbers[LEVEL_AT]! + Math.max(0, numbers[LEVEL]!) / numbers[RATE]!;
  }

  #leak(now: Millis): void {
    const numbers = this.#numbers;
    const elapsed = now - numbers[LEVEL_AT]!;
    if (elapsed <= 0) return;
    numbers[LEVEL] = Math.max(-this.#burst * numbers[RATE]!, numbers[LEVEL]! - elapsed * numbers[RATE]!);
    numbers[LEVEL_AT] = now;
  }
}
