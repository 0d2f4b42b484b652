// Messages that wait behind a Blob: its bytes come later, but its place in the order is that of `send`.
import type { DataChannelError } from '@millrace/datachannel';
import { Ring } from '@millrace/sans-io';

/** A message, or a Blob that is being read. */
interface Entry {
  message: Uint8Array | string | undefined;
}

export class Outbox {
  readonly #entries = new Ring<Entry>();
  readonly #send: (message: Uint8Array | string) => void;
  readonly #onEmpty: () => void;
  readonly #onUnreadable: () => void;

  /**
   * `onEmpty` is called each time the last message has been passed to `send`, or dropped with the rest;
   * `onUnreadable` before they are dropped because a Blob can't be read.
   */
  constructor(send: (message: Uint8Array | string) => void, onEmpty: () => void, onUnreadable: () => void) {
    this.#send = send;
    this.#onEmpty = onEmpty;
    this.#onUnreadable = onUnreadable;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Bytes are copied. */
  push(message: Uint8Array | string): void {
    this.#entries.push({ message: typeof message === 'string' ? message : message.slice() });
  }

  pushBlob(blob: Blob): void {
    const entry: Entry = { message: undefined };
    this.#entries.push(entry);
    blob.arrayBuffer().then(
      (buffer) => {
        entry.message = new Uint8Array(buffer);
        this.flush();
      },
      () => {
        // A file that is gone: the order can't be kept, so nothing behind it may go.
        this.#onUnreadable();
        this.drop();
      },
    );
  }

  /** Sends from the front as far as there is something to send and room for it. */
  flush(): void {
    if (this.isEmpty) return;
    for (let message = this.#entries.at(0)?.message; message !== undefined; ) {
      try {
        this.#send(message);
      } catch (error) {
        if ((error as { code?: unknown }).code === ('QUEUE_FULL' satisfies DataChannelError['code'])) return;
        this.drop();
        return;
      }
      this.#entries.shift();
      message = this.#entries.at(0)?.message;
    }
    if (this.isEmpty) this.#onEmpty();
  }

  drop(): void {
    if (this.isEmpty) return;
    this.#entries.clear();
    this.#onEmpty();
  }
}
