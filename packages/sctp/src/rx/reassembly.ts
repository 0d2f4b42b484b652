// Hot: from DATA chunks to messages (RFC 9260 §6.9): fragments of a message have consecutive TSNs. What was sent as
// I-DATA is put together in interleaved-reassembly.ts.
import { add32, type Drops, ownCopy } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import type { EventQueue } from '../events.ts';
import { BEGIN, END, UNORDERED } from '../packet/data.ts';
import { type FragmentRun, FragmentRuns } from './fragments.ts';
import { MessageOrder } from './message-order.ts';
import type { ReceiveWindow } from './receive-window.ts';

/** A whole message behind a stream reset that has not been performed yet. */
interface HeldMessage {
  readonly stream: number;
  readonly ssn: number;
  readonly ordered: boolean;
  readonly ppid: number;
  readonly bytes: Uint8Array | undefined;
  readonly length: number;
}

export class Reassembly {
  readonly order: MessageOrder;
  readonly #window: ReceiveWindow;
  readonly #drops: Drops<DropReason>;
  readonly #maxMessageSize: number;
  readonly #runs = new FragmentRuns();
  readonly #held: HeldMessage[] = [];

  constructor(events: EventQueue, window: ReceiveWindow, drops: Drops<DropReason>, maxMessageSize: number) {
    this.order = new MessageOrder(events, window, drops, 16);
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

  /** RFC 6525 §5.2.2: the peer's side of these streams starts afresh; no streams means all. Returns those it was done to. */
  reset(streams: readonly number[]): readonly number[] {
    return this.order.reset(streams);
  }

  /** The reset has been performed: what was held comes now. */
  endDeferral(): void {
    this.order.endDeferral();
    for (const held of this.#held.splice(0)) {
      this.#window.give(held.bytes?.length ?? 0);
      this.order.complete(held.stream, held.ssn, held.ordered, held.ppid, held.bytes, held.length);
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
    const hint = isTrusted ? this.order.stream(id).lastLength : 0;
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
    if (message !== undefined) this.order.stream(stream).lastLength = length;
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

  /** A message is whole. `message` is undefined if it was too long to be kept. `tsn` is that of its last chunk. */
  #complete(
    stream: number,
    ssn: number,
    ordered: boolean,
    ppid: number,
    bytes: Uint8Array | undefined,
    length: number,
    tsn: number,
  ): void {
    if (!this.order.isHeldBack(stream, tsn)) {
      this.order.complete(stream, ssn, ordered, ppid, bytes, length);
      return;
    }
    this.#window.take(bytes?.length ?? 0);
    this.#held.push({ stream, ssn, ordered, ppid, bytes, length });
  }
}
