// How long to wait before trying again: doubling from the first delay up to a limit, with a random half so that
// many clients of one server that came back do not all knock at once.

/** Milliseconds before the first retry. */
const FIRST = 100;
/** Milliseconds that no delay exceeds. */
const LONGEST = 10_000;

export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const delay = Math.min(LONGEST, FIRST * 2 ** Math.min(this.#failures++, 30));
    return delay * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
