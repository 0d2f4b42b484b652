// Messages kept for one who asks for them one by one: `for await` and `readable`.
import { Ring } from '@millrace/sans-io';

type Waiter<T> = PromiseWithResolvers<IteratorResult<T, undefined>>;

/**
 * What is put in comes out in order. There is no limit to what waits here: SCTP gives a receiver no way to hold one
 * channel back without the others, so who reads must keep up or agree on a pace with the sender.
 */
export class MessageReader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #messages = new Ring<T>();
  readonly #waiters = new Ring<Waiter<T>>(2);
  readonly #detach: (reader: MessageReader<T>) => void;
  #isEnded = false;
  #error: unknown;

  constructor(detach: (reader: MessageReader<T>) => void) {
    this.#detach = detach;
  }

  push(message: T): void {
    if (this.#isEnded) return;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.resolve({ done: false, value: message });
    else this.#messages.push(message);
  }

  /** Nothing follows. An error is thrown at the reader once, behind the last message. */
  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) {
      if (this.#error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(this.#takeError());
    }
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#messages.length > 0)
      return Promise.resolve({ done: false, value: this.#messages.shift() as T });
    if (this.#error !== undefined) return Promise.reject(this.#takeError());
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    const waiter = Promise.withResolvers<IteratorResult<T, undefined>>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Stops listening; the channel stays as it is. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#detach(this);
    this.#messages.clear();
    this.end();
    this.#error = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}
