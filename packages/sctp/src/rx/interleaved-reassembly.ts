// Hot: from I-DATA chunks to messages (RFC 8260 §2.2.3): fragments are found by stream, message and fragment number,
// so that those of several messages may come mixed. A message in one chunk passes straight through.
import { type Drops, ownCopy } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import type { EventQueue } from '../events.ts';
import { PARTIAL_MESSAGE_BYTES } from '../options.ts';
import { BEGIN, END, UNORDERED } from '../packet/data.ts';
import { FragmentPool } from './fragments.ts';
import type { IncomingStream } from './incoming-stream.ts';
import { MessageOrder } from './message-order.ts';
import { PartialMessage } from './partial-message.ts';
import { PartialTable } from './partial-table.ts';
import type { ReceiveWindow } from './receive-window.ts';

/** Objects kept for reuse. */
const KEPT_PARTIALS = 64;

/** A fragment behind a stream reset that has not been performed yet. */
interface HeldFragment {
  readonly flags: number;
  readonly stream: number;
  readonly mid: number;
  readonly ppidOrFsn: number;
  readonly bytes: Uint8Array;
  readonly gaps: number;
}

export class InterleavedReassembly {
  readonly order: MessageOrder;
  readonly #window: ReceiveWindow;
  readonly #drops: Drops<DropReason>;
  readonly #maxMessageSize: number;
  readonly #pool = new FragmentPool();
  readonly #free: PartialMessage[] = [];
  readonly #held: HeldFragment[] = [];
  /** Memory reserved for messages before their bytes have come. */
  #reserved = 0;

  constructor(events: EventQueue, window: ReceiveWindow, drops: Drops<DropReason>, maxMessageSize: number) {
    this.order = new MessageOrder(events, window, drops, 32);
    this.#window = window;
    this.#drops = drops;
    this.#maxMessageSize = maxMessageSize;
  }

  /** Takes the payload `bytes[at, end)` of a chunk that has not come before. `gaps` runs of TSNs lie behind a hole. */
  add(
    tsn: number,
    gaps: number,
    flags: number,
    stream: number,
    mid: number,
    ppidOrFsn: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    if (this.order.isHeldBack(stream, tsn)) {
      const copy = ownCopy(bytes, at, end);
      this.#window.take(copy.length);
      this.#held.push({ flags, stream, mid, ppidOrFsn, bytes: copy, gaps });
      return;
    }
    const isWhole = (flags & (BEGIN | END)) === (BEGIN | END);
    const ordered = (flags & UNORDERED) === 0;
    const incoming = this.order.stream(stream);
    const partials = ordered ? incoming.orderedPartials : incoming.unorderedPartials;
    if (isWhole && (partials === undefined || partials.size === 0)) {
      const message = end - at > this.#maxMessageSize ? undefined : ownCopy(bytes, at, end);
      this.order.complete(stream, mid, ordered, ppidOrFsn, message, end - at);
    } else this.#addFragment(incoming, ordered, gaps, flags, mid, ppidOrFsn, bytes, at, end);
  }

  /** RFC 8260 §2.3.1: messages of the stream up to `mid`, ordered or unordered, that are not here never will be. */
  skip(id: number, ordered: boolean, mid: number): void {
    const stream = this.order.stream(id);
    const from = ordered ? stream.next : stream.nextUnordered;
    if (((from - mid) | 0) > 0) return;
    const partials = ordered ? stream.orderedPartials : stream.unorderedPartials;
    if (partials !== undefined) {
      // By number or by message, whichever are fewer: a peer chooses both.
      if (partials.size < (mid - from) >>> 0) {
        for (const number of partials.mids())
          if (((number - mid) | 0) <= 0) this.#forget(partials, number, partials.get(number)!);
      } else
        for (let number = from; ((number - mid) | 0) <= 0; number = (number + 1) >>> 0) {
          const partial = partials.get(number);
          if (partial !== undefined) this.#forget(partials, number, partial);
        }
    }
    if (ordered) this.order.skip(id, mid);
    else stream.nextUnordered = (mid + 1) >>> 0;
  }

  /** RFC 6525 §5.2.2: the peer's side of these streams starts afresh; no streams means all. Returns those it was done to. */
  reset(streams: readonly number[]): readonly number[] {
    for (const stream of this.order.used(streams)) {
      this.#forgetAll(stream, true);
      this.#forgetAll(stream, false);
    }
    return this.order.reset(streams);
  }

  /** The reset has been performed: what was held comes now. */
  endDeferral(): void {
    this.order.endDeferral();
    for (const { flags, stream, mid, ppidOrFsn, bytes, gaps } of this.#held.splice(0)) {
      this.#window.give(bytes.length);
      this.add(0, gaps, flags, stream, mid, ppidOrFsn, bytes, 0, bytes.length);
    }
  }

  #addFragment(
    stream: IncomingStream,
    ordered: boolean,
    gaps: number,
    flags: number,
    mid: number,
    ppidOrFsn: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    const isOld = ordered
      ? this.order.isOver(stream, mid) || stream.waiting?.has(mid)
      : ((stream.nextUnordered - mid) | 0) > 0;
    if (isOld) {
      this.#drops.count('old-ssn');
      return;
    }
    let partials = ordered ? stream.orderedPartials : stream.unorderedPartials;
    if (partials === undefined) {
      partials = new PartialTable();
      if (ordered) stream.orderedPartials = partials;
      else stream.unorderedPartials = partials;
    }
    let partial = partials.get(mid);
    if (partial === undefined) {
      partial = this.#free.pop() ?? new PartialMessage(this.#pool);
      partial.renew();
      partials.add(mid, partial);
      this.#window.takeUnfinished(PARTIAL_MESSAGE_BYTES);
    }
    if (partial.isBroken) return;
    const isBegin = (flags & BEGIN) !== 0;
    const fsn = isBegin ? 0 : ppidOrFsn;
    const pieces = partial.runs.count;
    const index = partial.place(fsn, isBegin, (flags & END) !== 0, gaps);
    if (index < 0) {
      this.#break(partial);
      return;
    }
    const run = partial.runs.at(index);
    if (partial.runs.count > pieces) {
      run.bytes = this.#memoryFor(stream, partial, isBegin, end - at);
      this.#window.takeUnfinished(0);
    }
    if (isBegin) run.ppid = ppidOrFsn;
    const before = run.kept;
    run.append(bytes, at, end, this.#maxMessageSize);
    run.lastTsn = fsn;
    run.hasEnd = (flags & END) !== 0;
    this.#window.growUnfinished(run.kept - before);
    const next = partial.nextOf(index);
    if (next !== undefined) {
      const apart = run.kept + next.kept;
      partial.runs.join(index, this.#maxMessageSize);
      this.#window.growUnfinished(partial.runs.at(index).kept - apart);
      this.#window.giveUnfinished(0);
    }
    if (partial.runs.at(index).isWhole) this.#finish(stream, ordered, partials, mid, partial);
  }

  #finish(
    stream: IncomingStream,
    ordered: boolean,
    partials: PartialTable,
    mid: number,
    partial: PartialMessage,
  ): void {
    const run = partial.runs.at(0);
    const { ppid, length } = run;
    const message = run.isTooLong ? undefined : run.takeMessage();
    if (message !== undefined) stream.lastLength = length;
    this.#forget(partials, mid, partial);
    this.order.complete(stream.id, mid, ordered, ppid, message, length);
  }

  /** Its fragments contradict each other; in its place among the messages nothing will come. */
  #break(partial: PartialMessage): void {
    this.#drops.count('broken-message');
    this.#clear(partial);
    partial.isBroken = true;
  }

  /**
   * Memory for a new run: as much as the stream's last message took, if the window has that much left beside what
   * others have been given ahead of their bytes.
   */
  #memoryFor(stream: IncomingStream, partial: PartialMessage, isBegin: boolean, length: number): Uint8Array {
    const hint = isBegin ? stream.lastLength : 0;
    if (hint > length && hint + this.#reserved <= this.#window.available) {
      partial.reserved = hint;
      this.#reserved += hint;
      return new Uint8Array(hint);
    }
    return new Uint8Array(Math.min(length * 4, Math.max(length, this.#maxMessageSize)));
  }

  #forgetAll(stream: IncomingStream, ordered: boolean): void {
    const partials = ordered ? stream.orderedPartials : stream.unorderedPartials;
    if (partials === undefined) return;
    for (const mid of partials.mids()) this.#forget(partials, mid, partials.get(mid)!);
  }

  #forget(partials: PartialTable, mid: number, partial: PartialMessage): void {
    this.#clear(partial);
    this.#window.giveUnfinished(PARTIAL_MESSAGE_BYTES);
    partials.delete(mid);
    if (this.#free.length < KEPT_PARTIALS) this.#free.push(partial);
  }

  /** What has come of it is gone. */
  #clear(partial: PartialMessage): void {
    const { runs } = partial;
    for (let i = 0; i < runs.count; i++) this.#window.giveUnfinished(runs.at(i).kept);
    runs.removeFirst(runs.count);
    this.#reserved -= partial.reserved;
    partial.reserved = 0;
  }
}
