// Hot: which packets of one stream are missing, over a window of sequence numbers: a ring with one place a number.
import type { Millis } from '@millrace/sans-io';

const MISSING = 1;
const NO_SEQUENCE = -1;

export class ReceiveLog {
  missing = 0;
  readonly #states: Uint8Array;
  readonly #tries: Uint8Array;
  readonly #missedAt: Float64Array;
  readonly #askAt: Float64Array;
  readonly #mask: number;
  #highest = NO_SEQUENCE;
  /** Nothing is missing before it. */
  #lowest = 0;

  /** `window` is a power of two of at most 2^14. */
  constructor(window: number) {
    this.#states = new Uint8Array(window);
    this.#tries = new Uint8Array(window);
    this.#missedAt = new Float64Array(window);
    this.#askAt = new Float64Array(window);
    this.#mask = window - 1;
  }

  get highest(): number {
    return this.#highest;
  }

  /**
   * How far `sequenceNumber` lies ahead of the highest: 1 is the next, 0 and less is late or a duplicate. The first
   * packet is always the next.
   */
  ahead(sequenceNumber: number): number {
    if (this.#highest === NO_SEQUENCE) return 1;
    return ((sequenceNumber - this.#highest) << 16) >> 16;
  }

  /** The next in order, or any from which to begin anew. */
  begin(sequenceNumber: number): void {
    this.#highest = sequenceNumber;
    this.#lowest = (sequenceNumber + 1) & 0xffff;
    this.#states.fill(0);
    this.missing = 0;
  }

  /** Takes the number that is next; whoever skips numbers calls `miss` for each before. */
  advance(sequenceNumber: number): void {
    this.#highest = sequenceNumber;
    this.#states[sequenceNumber & this.#mask] = 0;
    if (this.missing === 0) this.#lowest = (sequenceNumber + 1) & 0xffff;
  }

  /** Takes the next number as missing. */
  miss(sequenceNumber: number, now: Millis, askAt: Millis): void {
    const index = sequenceNumber & this.#mask;
    if (this.missing === 0) this.#lowest = sequenceNumber;
    this.#highest = sequenceNumber;
    this.#states[index] = MISSING;
    this.#tries[index] = 0;
    this.#missedAt[index] = now;
    this.#askAt[index] = askAt;
    this.missing++;
  }

  isMissing(sequenceNumber: number): boolean {
    const behind = (this.#highest - sequenceNumber) & 0xffff;
    return behind <= this.#mask && this.#states[sequenceNumber & this.#mask] === MISSING;
  }

  /** It has come, or nobody waits for it any longer. */
  clear(sequenceNumber: number): void {
    this.#states[sequenceNumber & this.#mask] = 0;
    this.missing--;
    if (this.missing === 0) this.#lowest = (this.#highest + 1) & 0xffff;
  }

  /** The first that is missing at or behind `from`; -1 if there is none. */
  nextMissing(from: number): number {
    if (this.missing === 0) return NO_SEQUENCE;
    const count = ((this.#highest - from) & 0xffff) + 1;
    if (count > this.#mask + 1) return NO_SEQUENCE; // it is ahead of all
    for (let i = 0; i < count; i++) {
      const sequenceNumber = (from + i) & 0xffff;
      if (this.#states[sequenceNumber & this.#mask] === MISSING) return sequenceNumber;
    }
    return NO_SEQUENCE;
  }

  /** The oldest that is missing; -1 if there is none. */
  firstMissing(): number {
    const first = this.nextMissing(this.#lowest);
    if (first !== NO_SEQUENCE) this.#lowest = first;
    return first;
  }

  tries(sequenceNumber: number): number {
    return this.#tries[sequenceNumber & this.#mask]!;
  }

  missedAt(sequenceNumber: number): Millis {
    return this.#missedAt[sequenceNumber & this.#mask]!;
  }

  askAt(sequenceNumber: number): Millis {
    return this.#askAt[sequenceNumber & this.#mask]!;
  }

  countTry(sequenceNumber: number, askAt: Millis): void {
    const index = sequenceNumber & this.#mask;
    this.#tries[index]!++;
    this.#askAt[index] = askAt;
  }
}
