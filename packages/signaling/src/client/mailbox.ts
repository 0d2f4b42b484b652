// A queue between one writer and one `for await` reader. The writer can wait for room, so a reader that is slow
// holds the stream back rather than memory.

export class Mailbox<T> implements AsyncIterableIterator<T, undefined> {
  readonly #capacity: number;
  #items: T[] = [];
  #waiting: Array<PromiseWithResolvers<IteratorResult<T, undefined>>> = [];
  #room = Promise.withResolvers<void>();
  #end: { error: unknown } | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#room.resolve();
  }

  /** Resolves while fewer items than the capacity are waiting. */
  get room(): Promise<void> {
    return this.#room.promise;
  }

  push(item: T): void {
    if (this.#end) return;
    const reader = this.#waiting.shift();
    if (reader) {
      reader.resolve({ done: false, value: item });
      return;
    }
    if (this.#items.push(item) === this.#capacity) this.#room = Promise.withResolvers();
  }

  /** Ends the queue; readers get what is in it first, and then `error` if there is one. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    this.#room.resolve();
    for (const reader of this.#waiting.splice(0)) settleEnd(reader, error);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()!;
      if (this.#items.length < this.#capacity) this.#room.resolve();
      return Promise.resolve({ done: false, value });
    }
    const reader = Promise.withResolvers<IteratorResult<T, undefined>>();
    if (this.#end) settleEnd(reader, this.#end.error);
    else this.#waiting.push(reader);
    return reader.promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function settleEnd<T>(reader: PromiseWithResolvers<IteratorResult<T, undefined>>, error: unknown): void {
  if (error === undefined) reader.resolve({ done: true, value: undefined });
  else reader.reject(error);
}
