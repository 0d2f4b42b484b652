// Hot: messages in pieces. The fragments of a message have consecutive TSNs (RFC 9260 §6.9), or numbers of their own
// that take the TSNs' place here (RFC 8260 §2.1), so what has come of it is one run, or several when some are missing; each run is a buffer that grows. Runs that come to
// touch become one. Payload is copied once into its message's memory; when a hole closes, the shorter side of it is
// copied again, so that the cost does not depend on the order of arrival.
import { add32, after32, copyBytes } from '@millrace/sans-io';

const NOTHING = new Uint8Array(0);
/** Runs kept for reuse. */
const KEPT_RUNS = 64;
/** Places of an empty list that are kept. */
const KEPT_PLACES = 64;

export class FragmentRun {
  firstTsn = 0;
  lastTsn = 0;
  hasBegin = false;
  hasEnd = false;
  stream = 0;
  ssn = 0;
  ppid = 0;
  ordered = true;
  /** The payload is `bytes[start, start + length)`. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  length = 0;
  /** Its message is longer than allowed: it is counted but not kept. */
  isTooLong = false;

  get isWhole(): boolean {
    return this.hasBegin && this.hasEnd;
  }

  /** Bytes that are kept: what the receive window is charged for. */
  get kept(): number {
    return this.isTooLong ? 0 : this.length;
  }

  belongsWith(stream: number, ssn: number, ordered: boolean): boolean {
    return this.stream === stream && this.ordered === ordered && (!ordered || this.ssn === ssn);
  }

  append(bytes: Uint8Array, at: number, end: number, maxMessageSize: number): void {
    const length = this.length + end - at;
    if (length > maxMessageSize) this.giveUp();
    if (!this.isTooLong) {
      if (this.start + length > this.bytes.length) this.#move(0, Math.max(length, this.length * 2));
      copyBytes(this.bytes, this.start + this.length, bytes, at, end);
    }
    this.length = length;
  }

  /** The other way round, for runs that come backwards. */
  prepend(bytes: Uint8Array, at: number, end: number, maxMessageSize: number): void {
    const more = end - at;
    const length = this.length + more;
    if (length > maxMessageSize) this.giveUp();
    if (!this.isTooLong) {
      if (more > this.start) {
        const room = Math.max(more, this.length);
        this.#move(room, room + this.length);
      }
      this.start -= more;
      copyBytes(this.bytes, this.start, bytes, at, end);
    }
    this.length = length;
  }

  giveUp(): void {
    this.isTooLong = true;
    this.bytes = NOTHING;
  }

  /** The message, in memory of exactly its length. Call once: it is handed over. */
  takeMessage(): Uint8Array {
    const { bytes, start, length } = this;
    this.bytes = NOTHING;
    return bytes.length === length ? bytes : bytes.slice(start, start + length);
  }

  /** Into `capacity` bytes of memory, with `start` of them free in front. */
  #move(start: number, capacity: number): void {
    const moved = new Uint8Array(capacity);
    copyBytes(moved, start, this.bytes, this.start, this.start + this.length);
    this.bytes = moved;
    this.start = start;
  }
}

/** Objects that are used again, shared by the messages of an association. */
export class FragmentPool {
  readonly #free: FragmentRun[] = [];

  take(): FragmentRun {
    return this.#free.pop() ?? new FragmentRun();
  }

  give(run: FragmentRun): void {
    run.bytes = NOTHING;
    if (this.#free.length < KEPT_RUNS) this.#free.push(run);
  }
}

export class FragmentRuns {
  /** Sorted by TSN, none touching another of the same message. Behind them empty places: V8 shortens arrays that shrink. */
  readonly #runs: Array<FragmentRun | undefined> = [];
  #count = 0;
  readonly #pool: FragmentPool;

  constructor(pool: FragmentPool = new FragmentPool()) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  at(index: number): FragmentRun {
    return this.#runs[index]!;
  }

  /** Index of the last run that starts at or before `tsn`, or -1. */
  indexBefore(tsn: number): number {
    const runs = this.#runs;
    let high = this.#count;
    if (high === 0) return -1;
    if (!after32(runs[high - 1]!.firstTsn, tsn)) return high - 1;
    let low = -1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (after32(runs[middle]!.firstTsn, tsn)) high = middle;
      else low = middle;
    }
    return low;
  }

  /** A new, empty run at `index`. */
  insert(index: number, tsn: number): FragmentRun {
    const run = this.#pool.take();
    run.firstTsn = tsn;
    run.lastTsn = tsn;
    run.start = 0;
    run.length = 0;
    run.isTooLong = false;
    const runs = this.#runs;
    if (this.#count === runs.length) runs.push(run);
    for (let i = this.#count++; i > index; i--) runs[i] = runs[i - 1];
    runs[index] = run;
    return run;
  }

  remove(index: number): void {
    const runs = this.#runs;
    const run = runs[index]!;
    this.#count--;
    for (let i = index; i < this.#count; i++) runs[i] = runs[i + 1];
    this.#empty(this.#count);
    this.#pool.give(run);
  }

  /** The first `count` runs are gone. */
  removeFirst(count: number): void {
    const runs = this.#runs;
    if (count === 0) return;
    for (let i = 0; i < count; i++) this.#pool.give(runs[i]!);
    this.#count -= count;
    for (let i = 0; i < this.#count; i++) runs[i] = runs[i + count];
    this.#empty(this.#count);
  }

  /** Joins run `index` and the one behind it, which begins where the first one ends. The shorter one is copied. */
  join(index: number, maxMessageSize: number): void {
    const run = this.#runs[index]!;
    const next = this.#runs[index + 1]!;
    if (next.isTooLong) run.giveUp();
    if (run.isTooLong || run.length >= next.length) {
      run.append(next.bytes, next.start, next.start + next.length, maxMessageSize);
      run.lastTsn = next.lastTsn;
      run.hasEnd = next.hasEnd;
      this.remove(index + 1);
    } else {
      next.prepend(run.bytes, run.start, run.start + run.length, maxMessageSize);
      next.firstTsn = run.firstTsn;
      next.hasBegin = run.hasBegin;
      next.ppid = run.ppid;
      this.remove(index);
    }
  }

  /** Nothing is left from `index` on; places that many runs have needed are given up. */
  #empty(index: number): void {
    const runs = this.#runs;
    for (let i = index; i < runs.length && runs[i] !== undefined; i++) runs[i] = undefined;
    if (index === 0 && runs.length > KEPT_PLACES) runs.length = 0;
  }

  /** Whether the run at `index` ends just before `tsn`. */
  endsBefore(index: number, tsn: number): boolean {
    return index >= 0 && add32(this.#runs[index]!.lastTsn, 1) === tsn;
  }
}
