// Hot: the allocator that every packet and every waiting message takes its bytes from. Slabs are cut into slots of
// fixed sizes; taking and giving back costs a few nanoseconds and makes no garbage. A pool that has reached its cap
// says so by returning `undefined`: that is back-pressure, and nothing is thrown.
import { BufferPoolError } from './errors.ts';
import { GUARD_BYTES, type Leak, LeakCheck } from './leak-check.ts';
import { type BufferPoolOptions, type Settings, settle } from './options.ts';
import { SizeClass } from './size-class.ts';
import { Slab, type SlabOwner } from './slab.ts';
import type { Lease, Slot } from './slot.ts';
import type { BufferPoolStats, ClassStats } from './stats.ts';

/** Slots begin at multiples of this within their slab. */
const ALIGNMENT = 8;
/** Lengths that share a cell of the table from length to class. */
const CELL_SHIFT = 6;
/** Lengths above this are found without the table. */
const TABLE_BYTES = 1 << 20;

/** Leases slots of slabs: acquiring and releasing one makes no garbage. */
export class BufferPool {
  readonly name: string;
  readonly headroom: number;
  readonly tailroom: number;
  readonly maxBytes: number;
  readonly #settings: Settings;
  readonly #classes: readonly SizeClass[];
  /** Index of the smallest class that may do for a length, by length / 64, rounded up. */
  readonly #table: Uint8Array;
  /** The longest length that the table knows, and the first class that may do for a longer one. */
  readonly #tableBytes: number;
  readonly #tableEnd: number;
  readonly #check: LeakCheck | undefined;
  readonly #oversized: Oversized;
  #bytes = 0;
  #highWater = 0;
  #acquisitions = 0;
  #misses = 0;
  #growths = 0;
  #trims = 0;
  #wasDry = false;
  #nextTrim = -Infinity;

  constructor(options: BufferPoolOptions = {}) {
    const settings = settle(options);
    this.#settings = settings;
    this.name = settings.name;
    this.headroom = settings.headroom;
    this.tailroom = settings.tailroom;
    this.maxBytes = settings.maxBytes;
    this.#check = settings.debug ? new LeakCheck(this.acquire) : undefined;
    this.#classes = settings.classes.map((room) => new SizeClass(room, this.#check));
    this.#tableBytes = Math.min(settings.classes.at(-1)!, TABLE_BYTES);
    this.#tableEnd = settings.classes.filter((room) => room <= this.#tableBytes).length;
    this.#table = tableOf(settings.classes, this.#tableBytes);
    this.#oversized = new Oversized(this.#check, this.#onDropped);
  }

  /**
   * A lease on `length` bytes of any content, with `headroom` in front and `tailroom` behind; `undefined` if the
   * pool is dry, which passes when others release. A length above the largest class gets memory of its own, which
   * counts against the cap and is not kept.
   */
  acquire(length: number): Lease | undefined {
    const sizeClass = this.#classFor(length);
    let slot = sizeClass === undefined ? undefined : sizeClass.take();
    if (slot === undefined) {
      slot = this.#acquireSlowly(sizeClass, length);
      if (slot === undefined) return undefined;
    }
    this.#wasDry = false;
    this.#acquisitions++;
    slot.at = slot.slotAt + this.headroom;
    slot.end = slot.at + length;
    return slot;
  }

  /** Whether `acquire` would find something, as far as the cap is concerned. */
  canAcquire(length: number): boolean {
    const sizeClass = this.#classFor(length);
    if (sizeClass?.hasFree === true) return true;
    return this.#fit(this.#stride(this.#slotBytes(sizeClass?.room ?? length)));
  }

  /** Whether the last acquisition found nothing. */
  get isDry(): boolean {
    return this.#wasDry;
  }

  /** Whether every lease has come back. */
  get isWhole(): boolean {
    return this.#oversized.slabs === 0 && this.#classes.every((sizeClass) => sizeClass.inUse === 0);
  }

  /** Leases still held, by acquisition site, the most bytes first. Known in debug mode only. */
  leaks(): Leak[] {
    return this.#check?.leaks() ?? [];
  }

  /** Throws if a lease is still held, and names where it was acquired if the pool is in debug mode. */
  assertWhole(): void {
    if (this.isWhole) return;
    const { leases } = this.stats;
    const sites = this.leaks().map(
      (leak) => `\n${leak.leases} leases, ${leak.bytes} bytes, acquired\n${leak.site}`,
    );
    throw new BufferPoolError('LEAKED', `${leases} leases of ${this.name}${sites.join('')}`);
  }

  /**
   * Gives memory back: empty slabs beyond the most that the last two intervals have needed. To be called now and
   * then; does nothing before `trimInterval` is over. Returns the bytes freed.
   */
  trim(now: number): number {
    if (now < this.#nextTrim) return 0;
    const isFirst = this.#nextTrim === -Infinity;
    this.#nextTrim = now + this.#settings.trimInterval;
    const before = this.#bytes;
    for (const sizeClass of this.#classes) {
      const needed = sizeClass.turn();
      if (!isFirst) sizeClass.dropEmpty(needed, this.#onDropped);
    }
    return before - this.#bytes;
  }

  /** Gives back every empty slab, whatever was needed before. Returns the bytes freed. */
  shrink(): number {
    const before = this.#bytes;
    for (const sizeClass of this.#classes) sizeClass.dropEmpty(0, this.#onDropped);
    return before - this.#bytes;
  }

  get stats(): BufferPoolStats {
    const classes: ClassStats[] = this.#classes.map((sizeClass) => ({
      bytes: sizeClass.room,
      slabs: sizeClass.slabs.length,
      slots: sizeClass.slots,
      leases: sizeClass.inUse,
      highWater: sizeClass.highestEver,
    }));
    return {
      name: this.name,
      bytes: this.#bytes,
      highWater: this.#highWater,
      maxBytes: this.maxBytes,
      leases: classes.reduce((sum, { leases }) => sum + leases, this.#oversized.slabs),
      leasedBytes: classes.reduce((sum, { leases, bytes }) => sum + leases * bytes, this.#oversized.bytes),
      acquisitions: this.#acquisitions,
      misses: this.#misses,
      growths: this.#growths,
      trims: this.#trims,
      misuses: this.#classes.reduce((sum, { misuses }) => sum + misuses, this.#oversized.misuses),
      classes,
    };
  }

  #classFor(length: number): SizeClass | undefined {
    // Negative, fractional and huge lengths end in the slow path.
    if (length >>> 0 !== length) return undefined;
    const classes = this.#classes;
    let index = length <= this.#tableBytes ? this.#table[(length + 63) >> CELL_SHIFT]! : this.#tableEnd;
    while (index < classes.length && classes[index]!.room < length) index++;
    return classes[index];
  }

  #acquireSlowly(sizeClass: SizeClass | undefined, length: number): Slot | undefined {
    if (!Number.isSafeInteger(length) || length < 0) throw new BufferPoolError('BAD_LENGTH', String(length));
    const slot = sizeClass === undefined ? this.#acquireOversized(length) : this.#grow(sizeClass);
    this.#wasDry = slot === undefined;
    if (slot === undefined) this.#misses++;
    return slot;
  }

  #grow(sizeClass: SizeClass): Slot | undefined {
    const slotBytes = this.#slotBytes(sizeClass.room);
    const stride = this.#stride(slotBytes);
    const most = Math.max(1, Math.floor(this.#settings.slabBytes / stride));
    // Near the cap a slab may be smaller, rather than not to be.
    const capacity = this.#fit(most * stride) ? most : this.#fit(stride) ? 1 : 0;
    const bytes = capacity === 0 ? undefined : this.#allocate(capacity * stride);
    if (bytes === undefined) return undefined;
    const slab = new Slab(sizeClass, bytes, capacity, stride, slotBytes);
    this.#check?.onSlab(slab);
    sizeClass.add(slab);
    return sizeClass.take();
  }

  #acquireOversized(length: number): Slot | undefined {
    const slotBytes = this.#slotBytes(length);
    const stride = this.#stride(slotBytes);
    const bytes = this.#fit(stride) ? this.#allocate(stride) : undefined;
    return bytes === undefined ? undefined : this.#oversized.take(bytes, stride, slotBytes);
  }

  /** Whether `bytes` more stay within the cap; empty slabs of other sizes make way. */
  #fit(bytes: number): boolean {
    if (this.#bytes + bytes <= this.maxBytes) return true;
    if (bytes > this.maxBytes) return false;
    this.shrink();
    return this.#bytes + bytes <= this.maxBytes;
  }

  #allocate(length: number): Uint8Array | undefined {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#settings.allocate(length);
    } catch {
      return undefined; // no memory: the same as being dry
    }
    if (bytes === undefined || bytes.length < length) return undefined;
    this.#growths++;
    this.#bytes += bytes.length;
    this.#highWater = Math.max(this.#highWater, this.#bytes);
    return bytes;
  }

  #slotBytes(room: number): number {
    return Math.ceil((this.headroom + room + this.tailroom) / ALIGNMENT) * ALIGNMENT;
  }

  #stride(slotBytes: number): number {
    return slotBytes + (this.#check === undefined ? 0 : GUARD_BYTES);
  }

  readonly #onDropped = (slab: Slab): void => {
    this.#bytes -= slab.bytes.length;
    this.#trims++;
  };
}

/** The owner of slabs with one slot, which go when it is released. */
class Oversized implements SlabOwner {
  slabs = 0;
  bytes = 0;
  misuses = 0;
  readonly #check: LeakCheck | undefined;
  readonly #onDropped: (slab: Slab) => void;

  constructor(check: LeakCheck | undefined, onDropped: (slab: Slab) => void) {
    this.#check = check;
    this.#onDropped = onDropped;
  }

  take(bytes: Uint8Array, stride: number, slotBytes: number): Slot {
    const slab = new Slab(this, bytes, 1, stride, slotBytes);
    this.#check?.onSlab(slab);
    const slot = slab.take()!;
    slot.references = 1;
    this.slabs++;
    this.bytes += bytes.length;
    this.#check?.onTake(slot);
    return slot;
  }

  onSpace(slab: Slab): void {
    this.slabs--;
    this.bytes -= slab.bytes.length;
    this.#onDropped(slab);
  }

  onPut(slot: Slot): void {
    this.#check?.onPut(slot);
  }

  onMisuse(slot: Slot, code: 'USED_AFTER_RELEASE' | 'RELEASED_TWICE'): void {
    this.misuses++;
    this.#check?.onMisuse(slot, code);
  }
}

function tableOf(classes: readonly number[], tableBytes: number): Uint8Array {
  const table = new Uint8Array(((tableBytes + 63) >> CELL_SHIFT) + 1);
  for (let cell = 0; cell < table.length; cell++)
    table[cell] = classes.findIndex((room) => room > (cell - 1) << CELL_SHIFT);
  return table;
}
