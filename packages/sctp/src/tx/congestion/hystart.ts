// HyStart++ (RFC 9406): leaving slow start before it overflows the queue. When the shortest round trip of a round grows,
// conservative slow start (CSS) sees whether that was a queue or a fluke, and whose queue it was.
//
// Deviation: a queue may be that of others. RFC 9406 leaves a flow that comes late with the small window at which it met
// them, and from there it needs minutes to its share. The rate of delivery tells more: it grows with the window of a flow
// that has a part of the path, and no more once the flow fills the path alone. So CSS lasts as long as the rate grows;
// growth that brought nothing is taken back. And since a queue shows a round trip late, CSS begins with what the rate needs.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { AckSample } from './congestion-control.ts';

// RFC 9406 §4.3.
const MIN_RTT_THRESH: Millis = 4;
const MAX_RTT_THRESH: Millis = 16;
const MIN_RTT_DIVISOR = 8;
const N_RTT_SAMPLE = 8;
const CSS_GROWTH_DIVISOR = 4;
/** In place of CSS_ROUNDS: trials whose growth brought nothing, after which slow start is over. */
const CSS_TRIALS = 4;
/** Rounds between two trials, at most: drawn anew, since those of two flows spoil each other if they coincide. */
const MAX_SETTLING_ROUNDS = 4;
/**
 * A trial's rounds: the window has become smaller and its rate settles; the window grows; what that brings is seen. If it
 * brings something the window grows in the next round, and in each after that as long as the one before shows in the rate.
 */
const SETTLED = 0;
const GROWING = 1;
const LOOKING = 2;
const STEPPING = 3;
const RISING = 4;
/** Growth of the rate when the window grows by a quarter, with half of a path, and with a sixth. */
const SHARED_GROWTH = 1.09;
const FREE_GROWTH = 1.2;
/** Of what fills the path, the window with which CSS begins. */
const FILL = 1.25;
/** Packets beyond that: SACKs answer several, and bursts wait for their end. */
const FILL_PACKETS = 4;

export class HyStart {
  /** Slow start is over: the window is where congestion avoidance should begin. */
  isOver = false;
  isInCss = false;
  #roundEnd = 0;
  #lastRoundMin: Millis = NEVER;
  #roundMin: Millis = NEVER;
  /** The shortest of the samples in hand, and their number. */
  #recentMin: Millis = NEVER;
  #samples = 0;
  #failures = 0;
  #trial = SETTLED;
  /** The best rate of the round under way and of the one before, in bytes per ms, and the windows with which they began. */
  #rate = 0;
  #lastRate = 0;
  #roundWindow = 0;
  #lastRoundWindow = 0;

  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Slow start begins. */
  begin(): void {
    this.isOver = false;
    this.#lastRoundMin = NEVER;
    this.#roundMin = NEVER;
    this.#recentMin = NEVER;
    this.#samples = 0;
    this.isInCss = false;
    this.#failures = 0;
    this.#rate = 0;
    this.#lastRate = 0;
  }

  /** The window after `sample`. Deviation: no limit L to a SACK's growth (§4.2), since everything is paced. */
  next(window: number, mtu: number, sample: Readonly<AckSample>): number {
    if (sample.priorDelivered >= this.#roundEnd) window = this.#endRound(window, mtu, sample);
    if (sample.deliveryRate > this.#rate) this.#rate = sample.deliveryRate;
    if (sample.roundTripTime >= 0) {
      this.#samples++;
      this.#roundMin = Math.min(this.#roundMin, sample.roundTripTime);
      this.#recentMin = Math.min(this.#recentMin, sample.roundTripTime);
      if (this.#samples >= N_RTT_SAMPLE && this.#judge())
        window = Math.min(window, this.#filled(mtu, sample));
    }
    if (!sample.windowLimited) return window;
    if (!this.isInCss) return window + sample.ackedBytes;
    const isGrowing = this.#trial === GROWING || this.#trial >= STEPPING;
    return isGrowing ? window + sample.ackedBytes / CSS_GROWTH_DIVISOR : window;
  }

  /** §4.2: a round lasts until what was sent at its beginning is acknowledged. */
  #endRound(window: number, mtu: number, sample: Readonly<AckSample>): number {
    this.#roundEnd = sample.delivered;
    if (this.isInCss && (this.#trial === LOOKING || this.#trial === RISING))
      window = this.#endTrial(window, this.#filled(mtu, sample));
    else this.#trial++;
    if (!this.isInCss) this.#lastRoundMin = this.#roundMin;
    this.#roundMin = NEVER;
    this.#lastRate = this.#rate;
    this.#rate = 0;
    this.#lastRoundWindow = this.#roundWindow;
    this.#roundWindow = window;
    return window;
  }

  #endTrial(window: number, filled: number): number {
    const growth = this.#rate / this.#lastRate;
    const hasQueue = this.#roundMin >= this.#lastRoundMin + this.#threshold;
    if (!(growth < SHARED_GROWTH)) {
      // §4.2: the round trip has become shorter again, so it was no queue.
      if (growth >= FREE_GROWTH && !hasQueue) this.isInCss = false;
      if (this.#trial === LOOKING) this.#trial = STEPPING;
      return window;
    }
    this.isOver = ++this.#failures >= CSS_TRIALS;
    this.#trial = SETTLED - Math.floor(this.#random() * MAX_SETTLING_ROUNDS);
    const taken = Math.min(window, this.#lastRoundWindow);
    // Congestion avoidance would be slow to fill what is left of a long fat path.
    return this.isOver ? Math.max(taken, filled) : taken;
  }

  /** What fills the path at the best rate seen of late. */
  #filled(mtu: number, sample: Readonly<AckSample>): number {
    const rate = Math.max(this.#rate, this.#lastRate);
    return rate === 0 ? NEVER : FILL * rate * sample.shortestRoundTripTime + FILL_PACKETS * mtu;
  }

  get #threshold(): Millis {
    return Math.min(Math.max(this.#lastRoundMin / MIN_RTT_DIVISOR, MIN_RTT_THRESH), MAX_RTT_THRESH);
  }

  /**
   * Whether CSS begins. Deviation: §4.2 takes the shortest round trip since the round began. A paced slow start builds its
   * queue evenly over the round, whose first packets see none of it; so each run of N_RTT_SAMPLE samples is judged alone.
   */
  #judge(): boolean {
    const shortest = this.#recentMin;
    this.#recentMin = NEVER;
    this.#samples = 0;
    if (this.isInCss || this.#lastRoundMin === NEVER) return false;
    if (shortest < this.#lastRoundMin + this.#threshold) return false;
    this.isInCss = true;
    this.#trial = SETTLED;
    return true;
  }
}
