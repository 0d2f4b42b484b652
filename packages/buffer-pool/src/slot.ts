// Hot: a slot of a slab and the lease on it, in one object that lives as long as the slab.
import type { Slab } from './slab.ts';

/**
 * A stretch of pooled memory with one owner, or with several after `retain`. `bytes` is the slab, which others
 * share: only `[at, end)`, the headroom in front and the tailroom behind are the holder's. `at` and `end` may be
 * moved in there.
 */
export interface Lease {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Where the slot lies: `at` may go down to `slotAt`, `end` up to `slotEnd`. */
  readonly slotAt: number;
  readonly slotEnd: number;
  /** One more owner, who must release it too. */
  retain(): void;
  /** The last owner's release gives the slot back; the lease must not be touched afterwards. */
  release(): void;
}

export class Slot implements Lease {
  bytes: Uint8Array;
  at: number;
  end: number;
  readonly slotAt: number;
  readonly slotEnd: number;
  /** Owners; 0 means that the slot is free. */
  references = 0;
  readonly index: number;
  readonly #slab: Slab;

  constructor(slab: Slab, index: number, slotAt: number, slotEnd: number) {
    this.bytes = slab.bytes;
    this.at = slotAt;
    this.end = slotAt;
    this.slotAt = slotAt;
    this.slotEnd = slotEnd;
    this.index = index;
    this.#slab = slab;
  }

  /** Puts a new object in its place: this one's holder is not the next one's. */
  succeed(): Slot {
    const heir = new Slot(this.#slab, this.index, this.slotAt, this.slotEnd);
    this.#slab.slots[this.index] = heir;
    return heir;
  }

  retain(): void {
    // A free slot must not come to life again: somebody else may be next to hold it.
    if (this.references === 0) this.#slab.owner.onMisuse(this, 'USED_AFTER_RELEASE');
    else this.references++;
  }

  release(): void {
    if (this.references === 1) {
      this.references = 0;
      this.#slab.put(this);
    } else if (this.references === 0) this.#slab.owner.onMisuse(this, 'RELEASED_TWICE');
    else this.references--;
  }
}
