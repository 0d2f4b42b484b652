// Hot: when the next packet may leave. Packets go at the rate that congestion control gives, in bursts that are small
// against any queue and large enough to be sent in one batch. Timers have a granularity of 1 ms and come late: what was
// missed meanwhile is caught up with.
import type { Millis } from '@millrace/sans-io';

/** A burst lasts no longer than this, nor than an eighth of a round trip. */
const BURST_TIME: Millis = 1;
const BURST_SHARE_OF_ROUND_TRIP = 1 / 8;
/** A timer that comes later than this loses what could have been sent before. */
const MAX_CATCH_UP: Millis = 5;
/** On shorter paths a burst is over before a timer could spread it. */
const MIN_PACED_ROUND_TRIP: Millis = 1;

export class Pacer {
  /** When everything that has left would have left without bursts. */
  #paidUntil: Millis = 0;
  /** Set while packets wait for their time: until then none goes. */
  #releaseAt: Millis = 0;
  #isWaiting = false;

  /** Until when nothing may leave; a time that has passed if something may leave now. */
  get releaseAt(): Millis {
    return this.#releaseAt;
  }

  isBlocked(now: Millis): boolean {
    return now < this.#releaseAt;
  }

  /** Bytes of a burst in the midst of a transfer. */
  static burstBytes(rate: number, leastBytes: number, roundTripTime: Millis): number {
    return Math.max(leastBytes, rate * Math.min(BURST_TIME, roundTripTime * BURST_SHARE_OF_ROUND_TRIP));
  }

  static isNeeded(rate: number, roundTripTime: Millis | undefined): boolean {
    return (
      rate < Number.POSITIVE_INFINITY && roundTripTime !== undefined && roundTripTime >= MIN_PACED_ROUND_TRIP
    );
  }

  /** Something could leave but for the pace. */
  wait(): void {
    this.#isWaiting = true;
  }

  /** Nothing is left that could leave: time passes without giving credit. */
  rest(): void {
    this.#isWaiting = false;
  }

  /**
   * A packet of `bytes` leaves at `now`, at a pace of `rate` bytes per ms. After a pause `pauseBytes` may go at once, in
   * the midst of a transfer bursts of `burstBytes`.
   */
  onSent(bytes: number, rate: number, pauseBytes: number, burstBytes: number, now: Millis): void {
    const pauseCredit = pauseBytes / rate;
    const credit = this.#isWaiting ? Math.max(MAX_CATCH_UP, pauseCredit) : pauseCredit;
    this.#paidUntil = Math.max(this.#paidUntil, now - credit) + bytes / rate;
    if (this.#paidUntil <= now) return;
    this.#isWaiting = false;
    // The next to go waits until a whole burst has its time behind it.
    this.#releaseAt = this.#paidUntil + Math.max(0, burstBytes - bytes) / rate;
  }

  /** What waits may go now: a timeout or a new path makes the past meaningless. */
  reset(): void {
    this.#paidUntil = 0;
    this.#releaseAt = 0;
    this.#isWaiting = false;
  }
}
