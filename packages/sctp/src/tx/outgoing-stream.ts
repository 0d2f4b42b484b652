// One outgoing stream, made when it is first used, and the messages that wait in it.
import type { Lease } from '@millrace/buffer-pool';
import { add32, type Millis, NEVER, Ring } from '@millrace/sans-io';

/** Memory that has gone back to the pool must not be read by mistake. */
const NOTHING = new Uint8Array(0);

/** RFC 8831 §6.4 names four priorities; RFC 8837 §5 has "normal" at 256, and each the double of the one below. */
export const DEFAULT_PRIORITY = 256;

/** A user message on its way, from `send` until its last chunk has left the outstanding ones. Objects are used again. */
export class OutgoingMessage {
  stream: OutgoingStream | undefined;
  /** The message is `bytes[at, at + length)`. */
  bytes: Uint8Array = NOTHING;
  at = 0;
  length = 0;
  // What MessageMemory keeps here: where the bytes are from, and its place among the messages that have memory.
  lease: Lease | undefined;
  place = -1;
  ppid = 0;
  ordered = true;
  /**
   * Among the ordered, or the unordered, messages of its stream: the MID (RFC 8260 §2.1), whose low 16 bits are the
   * SSN. Given when the first fragment is sent, so that a message dropped before that leaves no hole.
   */
  number = 0;
  expiresAt: Millis = NEVER;
  maxRetransmits: number = Number.POSITIVE_INFINITY;
  /** Bytes that have been put into chunks. */
  sent = 0;
  /** Chunks it has been put into. */
  fragments = 0;
  /** Of its first and its last chunk so far. Where messages interleave, chunks of others lie between. */
  firstTsn = 0;
  lastTsn = 0;
  /** Counts the association's messages, in the order of `send`. */
  arrival = 0;
  /** Chunks of it among the outstanding ones. */
  outstanding = 0;
  abandoned = false;

  /** No byte of it has been put into a chunk. */
  get isUntouched(): boolean {
    return this.sent === 0;
  }

  get isWhollySent(): boolean {
    return this.sent === this.length;
  }

  clearBytes(): void {
    this.bytes = NOTHING;
    this.at = 0;
    this.lease = undefined;
  }
}

/**
 * 'open': messages are sent. 'draining': a reset was asked for; what is queued goes out, what comes goes to `later`.
 * 'resetting': the request is under way. The last two end with `later` becoming the queue.
 */
export type StreamPhase = 'open' | 'draining' | 'resetting';

export class OutgoingStream {
  readonly id: number;
  phase: StreamPhase = 'open';
  /** The next ordered message's number, and the next unordered one's. */
  nextOrdered = 0;
  nextUnordered = 0;
  readonly queue: Ring<OutgoingMessage> = new Ring(4);
  /** Messages sent after a reset was asked for; they belong to the stream's next life. */
  later: Ring<OutgoingMessage> | undefined;
  bufferedBytes = 0;
  /** Messages that have left the queue but are not yet acknowledged. */
  unacknowledged = 0;
  /** Whether it has something to send: it is in the scheduler, or parked. */
  scheduled = false;
  /** Its next message waits until those that have begun leave room at the receiver. */
  parked = false;
  /** Its weight, or its rank, among streams (RFC 8260 §3.4, §3.6). */
  priority: number = DEFAULT_PRIORITY;
  // The scheduler's own: where the stream stands in the heap, and by what.
  place = -1;
  rank = 0;
  tag = 0;
  /** Bytes that left the queue since the sink was last told. */
  unreported = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** The number of the message that goes out next. */
  takeNumber(ordered: boolean): number {
    const number = ordered ? this.nextOrdered : this.nextUnordered;
    if (ordered) this.nextOrdered = add32(number, 1);
    else this.nextUnordered = add32(number, 1);
    return number;
  }

  restartNumbers(): void {
    this.nextOrdered = 0;
    this.nextUnordered = 0;
  }

  get isDrained(): boolean {
    return this.queue.length === 0 && this.unacknowledged === 0;
  }
}
