// Hot: which TSNs have come (RFC 9260 §6.2): a cumulative TSN, sorted runs beyond it, duplicates to report.
import { add32, after32, atOrAfter32, distance32, putU16, putU32 } from '@millrace/sans-io';
import {
  LATEST_TSNS_HEADER_BYTES,
  putLatestRun,
  RUN_BYTES,
  writeLatestTsnsHeader,
} from '../packet/latest-tsns.ts';
import { SACK_BYTES, writeSackHeader } from '../packet/sack.ts';

/** A gap block reaches no further than its 16-bit offset. */
const MAX_GAP_OFFSET = 0xffff;
const INITIAL_RUNS = 16;
const NO_TSNS = new Uint32Array(0);
/** Runs that came last and are told beside a SACK, and gap blocks that such a SACK lists. */
const LATEST_RUNS = 32;
const GAP_BLOCKS_BESIDE_LATEST = 64;

export interface TsnTrackerLimits {
  readonly maxTsnSpan: number;
  readonly maxTrackedGaps: number;
  readonly maxGapBlocks: number;
  readonly maxDuplicateTsns: number;
}

export type TsnVerdict = 'new' | 'duplicate' | 'beyond-span' | 'too-many-gaps';

export class TsnTracker {
  /** All TSNs up to this one have come or been skipped. */
  cumulative: number;
  readonly #limits: TsnTrackerLimits;
  // Runs of TSNs beyond the cumulative one, sorted and apart. The first is at #head, so that it leaves in O(1).
  #starts = NO_TSNS;
  #ends = NO_TSNS;
  #head = 0;
  #tail = 0;
  /** Made when there is a first one. */
  #duplicates = NO_TSNS;
  /** TSNs that came last and not in a row, in a ring whose newest is at #latestAt. Made when there is a first one. */
  #latest = NO_TSNS;
  #latestAt = 0;
  #duplicateCount = 0;

  constructor(initialTsn: number, limits: TsnTrackerLimits) {
    this.cumulative = add32(initialTsn, -1);
    this.#limits = limits;
  }

  /** How many runs lie beyond the cumulative TSN: holes before them are missing. */
  get gapCount(): number {
    return this.#tail - this.#head;
  }

  get hasDuplicates(): boolean {
    return this.#duplicateCount > 0;
  }

  /** The highest TSN that has come. */
  get highest(): number {
    return this.#tail > this.#head ? this.#ends[this.#tail - 1]! : this.cumulative;
  }

  /** Whether `tsn` may be recorded. A duplicate is remembered for the next SACK. */
  judge(tsn: number): TsnVerdict {
    if (tsn === add32(this.cumulative, 1)) return 'new'; // runs are apart from the cumulative TSN
    if (!after32(tsn, this.cumulative)) return this.#duplicate(tsn);
    if (distance32(tsn, this.cumulative) > this.#limits.maxTsnSpan) return 'beyond-span';
    const run = this.#runBefore(tsn);
    if (run >= this.#head && atOrAfter32(this.#ends[run]!, tsn)) return this.#duplicate(tsn);
    const joins =
      (run >= this.#head && add32(this.#ends[run]!, 1) === tsn) ||
      (run + 1 < this.#tail && this.#starts[run + 1] === add32(tsn, 1));
    return joins || this.gapCount < this.#limits.maxTrackedGaps ? 'new' : 'too-many-gaps';
  }

  /** Whether `tsn` has come or been skipped. */
  has(tsn: number): boolean {
    if (!after32(tsn, this.cumulative)) return true;
    const run = this.#runBefore(tsn);
    return run >= this.#head && atOrAfter32(this.#ends[run]!, tsn);
  }

  /** Records a TSN that was judged new. */
  record(tsn: number): void {
    if (tsn === add32(this.cumulative, 1)) {
      this.cumulative = tsn;
      this.#absorb();
      return;
    }
    if (this.#latest.length === 0) this.#latest = new Uint32Array(LATEST_RUNS);
    if (add32(this.#latest[this.#latestAt]!, 1) !== tsn) this.#latestAt = (this.#latestAt + 1) % LATEST_RUNS;
    this.#latest[this.#latestAt] = tsn;
    const run = this.#runBefore(tsn);
    const joinsBefore = run >= this.#head && add32(this.#ends[run]!, 1) === tsn;
    const joinsAfter = run + 1 < this.#tail && this.#starts[run + 1] === add32(tsn, 1);
    if (joinsBefore && joinsAfter) {
      this.#ends[run] = this.#ends[run + 1]!;
      this.#removeRun(run + 1);
    } else if (joinsBefore) this.#ends[run] = tsn;
    else if (joinsAfter) this.#starts[run + 1] = tsn;
    else this.#insertRun(run + 1, tsn);
  }

  /** RFC 3758 §3.6: everything up to `tsn` counts as come. */
  skipTo(tsn: number): void {
    if (!after32(tsn, this.cumulative)) return;
    this.cumulative = tsn;
    while (this.#head < this.#tail && !after32(this.#ends[this.#head]!, tsn)) this.#head++;
    if (this.#head < this.#tail && !after32(this.#starts[this.#head]!, tsn))
      this.#starts[this.#head] = add32(tsn, 1);
    this.#absorb();
  }

  /**
   * Writes a LATEST TSNS chunk into `out[at, limit)` if a SACK beside it would not list everything; returns where it ends.
   */
  writeLatest(out: Uint8Array, at: number, limit: number): number {
    const isOutOfReach = distance32(this.highest, this.cumulative) > MAX_GAP_OFFSET;
    if (this.gapCount <= GAP_BLOCKS_BESIDE_LATEST && !isOutOfReach) return at;
    const end = at + LATEST_TSNS_HEADER_BYTES + LATEST_RUNS * RUN_BYTES;
    if (end + SACK_BYTES + GAP_BLOCKS_BESIDE_LATEST * 4 > limit) return at;
    let runs = 0;
    let lastStart = this.cumulative;
    for (let i = 0; i < LATEST_RUNS; i++) {
      const tsn = this.#latest[(this.#latestAt + LATEST_RUNS - i) % LATEST_RUNS]!;
      if (!after32(tsn, this.cumulative)) continue;
      const run = this.#runBefore(tsn);
      const start = this.#starts[run]!;
      if (start === lastStart) continue;
      lastStart = start;
      putLatestRun(out, at, runs++, start, this.#ends[run]!);
    }
    return runs === 0 ? at : writeLatestTsnsHeader(out, at, runs);
  }

  /**
   * Writes a SACK chunk into `out[at, limit)`, with as many blocks as fit; returns where it ends, `at` if there is no room.
   * `besideLatest`: a LATEST TSNS chunk goes with it, so that not many blocks are needed.
   */
  writeSack(out: Uint8Array, at: number, limit: number, window: number, besideLatest = false): number {
    let room = (limit - at - SACK_BYTES) >> 2;
    if (room < 0) return at;
    const cap = besideLatest ? GAP_BLOCKS_BESIDE_LATEST : this.#limits.maxGapBlocks;
    const most = Math.min(this.gapCount, cap, room);
    let gaps = 0;
    for (let end = at + SACK_BYTES; gaps < most; gaps++, end += 4) {
      const last = distance32(this.#ends[this.#head + gaps]!, this.cumulative);
      if (last > MAX_GAP_OFFSET) break;
      putU16(out, end, distance32(this.#starts[this.#head + gaps]!, this.cumulative));
      putU16(out, end + 2, last);
    }
    room -= gaps;
    const duplicates = Math.min(this.#duplicateCount, room);
    let end = at + SACK_BYTES + gaps * 4;
    for (let i = 0; i < duplicates; i++, end += 4) putU32(out, end, this.#duplicates[i]!);
    this.#duplicateCount = 0;
    writeSackHeader(out, at, this.cumulative, window, gaps, duplicates);
    return end;
  }

  /** What many holes needed is given back, if none is left. */
  trim(): void {
    if (this.gapCount > 0) return;
    this.#starts = NO_TSNS;
    this.#ends = NO_TSNS;
    this.#latest = NO_TSNS;
    this.#latestAt = 0;
    this.#head = this.#tail = 0;
  }

  #duplicate(tsn: number): TsnVerdict {
    const most = this.#limits.maxDuplicateTsns;
    if (this.#duplicates.length < most) this.#duplicates = new Uint32Array(most);
    if (this.#duplicateCount < this.#duplicates.length) this.#duplicates[this.#duplicateCount++] = tsn;
    return 'duplicate';
  }

  /** Index of the last run that starts at or before `tsn`; #head - 1 if there is none. */
  #runBefore(tsn: number): number {
    // The newest run is nearly always the one.
    if (this.#tail === this.#head) return this.#head - 1;
    if (!after32(this.#starts[this.#tail - 1]!, tsn)) return this.#tail - 1;
    let low = this.#head - 1;
    let high = this.#tail - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (after32(this.#starts[middle]!, tsn)) high = middle;
      else low = middle;
    }
    return low;
  }

  /** The cumulative TSN has reached the first run: it goes on to its end. */
  #absorb(): void {
    if (this.#head < this.#tail && this.#starts[this.#head] === add32(this.cumulative, 1))
      this.cumulative = this.#ends[this.#head++]!;
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
  }

  #insertRun(index: number, tsn: number): void {
    if (this.#tail === this.#starts.length) {
      index -= this.#head;
      this.#makeRoom();
    }
    this.#starts.copyWithin(index + 1, index, this.#tail);
    this.#ends.copyWithin(index + 1, index, this.#tail);
    this.#starts[index] = tsn;
    this.#ends[index] = tsn;
    this.#tail++;
  }

  #removeRun(index: number): void {
    this.#starts.copyWithin(index, index + 1, this.#tail);
    this.#ends.copyWithin(index, index + 1, this.#tail);
    this.#tail--;
  }

  /** Moves the runs to the front, into longer arrays unless the old ones are half empty. */
  #makeRoom(): void {
    const count = this.gapCount;
    const { length: old } = this.#starts;
    const length = Math.max(INITIAL_RUNS, count * 2 > old ? old * 2 : old);
    const starts = new Uint32Array(length);
    const ends = new Uint32Array(length);
    for (let i = 0; i < count; i++) {
      starts[i] = this.#starts[this.#head + i]!;
      ends[i] = this.#ends[this.#head + i]!;
    }
    this.#starts = starts;
    this.#ends = ends;
    this.#head = 0;
    this.#tail = count;
  }
}
