// Hot: all slabs of one slot size. Slots come from one slab until it is full, so that others can fall empty.
import type { LeakCheck } from './leak-check.ts';
import type { Slab, SlabOwner } from './slab.ts';
import type { Slot } from './slot.ts';

export class SizeClass implements SlabOwner {
  /** Bytes between headroom and tailroom. */
  readonly room: number;
  inUse = 0;
  /** The most slots in use since the pool was made, and since the last two trimmings. */
  highWater = 0;
  #peak = 0;
  #previousPeak = 0;
  /** Releases of leases that nobody held, and the like. */
  misuses = 0;
  readonly slabs: Slab[] = [];
  readonly #check: LeakCheck | undefined;
  #current: Slab | undefined;
  /** Slabs with a free slot, but for the current one. */
  readonly #spacious: Slab[] = [];

  constructor(room: number, check: LeakCheck | undefined) {
    this.room = room;
    this.#check = check;
  }

  get slots(): number {
    return this.slabs.reduce((sum, slab) => sum + slab.capacity, 0);
  }

  /** A slot with its one reference; `undefined` if the class has to grow first. */
  take(): Slot | undefined {
    let slot = this.#current === undefined ? undefined : this.#current.take();
    if (slot === undefined) {
      const slab = this.#spacious.pop();
      if (slab === undefined) return undefined;
      slab.listed = false;
      this.#current = slab;
      slot = slab.take()!;
    }
    slot.references = 1;
    if (++this.inUse > this.#peak) this.#peak = this.inUse;
    if (this.#check !== undefined) this.#check.onTake(slot);
    return slot;
  }

  add(slab: Slab): void {
    this.slabs.push(slab);
    this.onSpace(slab);
  }

  onSpace(slab: Slab): void {
    if (slab === this.#current || slab.listed) return;
    slab.listed = true;
    this.#spacious.push(slab);
  }

  onPut(slot: Slot): void {
    this.inUse--;
    if (this.#check !== undefined) this.#check.onPut(slot);
  }

  onMisuse(slot: Slot, code: 'USED_AFTER_RELEASE' | 'RELEASED_TWICE'): void {
    this.misuses++;
    if (this.#check !== undefined) this.#check.onMisuse(slot, code);
  }

  /** Closes an interval: how many slots the last two have needed at most. */
  turn(): number {
    const needed = Math.max(this.#peak, this.#previousPeak);
    this.highWater = Math.max(this.highWater, this.#peak);
    this.#previousPeak = this.#peak;
    this.#peak = this.inUse;
    return needed;
  }

  get hasFree(): boolean {
    return this.#spacious.length > 0 || (this.#current !== undefined && !this.#current.isFull);
  }

  get highestEver(): number {
    return Math.max(this.highWater, this.#peak);
  }

  /** Lets empty slabs go until `keptSlots` are left, and hands each to `onDropped`. */
  dropEmpty(keptSlots: number, onDropped: (slab: Slab) => void): void {
    let slots = this.slots;
    for (let i = this.slabs.length - 1; i >= 0; i--) {
      const slab = this.slabs[i]!;
      if (slab.inUse > 0 || slots - slab.capacity < keptSlots) continue;
      slots -= slab.capacity;
      this.#drop(slab, i);
      onDropped(slab);
    }
    // The fullest is taken from first, so that the emptiest may fall empty.
    this.#spacious.sort((a, b) => a.inUse - b.inUse);
  }

  #drop(slab: Slab, index: number): void {
    this.slabs.splice(index, 1);
    if (slab === this.#current) this.#current = undefined;
    if (slab.listed) this.#spacious.splice(this.#spacious.indexOf(slab), 1);
  }
}
