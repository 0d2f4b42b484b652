// Hot: messages that wait to be sent, stream by stream. Streams exist from their first message until they are
// idle again after a reset; a user's bytes are copied once, into memory that is used again.
import type { BufferPool } from '@millrace/buffer-pool';
import { type Millis, NEVER, Ring } from '@millrace/sans-io';
import { MessageMemory } from './message-memory.ts';
import { DEFAULT_PRIORITY, OutgoingMessage, OutgoingStream } from './outgoing-stream.ts';
import type { StreamScheduler } from './scheduler.ts';

/** Message objects kept for reuse, by all associations together. */
const KEPT_MESSAGES = 16_384;
const freeMessages: OutgoingMessage[] = [];
/** Messages no longer than this go out whole, or nearly, and may always begin. */
const SHORT_MESSAGE_BYTES = 1_024;
/** How much of the peer's window messages that have begun may take: holding them costs it something beside. */
const WINDOW_TO_BEGIN = 7 / 8;

export class SendQueue {
  /** User bytes in the queue: accepted and not yet put into a chunk. */
  bufferedBytes = 0;
  /** User bytes whose memory is in use: in the queue or not yet acknowledged. */
  heldBytes = 0;
  /** Streams with bytes that left the queue and that the sink has not been told of. */
  readonly unreported: Ring<OutgoingStream> = new Ring();
  /** Streams in phase 'draining' that have nothing left to send or to be acknowledged. */
  readonly drained: Ring<OutgoingStream> = new Ring();
  readonly #streams = new Map<number, OutgoingStream>();
  /** How many of them are in phase 'open'. */
  #openStreams = 0;
  readonly #scheduler: StreamScheduler;
  readonly #memory: MessageMemory;
  /** The message whose fragments are going out: RFC 9260 §6.9 wants their TSNs in one run. Not used if interleaved. */
  #current: OutgoingMessage | undefined;
  #interleaves = false;
  /** Messages whose first fragment has gone out and whose last has not, and their length, if interleaved. */
  #begun = 0;
  #begunBytes = 0;
  /** How long messages that have begun may be together: the receiver has to hold them until they are whole. */
  #begunLimit: number = Number.POSITIVE_INFINITY;
  /** Streams whose next message would go beyond that. */
  readonly #parked = new Ring<OutgoingStream>();
  #arrivals = 0;
  #lastStream: OutgoingStream | undefined;

  constructor(scheduler: StreamScheduler, pool?: BufferPool) {
    this.#scheduler = scheduler;
    this.#memory = new MessageMemory(pool);
    this.#memory.belongTo(this);
  }

  /** Whether a message of `length` bytes could be queued now. */
  hasMemoryFor(length: number): boolean {
    return this.#memory.has(length);
  }

  /** Gives back the memory of all messages: the association is over. */
  giveUp(): void {
    this.#memory.clear();
  }

  /** Now and then: memory that nobody has needed for a while goes back to the system. */
  trim(now: Millis): void {
    this.#memory.trim(now);
  }

  get hasData(): boolean {
    return this.#current !== undefined || this.#scheduler.next() !== undefined;
  }

  stream(id: number): OutgoingStream | undefined {
    return this.#streams.get(id);
  }

  /**
   * Queues a copy of `bytes[at, end)`, which are borrowed for the call. False if there is no memory; nothing has
   * changed then.
   */
  push(
    id: number,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    ordered: boolean,
    maxRetransmits: number,
    expiresAt: Millis,
  ): boolean {
    const message = freeMessages.pop() ?? new OutgoingMessage();
    if (!this.#memory.fill(message, bytes, at, end)) {
      freeMessages.push(message);
      return false;
    }
    const stream = this.#streamFor(id);
    const length = end - at;
    message.stream = stream;
    message.length = length;
    message.ppid = ppid;
    message.ordered = ordered;
    message.maxRetransmits = maxRetransmits;
    message.expiresAt = expiresAt;
    message.arrival = this.#arrivals++;
    message.sent = 0;
    message.fragments = 0;
    message.outstanding = 0;
    message.abandoned = false;
    this.bufferedBytes += length;
    this.heldBytes += length;
    stream.bufferedBytes += length;
    if (stream.phase === 'open') {
      stream.queue.push(message);
      this.#schedule(stream);
    } else (stream.later ??= new Ring<OutgoingMessage>(4)).push(message);
    return true;
  }

  /** The message to take the next fragment from. Messages whose time is up before their first fragment are dropped. */
  next(now: Millis): OutgoingMessage | undefined {
    if (this.#current !== undefined) return this.#current;
    for (;;) {
      const message = this.#scheduler.next()?.queue.at(0);
      if (message === undefined || !message.isUntouched) return message;
      if (message.expiresAt <= now) {
        this.discard(message);
        this.release(message);
      } else if (this.#mayBegin(message)) return message;
      else this.#park(message.stream!);
    }
  }

  /** A packet begins. */
  onPacket(): void {
    if (this.#interleaves) this.#scheduler.onPacket();
  }

  /**
   * RFC 8260: from now on fragments of different messages may take turns. The peer holds them until they are whole: if
   * they could fill its window, none would ever be. So no more are begun than fit the largest window it has shown.
   */
  interleave(peerWindow: number): void {
    this.#interleaves = true;
    this.#begunLimit = 0;
    this.onPeerWindow(peerWindow);
    const half = this.#current;
    this.#current = undefined;
    if (half === undefined) return;
    this.#begun++;
    this.#begunBytes += half.length;
  }

  /** The peer tells its window. */
  onPeerWindow(bytes: number): void {
    const limit = bytes * WINDOW_TO_BEGIN;
    if (limit <= this.#begunLimit) return;
    this.#begunLimit = limit;
    if (this.#parked.length > 0) this.#unpark();
  }

  /** The stream's share, or its rank. Holds until the stream is reset. */
  setPriority(id: number, priority: number): void {
    if (priority === DEFAULT_PRIORITY && !this.#streams.has(id)) return;
    const stream = this.#streamFor(id);
    const isIn = stream.scheduled && !stream.parked;
    if (isIn) this.#scheduler.remove(stream);
    stream.priority = priority;
    if (isIn) this.#scheduler.add(stream);
  }

  /** `bytes` of `message`, which `next` returned, have been put into a chunk. */
  advance(message: OutgoingMessage, bytes: number): void {
    const stream = message.stream!;
    if (message.isUntouched) {
      message.number = stream.takeNumber(message.ordered);
      if (this.#interleaves) {
        this.#begun++;
        this.#begunBytes += message.length;
      } else this.#current = message;
    }
    message.sent += bytes;
    this.#leaves(stream, bytes);
    const isOver = message.isWhollySent;
    if (isOver) this.#removeHead(stream, message.length);
    this.#scheduler.onSent(stream, bytes, isOver);
    if (isOver && stream.queue.length === 0) this.#unschedule(stream);
  }

  /** Drops what is still unsent of `message`, the one that `next` returns. */
  discard(message: OutgoingMessage): void {
    const stream = message.stream!;
    const rest = message.length - message.sent;
    const { length } = message;
    message.abandoned = true;
    message.length = message.sent;
    this.heldBytes -= rest;
    this.#leaves(stream, rest);
    this.#removeHead(stream, message.isUntouched ? -1 : length);
    this.#scheduler.onSent(stream, 0, true);
    if (stream.queue.length === 0) this.#unschedule(stream);
  }

  /** No chunk of `message` is outstanding any more: its memory is free. */
  release(message: OutgoingMessage): void {
    const stream = message.stream!;
    stream.unacknowledged--;
    if (stream.phase === 'draining' && stream.isDrained) this.drained.push(stream);
    this.heldBytes -= message.length;
    this.#memory.release(message);
    message.stream = undefined;
    if (freeMessages.length < KEPT_MESSAGES) freeMessages.push(message);
  }

  /** From here on, what is sent on the stream belongs to its next life. False if it was already so. */
  beginReset(id: number): boolean {
    const stream = this.#streamFor(id);
    if (stream.phase !== 'open') return false;
    stream.phase = 'draining';
    this.#openStreams--;
    if (stream.isDrained) this.drained.push(stream);
    return true;
  }

  /** The same for every stream in use. A peer may ask for it as often as it likes: streams are not looked at in vain. */
  beginResetOfAll(): boolean {
    if (this.#openStreams === 0) return false;
    for (const id of this.#streams.keys()) this.beginReset(id);
    return true;
  }

  /** The reset is over, performed or not; queued messages of the stream's next life go out. */
  endReset(id: number, performed: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { later } = stream;
    stream.phase = 'open';
    this.#openStreams++;
    stream.later = undefined;
    if (performed) stream.restartNumbers();
    for (let message = later?.shift(); message !== undefined; message = later?.shift())
      stream.queue.push(message);
    if (stream.queue.length > 0) this.#schedule(stream);
    else if (performed && stream.unreported === 0) this.#forget(stream);
  }

  /** After a restart (RFC 9260 §5.2.4 A): all numbers start again, and so does a message that was half sent. */
  rewind(): void {
    this.drained.clear();
    this.#interleaves = false;
    this.#begun = 0;
    this.#begunBytes = 0;
    this.#unpark();
    this.#current = undefined;
    for (const stream of this.#streams.values()) {
      stream.restartNumbers();
      stream.unacknowledged = 0;
      this.#rewindHead(stream);
      if (stream.phase === 'open') continue;
      stream.phase = 'draining'; // a request that was under way is asked for again
      if (stream.isDrained) this.drained.push(stream);
    }
    // What was in flight is forgotten.
    this.heldBytes = this.bufferedBytes;
    this.#memory.releaseWhere((message) => message.isWhollySent);
  }

  #rewindHead(stream: OutgoingStream): void {
    const half = stream.queue.at(0);
    if (half === undefined || half.isUntouched) return;
    this.bufferedBytes += half.sent;
    stream.bufferedBytes += half.sent;
    half.sent = 0;
    half.fragments = 0;
    half.outstanding = 0;
  }

  /** Throws away everything that waits on streams from `limit` up, before anything has been sent. */
  dropStreamsFrom(limit: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.id < limit) continue;
      this.bufferedBytes -= stream.bufferedBytes;
      this.heldBytes -= stream.bufferedBytes;
      if (stream.scheduled) this.#unschedule(stream);
      this.#forget(stream);
    }
    this.#memory.releaseWhere((message) => message.stream!.id >= limit);
  }

  #streamFor(id: number): OutgoingStream {
    if (this.#lastStream?.id === id) return this.#lastStream;
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = new OutgoingStream(id);
      this.#streams.set(id, stream);
      this.#openStreams++;
    }
    this.#lastStream = stream;
    return stream;
  }

  #forget(stream: OutgoingStream): void {
    if (stream.phase === 'open') this.#openStreams--;
    this.#streams.delete(stream.id);
    if (this.#lastStream === stream) this.#lastStream = undefined;
  }

  /** The first message of `stream` has left the queue; `begun` is its length if it had begun, else -1. */
  #removeHead(stream: OutgoingStream, begun: number): void {
    stream.queue.shift();
    stream.unacknowledged++;
    this.#current = undefined;
    if (begun < 0 || !this.#interleaves) return;
    this.#begun--;
    this.#begunBytes -= begun;
    if (this.#parked.length > 0) this.#unpark();
  }

  #mayBegin(message: OutgoingMessage): boolean {
    return (
      this.#begun === 0 ||
      message.length <= SHORT_MESSAGE_BYTES ||
      this.#begunBytes + message.length <= this.#begunLimit
    );
  }

  #park(stream: OutgoingStream): void {
    this.#scheduler.remove(stream);
    stream.parked = true;
    this.#parked.push(stream);
  }

  /** Puts those back that may go on. Some may have nothing to send any more. */
  #unpark(): void {
    for (let stream = this.#parked.at(0); stream !== undefined; stream = this.#parked.at(0)) {
      const message = stream.queue.at(0);
      if (stream.parked && message !== undefined && !this.#mayBegin(message)) return;
      this.#parked.shift();
      if (!stream.parked) continue;
      stream.parked = false;
      this.#scheduler.add(stream);
    }
  }

  #leaves(stream: OutgoingStream, bytes: number): void {
    if (stream.unreported === 0) this.unreported.push(stream);
    stream.unreported += bytes;
    stream.bufferedBytes -= bytes;
    this.bufferedBytes -= bytes;
  }

  #schedule(stream: OutgoingStream): void {
    if (stream.scheduled) return;
    stream.scheduled = true;
    this.#scheduler.add(stream);
  }

  #unschedule(stream: OutgoingStream): void {
    stream.scheduled = false;
    if (stream.parked) stream.parked = false;
    else this.#scheduler.remove(stream);
  }
}

/** When a message queued at `now` is given up. A lifetime of 0 leaves it time for a first sending, as in dcSCTP. */
export function expiryOf(maxPacketLifeTime: Millis | undefined, now: Millis): Millis {
  return maxPacketLifeTime === undefined ? NEVER : now + Math.max(1, maxPacketLifeTime);
}
