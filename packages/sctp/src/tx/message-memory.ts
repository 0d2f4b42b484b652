// Hot: memory for messages that wait to be sent and acknowledged, in sizes of powers of two that are used again.
// An array has one owner: the message it was taken for, until it is given back.

const SMALLEST_SHIFT = 6;
const LARGEST_SHIFT = 18;
/** Bytes kept for reuse; what comes back beyond that is left to the garbage collector. */
const KEPT_BYTES = 4 * 1024 * 1024;

export class MessageMemory {
  readonly #free: Uint8Array[][] = Array.from({ length: LARGEST_SHIFT + 1 }, () => []);
  #keptBytes = 0;

  /** An array of at least `length` bytes, of any content. */
  take(length: number): Uint8Array {
    const shift = shiftOf(length);
    if (shift > LARGEST_SHIFT) return new Uint8Array(length);
    const kept = this.#free[shift]!.pop();
    if (kept === undefined) return new Uint8Array(1 << shift);
    this.#keptBytes -= kept.length;
    return kept;
  }

  /** Takes back an array that nobody uses any more. */
  give(bytes: Uint8Array): void {
    const shift = shiftOf(bytes.length);
    if (shift > LARGEST_SHIFT || bytes.length !== 1 << shift) return;
    if (this.#keptBytes + bytes.length > KEPT_BYTES) return;
    this.#keptBytes += bytes.length;
    this.#free[shift]!.push(bytes);
  }
}

function shiftOf(length: number): number {
  return Math.max(SMALLEST_SHIFT, 32 - Math.clz32(length - 1));
}
