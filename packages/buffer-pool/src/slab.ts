// Hot: one slab, cut into slots of one size as they are first needed. Free slots are a stack of indices, last used
// first: its bytes are the likeliest to be in the cache.
import { Slot } from './slot.ts';

/** The size class that a slab belongs to. */
export interface SlabOwner {
  /** The slab has a free slot again. */
  onSpace(slab: Slab): void;
  /** A slot has come back. */
  onPut(slot: Slot): void;
  onMisuse(slot: Slot, code: 'USED_AFTER_RELEASE' | 'RELEASED_TWICE'): void;
}

export class Slab {
  readonly bytes: Uint8Array;
  readonly owner: SlabOwner;
  readonly slots: Slot[] = [];
  readonly capacity: number;
  inUse = 0;
  /** Whether it stands in its class's list of slabs with space. */
  listed = false;
  readonly #free: Uint32Array;
  #freeCount = 0;
  readonly #stride: number;
  readonly #slotBytes: number;

  /** `stride` is the distance between slots; what it has beyond `slotBytes` is nobody's. */
  constructor(owner: SlabOwner, bytes: Uint8Array, capacity: number, stride: number, slotBytes: number) {
    this.owner = owner;
    this.bytes = bytes;
    this.capacity = capacity;
    this.#free = new Uint32Array(capacity);
    this.#stride = stride;
    this.#slotBytes = slotBytes;
  }

  get isFull(): boolean {
    return this.inUse === this.capacity;
  }

  /** A free slot; `undefined` if there is none. */
  take(): Slot | undefined {
    if (this.#freeCount > 0) {
      this.inUse++;
      return this.slots[this.#free[--this.#freeCount]!];
    }
    const index = this.slots.length;
    if (index === this.capacity) return undefined;
    const slotAt = index * this.#stride;
    const slot = new Slot(this, index, slotAt, slotAt + this.#slotBytes);
    this.slots.push(slot);
    this.inUse++;
    return slot;
  }

  put(slot: Slot): void {
    this.#free[this.#freeCount++] = slot.index;
    if (this.inUse-- === this.capacity) this.owner.onSpace(this);
    this.owner.onPut(slot);
  }
}
