// The driver's clock and its one timer. Deadlines move with every packet, mostly later; the timer is left alone
// then, wakes too early, finds nothing due and goes back to sleep. That is far cheaper than a timer per packet.
import { performance } from 'node:perf_hooks';
import type { Millis } from '@millrace/sans-io';

/** Milliseconds on the process's monotonic clock: the `now` of every core. */
export const now: () => Millis = performance.now.bind(performance);

/** setTimeout's limit; a longer sleep is taken in stages. */
const LONGEST_SLEEP = 0x7fff_ffff;

export class Alarm {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt: Millis = Number.POSITIVE_INFINITY;

  /** `wake` is called at the deadline or earlier; it sets the alarm anew. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Makes sure that `wake` is called by `deadline`. */
  set(deadline: Millis, at: Millis): void {
    if (deadline >= this.#wakesAt || deadline === Number.POSITIVE_INFINITY) return;
    this.stop();
    this.#wakesAt = deadline;
    // Timers count whole milliseconds, rounded down: one more keeps us from waking just too early, again and again.
    const sleep = Math.min(Math.max(Math.ceil(deadline - at), 1), LONGEST_SLEEP);
    this.#timer = setTimeout(this.#fire, sleep);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  readonly #fire = (): void => {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#wake();
  };
}
