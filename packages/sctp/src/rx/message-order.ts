// Hot: whole messages to the events, in order (RFC 9260 §6.5, §6.6; RFC 3758 §3.6; RFC 6525 §5.2.2), whatever chunks
// they came in. Their numbers are SSNs of 16 bits or MIDs of 32 (RFC 8260 §2.1).
import { after32, type Drops } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import type { EventQueue } from '../events.ts';
import { IncomingStream } from './incoming-stream.ts';
import type { ReceiveWindow } from './receive-window.ts';

const NO_BYTES = new Uint8Array(0);

export class MessageOrder {
  messagesReceived = 0;
  readonly #events: EventQueue;
  readonly #window: ReceiveWindow;
  readonly #drops: Drops<DropReason>;
  /** Bits by which a number is shorter than 32. */
  readonly #shift: number;
  readonly #streams = new Map<number, IncomingStream>();
  #lastStream: IncomingStream | undefined;
  /** Streams whose reset waits for `deferredTsn`; what comes on them after it is held. Undefined means all streams. */
  #deferred: ReadonlySet<number> | undefined;
  #deferredTsn = 0;
  #isDeferring = false;

  constructor(events: EventQueue, window: ReceiveWindow, drops: Drops<DropReason>, numberBits: 16 | 32) {
    this.#events = events;
    this.#window = window;
    this.#drops = drops;
    this.#shift = 32 - numberBits;
  }

  stream(id: number): IncomingStream {
    if (this.#lastStream?.id === id) return this.#lastStream;
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = new IncomingStream(id);
      this.#streams.set(id, stream);
    }
    this.#lastStream = stream;
    return stream;
  }

  /** Whether the ordered message `number` of `stream` has been delivered or skipped. */
  isOver(stream: IncomingStream, number: number): boolean {
    return this.#after(stream.next, number);
  }

  /** A message is whole. `message` is undefined if it was too long to be kept. */
  complete(
    id: number,
    number: number,
    ordered: boolean,
    ppid: number,
    message: Uint8Array | undefined,
    length: number,
  ): void {
    if (message === undefined) {
      this.#drops.count('message-too-large');
      this.#events.messageDropped(id, ppid, length);
    }
    if (!ordered) {
      this.#emit(id, ppid, message);
      return;
    }
    const stream = this.stream(id);
    if (number === stream.next) {
      stream.next = this.#add(number, 1);
      this.#emit(id, ppid, message);
      if (stream.waiting !== undefined) this.#deliverNext(stream);
    } else this.#wait(stream, number, ppid, message);
  }

  /** RFC 3758 §3.6: ordered messages of the stream up to `number` that are not here never will be. */
  skip(id: number, number: number): void {
    const stream = this.stream(id);
    if (this.#after(stream.next, number)) return;
    const { waiting } = stream;
    // By number or by message, whichever are fewer: a peer chooses both.
    if (waiting !== undefined && waiting.size < this.#add(number, -stream.next)) {
      const ready = [...waiting.keys()].filter((early) => !this.#after(early, number));
      ready.sort((a, b) => (this.#after(a, b) ? 1 : -1));
      for (const early of ready) this.#deliverWaiting(stream, early);
    } else if (waiting !== undefined)
      for (let early = stream.next; !this.#after(early, number); early = this.#add(early, 1))
        this.#deliverWaiting(stream, early);
    stream.next = this.#add(number, 1);
    this.#deliverNext(stream);
  }

  /** RFC 6525 §5.2.2: the peer's side of these streams starts afresh; no streams means all. Returns those it was done to. */
  reset(streams: readonly number[]): readonly number[] {
    const ids = streams.length > 0 ? streams : [...this.#streams.keys()];
    for (const id of ids) {
      const stream = this.#streams.get(id);
      for (const message of stream?.waiting?.values() ?? []) this.#window.give(message.bytes?.length ?? 0);
      this.#streams.delete(id);
    }
    this.#lastStream = undefined;
    return ids;
  }

  /** The streams in use among `streams`; none named means all. */
  used(streams: readonly number[]): IncomingStream[] {
    const used: IncomingStream[] = [];
    for (const id of streams.length > 0 ? streams : this.#streams.keys()) {
      const stream = this.#streams.get(id);
      if (stream !== undefined) used.push(stream);
    }
    return used;
  }

  /** RFC 6525 §5.2.2 E5: what comes on these streams after `tsn` is to be held until the reset has been performed. */
  deferReset(streams: readonly number[], tsn: number): void {
    this.#deferred = streams.length > 0 ? new Set(streams) : undefined;
    this.#deferredTsn = tsn;
    this.#isDeferring = true;
  }

  /** The reset has been performed. */
  endDeferral(): void {
    this.#isDeferring = false;
  }

  /** Whether what came on `stream` with `tsn` belongs behind a reset that is still to be performed. */
  isHeldBack(stream: number, tsn: number): boolean {
    if (!this.#isDeferring || !after32(tsn, this.#deferredTsn)) return false;
    return this.#deferred === undefined || this.#deferred.has(stream);
  }

  #wait(stream: IncomingStream, number: number, ppid: number, bytes: Uint8Array | undefined): void {
    stream.waiting ??= new Map();
    // A number that was used already: the sender has lost count, and nothing can be said of the order.
    if (this.#after(stream.next, number) || stream.waiting.has(number)) {
      this.#drops.count('old-ssn');
      return;
    }
    stream.waiting.set(number, { ppid, bytes });
    this.#window.take(bytes?.length ?? 0);
  }

  #deliverNext(stream: IncomingStream): void {
    if (stream.waiting === undefined) return;
    while (this.#deliverWaiting(stream, stream.next)) stream.next = this.#add(stream.next, 1);
    if (stream.waiting.size === 0) stream.waiting = undefined;
  }

  #deliverWaiting(stream: IncomingStream, number: number): boolean {
    const message = stream.waiting?.get(number);
    if (message === undefined) return false;
    stream.waiting!.delete(number);
    this.#window.give(message.bytes?.length ?? 0);
    this.#emit(stream.id, message.ppid, message.bytes);
    return true;
  }

  #emit(stream: number, ppid: number, message: Uint8Array | undefined): void {
    if (message === undefined) return;
    this.messagesReceived++;
    this.#events.message(stream, ppid, message.length === 0 ? NO_BYTES : message);
  }

  #after(a: number, b: number): boolean {
    return (a - b) << this.#shift > 0;
  }

  #add(number: number, by: number): number {
    return ((number + by) << this.#shift) >>> this.#shift;
  }
}
