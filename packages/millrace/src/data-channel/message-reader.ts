// Messages kept for one who asks for them one by one: `for await` and `readable`.
import { Ring } from '@millrace/sans-io';

type Waiter<T> = PromiseWithResolvers<IteratorResult<T, undefined>>;

/** Hears how many bytes wait here to be read: they keep their place in the receive window of the association. */
export interface Backlog {
  hold(bytes: number): void;
  consumed(bytes: number): void;
}

/**
 * What is put in comes out in order. What waits here keeps the association's window shut by as much, so a sender whose
 * messages are not read comes to a stop. SCTP has one window for all channels: the others come to a stop as well.
 */
export class MessageReader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #messages = new Ring<T>();
  readonly #waiters = new Ring<Waiter<T>>();
  readonly #backlog: Backlog;
  readonly #detach: (reader: MessageReader<T>) => void;
  /** Bytes in `#messages`, while more may come. */
  #held = 0;
  #isEnded = false;
  #error: unknown;

  constructor(backlog: Backlog, detach: (reader: MessageReader<T>) => void) {
    this.#backlog = backlog;
    this.#detach = detach;
  }

  push(message: T): void {
    if (this.#isEnded) return;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: message });
      return;
    }
    const bytes = sizeOf(message);
    this.#messages.push(message);
    this.#held += bytes;
    this.#backlog.hold(bytes);
  }

  /** Nothing follows. An error is thrown at the reader once, behind the last message. */
  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    // What is left may be read at leisure: nothing is coming that it could hold back.
    this.#backlog.consumed(this.#held);
    this.#held = 0;
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) {
      if (this.#error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(this.#takeError());
    }
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#messages.length > 0) return Promise.resolve({ done: false, value: this.#take() });
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

  #take(): T {
    const message = this.#messages.shift() as T;
    if (this.#isEnded) return message;
    const bytes = sizeOf(message);
    this.#held -= bytes;
    this.#backlog.consumed(bytes);
    return message;
  }

  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}

/** Of a string the length will do: its bytes are one to three times as many. */
function sizeOf(message: unknown): number {
  if (typeof message === 'string') return message.length;
  if (message instanceof Blob) return message.size;
  return (message as ArrayBuffer | Uint8Array).byteLength;
}
