// The operations chain (W3C webrtc-pc §4.4.1.2): negotiation steps of one connection run one after the other.
import { exception } from '../errors.ts';

export class OperationsChain {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #isClosed = false;
  readonly #onEmpty: (() => void) | undefined;

  /** `onEmpty` is called when the chain has run empty. */
  constructor(onEmpty?: () => void) {
    this.#onEmpty = onEmpty;
  }

  get isEmpty(): boolean {
    return this.#pending === 0;
  }

  /** No later step is run, and promises of waiting ones never settle, as the standard has it for a closed connection. */
  close(): void {
    this.#isClosed = true;
  }

  /** Runs `operation` when all before it have ended, however they ended. */
  run<T>(operation: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(exception('InvalidStateError', 'the connection is closed'));
    const waited = this.#pending > 0 ? this.#last.then(() => this.#start(operation)) : this.#start(operation);
    this.#pending++;
    this.#last = waited.then(this.#onEnd, this.#onEnd);
    return waited;
  }

  async #start<T>(operation: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) return new Promise<T>(() => {});
    const result = await operation();
    return this.#isClosed ? new Promise<T>(() => {}) : result;
  }

  readonly #onEnd = (): void => {
    this.#pending--;
    if (this.#pending === 0 && !this.#isClosed) this.#onEmpty?.();
  };
}
