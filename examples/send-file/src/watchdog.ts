// Notices that nothing happens any more. Feeding it is cheap: it is done for every message.

export class Watchdog {
  readonly #limit: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;
  #fedAt = 0;

  /** Calls `onSilence` once, when it has not been fed for `limit` milliseconds. */
  constructor(limit: number, onSilence: () => void) {
    this.#limit = limit;
    this.#onSilence = onSilence;
  }

  start(): void {
    this.feed();
    this.#timer ??= setTimeout(() => this.#look(), this.#limit);
  }

  feed(): void {
    this.#fedAt = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const left = this.#fedAt + this.#limit - performance.now();
    this.#timer = undefined;
    if (left <= 0) this.#onSilence();
    else this.#timer = setTimeout(() => this.#look(), Math.ceil(left));
  }
}
