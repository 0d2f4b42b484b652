// Hot: messages in pieces. The fragments of a message have consecutive TSNs (RFC 9260 §6.9), so what has come of
// it is one run of TSNs, or several when some are missing; each run is a buffer that grows. Runs that come to
// touch become one. Payload is copied once into its message's memory; what arrived behind a hole is copied
// again when the hole closes.
import { add32, after32, copyBytes } from '@millrace/sans-io';

const NOTHING = new Uint8Array(0);
/** Runs kept for reuse. */
const KEPT_RUNS = 64;

export class FragmentRun {
  firstTsn = 0;
  lastTsn = 0;
  hasBegin = false;
  hasEnd = false;
  stream = 0;
  ssn = 0;
  ppid = 0;
  ordered = true;
  bytes: Uint8Array = NOTHING;
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
      if (length > this.bytes.length) this.#grow(length);
      copyBytes(this.bytes, this.length, bytes, at, end);
    }
    this.length = length;
  }

  giveUp(): void {
    this.isTooLong = true;
    this.bytes = NOTHING;
  }

  /** The message, in memory of exactly its length. Call once: it is handed over. */
  takeMessage(): Uint8Array {
    const whole = this.bytes.length === this.length ? this.bytes : this.bytes.slice(0, this.length);
    this.bytes = NOTHING;
    return whole;
  }

  #grow(atLeast: number): void {
    const grown = new Uint8Array(Math.max(atLeast, this.bytes.length * 2));
    copyBytes(grown, 0, this.bytes, 0, this.length);
    this.bytes = grown;
  }
}

export class FragmentRuns {
  /** Sorted by TSN, none touching another of the same message. */
  readonly #runs: FragmentRun[] = [];
  readonly #free: FragmentRun[] = [];

  get count(): number {
    return this.#runs.length;
  }

  at(index: number): FragmentRun {
    return this.#runs[index]!;
  }

  /** Index of the last run that starts at or before `tsn`, or -1. */
  indexBefore(tsn: number): number {
    const runs = this.#runs;
    let high = runs.length;
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
    const run = this.#free.pop() ?? new FragmentRun();
    run.firstTsn = tsn;
    run.lastTsn = tsn;
    run.length = 0;
    run.isTooLong = false;
    const runs = this.#runs;
    runs.push(run);
    for (let i = runs.length - 1; i > index; i--) runs[i] = runs[i - 1]!;
    runs[index] = run;
    return run;
  }

  remove(index: number): void {
    const runs = this.#runs;
    const run = runs[index]!;
    for (let i = index; i < runs.length - 1; i++) runs[i] = runs[i + 1]!;
    runs.pop();
    run.bytes = NOTHING;
    if (this.#free.length < KEPT_RUNS) this.#free.push(run);
  }

  /** Joins run `index` and the one behind it, which begins where the first one ends. */
  join(index: number, maxMessageSize: number): void {
    const run = this.#runs[index]!;
    const next = this.#runs[index + 1]!;
    if (next.isTooLong) {
      run.giveUp();
      run.length += next.length;
    } else run.append(next.bytes, 0, next.length, maxMessageSize);
    run.lastTsn = next.lastTsn;
    run.hasEnd = next.hasEnd;
    this.remove(index + 1);
  }

  /** Whether the run at `index` ends just before `tsn`. */
  endsBefore(index: number, tsn: number): boolean {
    return index >= 0 && add32(this.#runs[index]!.lastTsn, 1) === tsn;
  }
}
