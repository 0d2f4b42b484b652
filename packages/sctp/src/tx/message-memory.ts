// Hot: memory for messages that wait to be sent and acknowledged. All associations of the process take it from one
// pool unless they are given another, so that what a busy one no longer needs serves the next.
import { BufferPool } from '@millrace/buffer-pool';
import { copyBytes, type Millis } from '@millrace/sans-io';
import type { OutgoingMessage } from './outgoing-stream.ts';

const CLASSES = Array.from({ length: 13 }, (_, i) => 64 << i); // 64 bytes to 256 KiB

/** A pool for messages. `maxBytes` caps what associations that use it may have waiting together. */
export function createMessagePool(maxBytes: number): BufferPool {
  return new BufferPool({ name: 'sctp messages', classes: CLASSES, maxBytes });
}

/** The pool of associations that are not given one. */
const shared = createMessagePool(1024 * 1024 * 1024);

/** An association that nobody refers to any more, and that was never closed, gives its messages back here. */
const forgotten = new FinalizationRegistry<MessageMemory>((memory) => memory.clear());

/** The messages of one association that have memory. */
export class MessageMemory {
  readonly #pool: BufferPool;
  /** In no order. */
  readonly #messages: OutgoingMessage[] = [];

  constructor(pool: BufferPool = shared) {
    this.#pool = pool;
  }

  /** Clears itself when `owner` is collected. It must not be reachable from here. */
  belongTo(owner: object): void {
    forgotten.register(owner, this);
  }

  /** Whether a message of `length` bytes would get memory. Whoever holds nothing always does: nothing would wake him. */
  has(length: number): boolean {
    return this.#messages.length === 0 || this.#pool.canAcquire(length);
  }

  /** Copies `bytes[at, end)` into memory of the message's own. False if there is none; nothing has changed then. */
  fill(message: OutgoingMessage, bytes: Uint8Array, at: number, end: number): boolean {
    const messages = this.#messages;
    const length = end - at;
    const lease = this.#pool.acquire(length);
    if (lease !== undefined) {
      message.bytes = lease.bytes;
      message.at = lease.at;
    } else {
      if (messages.length > 0) return false;
      message.bytes = new Uint8Array(length);
      message.at = 0;
    }
    message.lease = lease;
    copyBytes(message.bytes, message.at, bytes, at, end);
    message.place = messages.length;
    messages.push(message);
    return true;
  }

  /** Gives back the memory of `message`, if it still has any. */
  release(message: OutgoingMessage): void {
    const { place } = message;
    if (place < 0) return;
    const last = this.#messages.pop()!;
    if (last !== message) {
      this.#messages[place] = last;
      last.place = place;
    }
    message.place = -1;
    message.lease?.release();
    message.clearBytes();
  }

  /** Gives back the memory of all messages that `isOver` tells. */
  releaseWhere(isOver: (message: OutgoingMessage) => boolean): void {
    for (let i = this.#messages.length - 1; i >= 0; i--) {
      const message = this.#messages[i]!;
      if (isOver(message)) this.release(message);
    }
  }

  clear(): void {
    this.releaseWhere(() => true);
  }

  trim(now: Millis): void {
    this.#pool.trim(now);
  }
}
