// Hot: from DATA chunks to messages in order (RFC 9260 §6.5, §6.6, §6.9; RFC 3758 §3.6; RFC 6525 §5.2.2).
// Interleaved messages (RFC 8260) would be another class with the same verbs.
import { add16, add32, after16, after32, type Drops, ownCopy } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import type { EventQueue } from '../events.ts';
import { BEGIN, END, UNORDERED } from '../packet/data.ts';
import { type FragmentRun, FragmentRuns } from './fragments.ts';
import { type HeldMessage, IncomingStream } from './incoming-stream.ts';
import type { ReceiveWindow } from './receive-window.ts';

const NO_BYTES = new Uint8Array(0);

export class Reassembly {
  messagesReceived = 0;
  readonly #events: EventQueue;
  readonly #window: ReceiveWindow;
  readonly #drops: Drops<DropReason>;
  readonly #maxMessageSize: number;
  readonly #runs = new FragmentRuns();
  readonly #streams = new Map<number, IncomingStream>();
  #lastStream: IncomingStream | undefined;
  /** Streams whose reset waits for `deferredTsn`; what comes on them after it is held. Undefined means all streams. */
  #deferred: ReadonlySet<number> | undefined;
  #deferredTsn = 0;
  #isDeferring = false;
  readonly #held: HeldMessage[] = [];

  constructor(events: EventQueue, window: ReceiveWindow, drops: Drops<DropReason>, maxMessageSize: number) {
    this.#events = events;
    this.#window = window;
    this.#drops = drops;
    this.#maxMessageSize = maxMessageSize;
  }

  /** Pieces of messages that are held. */
  get runCount(): number {
    return this.#runs.count;
  }

  /** Takes the payload `bytes[at, end)` of a chunk that has not come before; its neighbours may have. */
  add(
    tsn: number,
    hasPrevious: boolean,
    hasNext: boolean,
    flags: number,
    stream: number,
    ssn: number,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    const ordered = (flags & UNORDERED) === 0;
    if ((flags & (BEGIN | END)) === (BEGIN | END)) {
      if (this.#runs.count > 0) {
        this.#dropUnfinishedBefore(tsn);
        this.#dropOrphanAt(add32(tsn, 1));
      }
      if (end - at > this.#maxMessageSize)
        this.#complete(stream, ssn, ordered, ppid, undefined, end - at, tsn);
      else this.#complete(stream, ssn, ordered, ppid, ownCopy(bytes, at, end), end - at, tsn);
      return;
    }
    this.#addFragment(tsn, hasPrevious, hasNext, flags, stream, ssn, ordered, ppid, bytes, at, end);
  }

  /** RFC 3758 §3.6: nothing up to `tsn` will come any more. */
  skipTo(tsn: number): void {
    const skipped = this.#runs.indexBefore(tsn) + 1;
    for (let i = 0; i < skipped; i++) this.#window.give(this.#runs.at(i).kept);
    this.#runs.removeFirst(skipped);
    if (this.#runs.count > 0) this.#dropOrphanAt(add32(tsn, 1));
  }

  /** RFC 3758 §3.6: messages of the stream up to `ssn` that are not here never will be. */
  skipSsn(id: number, ssn: number): void {
    const stream = this.#stream(id);
    if (after16(stream.nextSsn, ssn)) return;
    const { waiting } = stream;
    // By number or by message, whichever are fewer: a peer chooses both.
    if (waiting !== undefined && waiting.size < add16(ssn, -stream.nextSsn)) {
      const ready = [...waiting.keys()].filter((early) => !after16(early, ssn));
      ready.sort((a, b) => (after16(a, b) ? 1 : -1));
      for (const early of ready) this.#deliverWaiting(stream, waiting, early);
    } else if (waiting !== undefined)
      for (let early = stream.nextSsn; !after16(early, ssn); early = add16(early, 1))
        this.#deliverWaiting(stream, waiting, early);
    stream.nextSsn = add16(ssn, 1);
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

  /** RFC 6525 §5.2.2 E5: what comes on these streams after `tsn` is held until the reset has been performed. */
  deferReset(streams: readonly number[], tsn: number): void {
    this.#deferred = streams.length > 0 ? new Set(streams) : undefined;
    this.#deferredTsn = tsn;
    this.#isDeferring = true;
  }

  /** The reset has been performed: what was held comes now. */
  endDeferral(): void {
    this.#isDeferring = false;
    for (const held of this.#held.splice(0)) {
      this.#window.give(held.bytes?.length ?? 0);
      this.#deliver(held);
    }
  }

  #addFragment(
    tsn: number,
    hasPrevious: boolean,
    hasNext: boolean,
    flags: number,
    stream: number,
    ssn: number,
    ordered: boolean,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    const runs = this.#runs;
    const isBegin = (flags & BEGIN) !== 0;
    const isEnd = (flags & END) !== 0;
    let index = runs.indexBefore(tsn);
    let run: FragmentRun | undefined;
    if (runs.endsBefore(index, tsn) && !runs.at(index).hasEnd) {
      run = runs.at(index);
      if (isBegin || !run.belongsWith(stream, ssn, ordered)) {
        // A message that breaks off: its end can never come.
        this.#drops.count('broken-message');
        this.#dropRun(index--);
        run = undefined;
      }
    }
    if (run === undefined) {
      if (hasPrevious && !isBegin) {
        // What was before it has come, and does not go on here: its beginning never comes.
        this.#drops.count('broken-message');
        this.#dropOrphanAt(add32(tsn, 1));
        return;
      }
      run = runs.insert(++index, tsn);
      run.hasBegin = isBegin;
      run.stream = stream;
      run.ssn = ssn;
      run.ppid = ppid;
      run.ordered = ordered;
      run.bytes = this.#memoryFor(stream, isBegin && runs.count === 1, end - at);
      this.#window.take(0);
    }
    const before = run.kept;
    run.append(bytes, at, end, this.#maxMessageSize);
    run.lastTsn = tsn;
    run.hasEnd = isEnd;
    this.#window.held += run.kept - before;
    if (isEnd) this.#dropOrphanAt(add32(tsn, 1));
    else if (!this.#goesOn(index, run, hasNext)) {
      this.#drops.count('broken-message');
      this.#dropRun(index);
      this.#dropOrphanAt(add32(tsn, 1));
      return;
    }
    this.#finishIfWhole(index);
  }

  /** Joins the run behind, if that is where this one goes on. False if it can no longer go on. */
  #goesOn(index: number, run: FragmentRun, hasNext: boolean): boolean {
    const runs = this.#runs;
    const next = index + 1 < runs.count ? runs.at(index + 1) : undefined;
    if (next === undefined || next.firstTsn !== add32(run.lastTsn, 1)) return !hasNext;
    if (next.hasBegin || !next.belongsWith(run.stream, run.ssn, run.ordered)) return false;
    const before = run.kept + next.kept;
    runs.join(index, this.#maxMessageSize);
    this.#window.held += runs.at(index).kept - before;
    this.#window.give(0);
    return true;
  }

  /** A message that has not ended before another begins never will. */
  #dropUnfinishedBefore(tsn: number): void {
    const index = this.#runs.indexBefore(tsn);
    if (!this.#runs.endsBefore(index, tsn) || this.#runs.at(index).hasEnd) return;
    this.#drops.count('broken-message');
    this.#dropRun(index);
  }

  /**
   * Memory for a new run: as much as the stream's last message took, if the window has that much left. The window is
   * charged for what has come only, so no more than one run is trusted to grow that long.
   */
  #memoryFor(id: number, isTrusted: boolean, length: number): Uint8Array {
    const hint = isTrusted ? this.#stream(id).lastLength : 0;
    if (hint > length && hint <= this.#window.available) return new Uint8Array(hint);
    return new Uint8Array(Math.min(length * 4, Math.max(length, this.#maxMessageSize)));
  }

  #finishIfWhole(index: number): void {
    const run = this.#runs.at(index);
    if (!run.isWhole) return;
    const { stream, ssn, ordered, ppid, length, lastTsn } = run;
    this.#window.give(run.kept);
    const message = run.isTooLong ? undefined : run.takeMessage();
    this.#runs.remove(index);
    this.#complete(stream, ssn, ordered, ppid, message, length, lastTsn);
    if (message !== undefined) this.#stream(stream).lastLength = length;
  }

  /** A fragment that is not the first one, right behind the end of a message, belongs to nothing. */
  #dropOrphanAt(tsn: number): void {
    const index = this.#runs.indexBefore(tsn);
    if (index < 0) return;
    const run = this.#runs.at(index);
    if (run.firstTsn !== tsn || run.hasBegin) return;
    this.#drops.count('broken-message');
    this.#dropRun(index);
  }

  #dropRun(index: number): void {
    this.#window.give(this.#runs.at(index).kept);
    this.#runs.remove(index);
  }

  /** A message is whole. `message` is undefined if it was too long to be kept. */
  #complete(
    id: number,
    ssn: number,
    ordered: boolean,
    ppid: number,
    message: Uint8Array | undefined,
    length: number,
    tsn: number,
  ): void {
    if (message === undefined) {
      this.#drops.count('message-too-large');
      this.#events.messageDropped(id, ppid, length);
    }
    if (this.#isDeferring && this.#isHeldBack(id, tsn)) {
      this.#window.take(message?.length ?? 0);
      this.#held.push({ stream: id, ssn, ordered, ppid, bytes: message, tsn });
      return;
    }
    if (!ordered) {
      this.#emit(id, ppid, message);
      return;
    }
    const stream = this.#stream(id);
    if (ssn === stream.nextSsn) {
      stream.nextSsn = add16(ssn, 1);
      this.#emit(id, ppid, message);
      if (stream.waiting !== undefined) this.#deliverNext(stream);
    } else this.#wait(stream, { stream: id, ssn, ordered, ppid, bytes: message, tsn });
  }

  #deliver(held: HeldMessage): void {
    if (!held.ordered) this.#emit(held.stream, held.ppid, held.bytes);
    else {
      const stream = this.#stream(held.stream);
      this.#wait(stream, held);
      this.#deliverNext(stream);
    }
  }

  #wait(stream: IncomingStream, message: HeldMessage): void {
    stream.waiting ??= new Map();
    // A sequence number that was used already: the sender has lost count, and nothing can be said of the order.
    if (after16(stream.nextSsn, message.ssn) || stream.waiting.has(message.ssn)) {
      this.#drops.count('old-ssn');
      return;
    }
    stream.waiting.set(message.ssn, message);
    this.#window.take(message.bytes?.length ?? 0);
  }

  #deliverNext(stream: IncomingStream): void {
    const { waiting } = stream;
    if (waiting === undefined) return;
    while (this.#deliverWaiting(stream, waiting, stream.nextSsn)) stream.nextSsn = add16(stream.nextSsn, 1);
    if (waiting.size === 0) stream.waiting = undefined;
  }

  #deliverWaiting(stream: IncomingStream, waiting: Map<number, HeldMessage>, ssn: number): boolean {
    const message = waiting.get(ssn);
    if (message === undefined) return false;
    waiting.delete(ssn);
    this.#window.give(message.bytes?.length ?? 0);
    this.#emit(stream.id, message.ppid, message.bytes);
    return true;
  }

  #emit(stream: number, ppid: number, message: Uint8Array | undefined): void {
    if (message === undefined) return;
    this.messagesReceived++;
    this.#events.message(stream, ppid, message.length === 0 ? NO_BYTES : message);
  }

  #isHeldBack(stream: number, tsn: number): boolean {
    return after32(tsn, this.#deferredTsn) && (this.#deferred === undefined || this.#deferred.has(stream));
  }

  #stream(id: number): IncomingStream {
    if (this.#lastStream?.id === id) return this.#lastStream;
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = new IncomingStream(id);
      this.#streams.set(id, stream);
    }
    this.#lastStream = stream;
    return stream;
  }
}
