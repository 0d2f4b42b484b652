// Hot: how long packets have to wait so that nearly all others have come by then. The delay of each packet over the
// quickest of late goes into a histogram that forgets; the delay aimed at is a quantile of it. Rises at once, falls
// slowly.
import type { Millis } from '@millrace/sans-io';
import type { JitterBufferSettings } from './options.ts';

const BUCKET: Millis = 5;
/** In this time what was seen loses all but a third of its weight. */
const MEMORY: Millis = 20_000;
const LONGEST_SILENCE: Millis = 200_000;
const RESCALE = 1e30;
/** The quickest packet is looked for in the last one or two of these. */
const BASE_WINDOW: Millis = 10_000;
/** The quantile is looked up once in so many packets. */
const LOOK_EVERY = 8;
/** What the delay falls by at most, ms in a ms. */
const FALL = 0.02;
/** Timestamps that are this far from their time begin anew. */
const DISCONTINUITY: Millis = 10_000;

// Places in the array of numbers, which change with each packet.
const BASE = 0;
const NEXT_BASE = 1;
const BASE_UNTIL = 2;
const WEIGHT = 3;
const TOTAL = 4;
const TARGET = 5;
const TARGET_AT = 6;

export class PlayoutDelay {
  readonly #settings: JitterBufferSettings;
  readonly #millisPerUnit: number;
  readonly #histogram: Float64Array;
  readonly #numbers = new Float64Array(7);
  #sinceLook = 0;
  #hasBegun = false;
  restarts = 0;

  constructor(settings: JitterBufferSettings) {
    this.#settings = settings;
    this.#millisPerUnit = 1_000 / settings.clockRate;
    this.#histogram = new Float64Array(Math.ceil(settings.maxDelay / BUCKET) + 1);
    this.#numbers[TARGET] = settings.initialDelay;
    this.#numbers[WEIGHT] = 1;
  }

  /** The delay over the quickest way, in ms. */
  get target(): Millis {
    return this.#numbers[TARGET]!;
  }

  /** When a packet of this unwrapped timestamp is due. */
  playoutAt(timestamp: number): Millis {
    const numbers = this.#numbers;
    return timestamp * this.#millisPerUnit + Math.min(numbers[BASE]!, numbers[NEXT_BASE]!) + numbers[TARGET]!;
  }

  /** When a packet of this unwrapped timestamp would be due under the longest delay. */
  latestAt(timestamp: number): Millis {
    const numbers = this.#numbers;
    return (
      timestamp * this.#millisPerUnit +
      Math.min(numbers[BASE]!, numbers[NEXT_BASE]!) +
      this.#settings.maxDelay
    );
  }

  onPacket(timestamp: number, now: Millis): void {
    const numbers = this.#numbers;
    const transit = now - timestamp * this.#millisPerUnit;
    if (!this.#hasBegun || Math.abs(transit - numbers[BASE]!) > DISCONTINUITY) {
      if (this.#hasBegun) this.restarts++;
      this.#hasBegun = true;
      numbers[BASE] = transit;
      numbers[NEXT_BASE] = transit;
      numbers[BASE_UNTIL] = now + BASE_WINDOW;
      numbers[TARGET_AT] = now;
    } else if (now >= numbers[BASE_UNTIL]!) {
      numbers[BASE] = numbers[NEXT_BASE]!;
      numbers[NEXT_BASE] = transit;
      numbers[BASE_UNTIL] = now + BASE_WINDOW;
    } else if (transit < numbers[NEXT_BASE]!) numbers[NEXT_BASE] = transit;
    this.#count(transit - Math.min(numbers[BASE]!, numbers[NEXT_BASE]!));
    if (++this.#sinceLook < LOOK_EVERY) return;
    this.#sinceLook = 0;
    this.#aim(now);
  }

  #count(delay: Millis): void {
    const numbers = this.#numbers;
    const histogram = this.#histogram;
    const weight = numbers[WEIGHT]!;
    const bucket = Math.floor(delay / BUCKET);
    // What is beyond the longest delay is no use in finding one.
    if (bucket >= histogram.length) return;
    histogram[bucket]! += weight;
    numbers[TOTAL]! += weight;
  }

  /** Newer packets weigh more; before the numbers grow too large all are made smaller. */
  #forget(elapsed: Millis): void {
    const numbers = this.#numbers;
    const histogram = this.#histogram;
    numbers[WEIGHT]! *= Math.exp(Math.min(elapsed, LONGEST_SILENCE) / MEMORY);
    if (numbers[WEIGHT]! < RESCALE) return;
    for (let i = 0; i < histogram.length; i++) histogram[i]! /= RESCALE;
    numbers[WEIGHT]! /= RESCALE;
    numbers[TOTAL]! /= RESCALE;
  }

  #aim(now: Millis): void {
    const { minDelay, maxDelay, coverage } = this.#settings;
    const numbers = this.#numbers;
    const histogram = this.#histogram;
    // From the end: few are late.
    let beyond = numbers[TOTAL]! * (1 - coverage);
    let bucket = histogram.length - 1;
    for (; bucket > 0; bucket--) {
      beyond -= histogram[bucket]!;
      if (beyond < 0) break;
    }
    const wanted = Math.min(maxDelay, Math.max(minDelay, (bucket + 1) * BUCKET));
    const elapsed = now - numbers[TARGET_AT]!;
    const lowest = numbers[TARGET]! - elapsed * FALL;
    numbers[TARGET] = Math.max(wanted, lowest);
    numbers[TARGET_AT] = now;
    this.#forget(elapsed);
  }
}
