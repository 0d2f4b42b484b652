// The retransmission timeout (RFC 9260 §6.3.1) with its back-off (§6.3.3 E2).
import { type Millis, NEVER } from '@millrace/sans-io';
import type { ResolvedOptions } from '../options.ts';

const ALPHA = 1 / 8;
const BETA = 1 / 4;
/** Share of a round trip by which answers may be late on a path that has been steady. */
const ANSWER_SLACK = 1 / 4;
/** The same for the first few measurements, ICE's among them: the variance is but what RFC 9260 §6.3.1 C2 begins with. */
const EARLY_ANSWER_SLACK = 1 / 2;
const EARLY_MEASUREMENTS = 3;

export class Rto {
  /** undefined until something has been measured or a seed was given. */
  smoothedRoundTripTime: Millis | undefined;
  /** The shortest round trip ever measured; infinite before the first. */
  shortestRoundTripTime: Millis = NEVER;
  #variance: Millis = 0;
  #base: Millis;
  #backoff = 1;
  #measurements = 0;
  readonly #options: ResolvedOptions;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    // §6.3.1 C1: until there is a measurement, RTO.Initial. ICE's own measurement of the path is one.
    this.#base = options.rtoInitial;
    if (options.roundTripTime !== undefined) this.observe(options.roundTripTime);
  }

  /** The timeout now, backed off by what has run out since the last measurement. */
  get current(): Millis {
    if (this.#backoff === 1) return this.#base;
    return Math.min(this.#base * this.#backoff, Math.max(this.#base, this.#options.backoffMax));
  }

  /** How late the answer to what was just sent may come before it is worth asking again; 0 before the first measurement. */
  get answerTimeout(): Millis {
    const smoothed = this.smoothedRoundTripTime ?? 0;
    if (this.#measurements <= EARLY_MEASUREMENTS) return smoothed * (1 + EARLY_ANSWER_SLACK);
    return smoothed + Math.min(Math.max(4 * this.#variance, smoothed * ANSWER_SLACK), smoothed);
  }

  /** A round trip was measured, be it one of many in the same round trip. */
  note(roundTripTime: Millis): void {
    if (roundTripTime < this.shortestRoundTripTime) this.shortestRoundTripTime = roundTripTime;
  }

  /** A round trip was measured on something sent once (§6.3.1 C5, Karn). */
  observe(roundTripTime: Millis): void {
    const { rtoMin, rtoMax, rttVarianceFloor } = this.#options;
    const smoothed = this.smoothedRoundTripTime;
    this.note(roundTripTime);
    this.#measurements++;
    if (smoothed === undefined) {
      // §6.3.1 C2: the first measurement.
      this.smoothedRoundTripTime = roundTripTime;
      this.#variance = roundTripTime / 2;
    } else {
      // §6.3.1 C3.
      this.#variance += BETA * (Math.abs(smoothed - roundTripTime) - this.#variance);
      this.smoothedRoundTripTime = smoothed + ALPHA * (roundTripTime - smoothed);
    }
    const timeout = this.smoothedRoundTripTime! + Math.max(4 * this.#variance, rttVarianceFloor);
    // §6.3.1 C6, C7.
    this.#base = Math.min(Math.max(timeout, rtoMin), rtoMax);
    this.#backoff = 1;
  }

  /** Packets take another path, of which perhaps ICE has measured the length. */
  restart(roundTripTime: Millis | undefined): void {
    this.smoothedRoundTripTime = undefined;
    this.#measurements = 0;
    this.shortestRoundTripTime = NEVER;
    this.#base = this.#options.rtoInitial;
    this.#backoff = 1;
    if (roundTripTime !== undefined) this.observe(roundTripTime);
  }

  /** §6.3.3 E2: the timer ran out. Only a new measurement undoes it, or a longer path would never be measured. */
  backOff(): void {
    if (this.current < this.#options.backoffMax) this.#backoff *= 2;
  }
}
