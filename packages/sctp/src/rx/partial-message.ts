// Hot: an interleaved message of which some fragments have come (RFC 8260 §2.2.3): runs of fragments by number.
import { type FragmentPool, type FragmentRun, FragmentRuns } from './fragments.ts';

/** Numbers are compared as serial numbers, so no message may have more fragments. */
const MAX_FRAGMENT = 0x7fff_ffff;

export class PartialMessage {
  readonly runs: FragmentRuns;
  /** The last fragment's number; -1 until it has come. */
  #lastFragment = -1;
  /** Its fragments contradict each other: what comes of it is dropped. */
  isBroken = false;
  /** Memory beyond what has come, which the window has been asked for. */
  reserved = 0;

  constructor(pool: FragmentPool) {
    this.runs = new FragmentRuns(pool);
  }

  /** For another message. */
  renew(): void {
    this.#lastFragment = -1;
    this.isBroken = false;
    this.reserved = 0;
  }

  /** Bytes that the window is charged for. */
  get kept(): number {
    let kept = 0;
    for (let i = 0; i < this.runs.count; i++) kept += this.runs.at(i).kept;
    return kept;
  }

  /**
   * Index of the run that fragment `fsn` belongs in: behind its end, or a new one. -1 if there is no place for it, or
   * if more is missing than can be: fragments are sent in order, so each hole among them, and a missing beginning, is
   * one of the `gaps` among TSNs.
   */
  place(fsn: number, isBegin: boolean, isEnd: boolean, gaps: number): number {
    const { runs } = this;
    if (fsn > MAX_FRAGMENT || (fsn === 0) !== isBegin) return -1;
    if (this.#lastFragment >= 0 && (isEnd || fsn > this.#lastFragment)) return -1;
    let index = runs.indexBefore(fsn);
    if (isEnd && index !== runs.count - 1) return -1; // there is one behind the last
    if (index >= 0 && runs.at(index).lastTsn >= fsn) return -1;
    if (!runs.endsBefore(index, fsn)) {
      const joinsNext = index + 1 < runs.count && runs.at(index + 1).firstTsn === fsn + 1;
      const hasBegin = isBegin || (runs.count > 0 && runs.at(0).hasBegin);
      if (runs.count >= (hasBegin ? gaps + 1 : gaps) && !joinsNext) return -1;
      const run = runs.insert(++index, fsn);
      run.hasBegin = isBegin;
      run.hasEnd = false;
    }
    if (isEnd) this.#lastFragment = fsn;
    return index;
  }

  /** The run behind `index`, if that one goes on with it. */
  nextOf(index: number): FragmentRun | undefined {
    const { runs } = this;
    if (index + 1 >= runs.count) return undefined;
    const next = runs.at(index + 1);
    return next.firstTsn === runs.at(index).lastTsn + 1 ? next : undefined;
  }
}
