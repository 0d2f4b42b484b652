// The debug mode: free slots are poisoned, the gaps between slots guarded, and each lease is an object of its own,
// so that an old holder cannot be mistaken for a new one. Names the place where a lease was acquired.
import { BufferPoolError, type BufferPoolErrorCode } from './errors.ts';
import type { Slab } from './slab.ts';
import type { Slot } from './slot.ts';

/** Bytes between two slots whose content nobody may change. */
export const GUARD_BYTES = 16;
const POISON = 0xdb;
const FRAMES = 6;
const NOTHING = new Uint8Array(0);

/** Leases that are still held, by the place that acquired them. */
export interface Leak {
  /** The stack of the acquisition, innermost first, one frame a line. */
  readonly site: string;
  readonly leases: number;
  readonly bytes: number;
}

interface Life {
  readonly acquired: string;
  released: string;
}

export class LeakCheck {
  readonly #held = new Map<Slot, Life>();
  readonly #dead = new WeakMap<Slot, Life>();
  /** By slot that waits to be taken: who had its bytes before. */
  readonly #before = new WeakMap<Slot, Life>();
  /** The method of the pool that callers call: frames above it are theirs. */
  readonly #entry: (...args: never[]) => unknown;

  constructor(entry: (...args: never[]) => unknown) {
    this.#entry = entry;
  }

  onSlab(slab: Slab): void {
    slab.bytes.fill(POISON);
  }

  onTake(slot: Slot): void {
    const { bytes, slotAt, slotEnd } = slot;
    const before = this.#before.get(slot);
    this.#held.set(slot, { acquired: this.#site(this.#entry), released: '' });
    if (isPoison(bytes, slotAt, slotEnd)) return;
    slot.release();
    throw fault('USED_AFTER_RELEASE', 'written to', before);
  }

  /** The slot is free again. A new object stands for it from now on. */
  onPut(slot: Slot): void {
    const { bytes, slotAt, slotEnd } = slot;
    const life = this.#held.get(slot)!;
    life.released = this.#site(slot.release);
    this.#held.delete(slot);
    this.#dead.set(slot, life);
    this.#before.set(slot.succeed(), life);
    const before = Math.max(0, slotAt - GUARD_BYTES);
    const intact = isPoison(bytes, before, slotAt) && isPoison(bytes, slotEnd, slotEnd + GUARD_BYTES);
    bytes.fill(POISON, before, slotEnd + GUARD_BYTES);
    slot.bytes = NOTHING;
    slot.at = slot.end = 0;
    if (!intact) throw fault('OVERRUN', 'held', life);
  }

  onMisuse(slot: Slot, code: 'USED_AFTER_RELEASE' | 'RELEASED_TWICE'): void {
    throw fault(code, 'used again', this.#dead.get(slot));
  }

  leaks(): Leak[] {
    const bySite = new Map<string, { leases: number; bytes: number }>();
    for (const [slot, { acquired }] of this.#held) {
      const sum = bySite.get(acquired) ?? { leases: 0, bytes: 0 };
      bySite.set(acquired, { leases: sum.leases + 1, bytes: sum.bytes + slot.slotEnd - slot.slotAt });
    }
    return Array.from(bySite, ([site, sum]) => ({ site, ...sum })).sort((a, b) => b.bytes - a.bytes);
  }

  #site(below: (...args: never[]) => unknown): string {
    const holder = { stack: '' };
    Error.captureStackTrace(holder, below);
    return holder.stack
      .split('\n')
      .slice(1, 1 + FRAMES)
      .map((line) => line.trim())
      .join('\n');
  }
}

function isPoison(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] !== POISON) return false;
  return true;
}

function fault(code: BufferPoolErrorCode, what: string, life: Life | undefined): BufferPoolError {
  if (life === undefined) return new BufferPoolError(code, `${what}, and nobody had ever held it`);
  return new BufferPoolError(
    code,
    `${what} by or beside the holder that acquired it\n${life.acquired}\nand released it\n${life.released}`,
  );
}
