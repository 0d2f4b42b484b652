// Hot: the messages of one stream of which some fragments have come, by MID. Mostly there is one at a time, and then no
// map is touched: V8's gives its memory back with the last entry and takes it anew with the next.
import type { PartialMessage } from './partial-message.ts';

export class PartialTable {
  #only: PartialMessage | undefined;
  /** Means nothing without `#only`. */
  #onlyMid = 0;
  #others: Map<number, PartialMessage> | undefined;

  get size(): number {
    return (this.#only === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(mid: number): PartialMessage | undefined {
    if (this.#only !== undefined && this.#onlyMid === mid) return this.#only;
    return this.#others?.get(mid);
  }

  /** `mid` has none yet. */
  add(mid: number, partial: PartialMessage): void {
    if (this.#only === undefined) {
      this.#only = partial;
      this.#onlyMid = mid;
    } else (this.#others ??= new Map()).set(mid, partial);
  }

  delete(mid: number): void {
    if (this.#only !== undefined && this.#onlyMid === mid) this.#only = undefined;
    else if (this.#others?.delete(mid) && this.#others.size === 0) this.#others = undefined;
  }

  /** The MIDs now, in no order. */
  mids(): number[] {
    const mids = this.#others === undefined ? [] : [...this.#others.keys()];
    if (this.#only !== undefined) mids.push(this.#onlyMid);
    return mids;
  }
}
