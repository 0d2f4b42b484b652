// Two ends of a channel in memory, for a transfer without a network: messages arrive in order, later.
import type { FileChannel } from '../src/control.ts';

export type Message = string | ArrayBuffer;

export class MemoryChannel implements FileChannel, AsyncIterator<Message, undefined> {
  readonly sent: Message[] = [];
  peer!: MemoryChannel;
  /** What becomes of a message on its way; `undefined` loses it. */
  change: (message: Message) => Message | undefined = (message) => message;
  readonly #inbox: Message[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  #isClosed = false;

  get ready(): Promise<void> {
    return this.#isClosed ? Promise.reject(new Error('closed')) : Promise.resolve();
  }

  send(data: string | Uint8Array): void {
    const message = typeof data === 'string' ? data : new Uint8Array(data).buffer;
    this.sent.push(message);
    const changed = this.change(message);
    if (changed !== undefined) setImmediate(() => this.peer.#arrive(changed));
  }

  close(): void {
    for (const end of [this, this.peer]) {
      end.#isClosed = true;
      end.#waiting?.resolve({ done: true, value: undefined });
    }
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const value = this.#inbox.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  #arrive(message: Message): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve({ done: false, value: message });
    else this.#inbox.push(message);
  }
}

export function memoryChannels(): [MemoryChannel, MemoryChannel] {
  const [a, b] = [new MemoryChannel(), new MemoryChannel()];
  a.peer = b;
  b.peer = a;
  return [a, b];
}
