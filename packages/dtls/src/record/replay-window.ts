// Hot: which record sequence numbers have come already. RFC 6347 §4.1.2.6, with the ring of 32-bit blocks that
// RFC 6479 describes: moving the window clears whole blocks and shifts nothing.

const BLOCKS = 32; // a power of two
/** One block is given up, so that a block is never partly old and partly new. */
export const REPLAY_WINDOW_RECORDS: number = (BLOCKS - 1) * 32;

export class ReplayWindow {
  readonly #blocks = new Int32Array(BLOCKS);
  #highest = -1;

  /** One more than the highest number seen. */
  get next(): number {
    return this.#highest + 1;
  }

  /** Before the record is opened: `undefined` if it may be new. */
  check(sequence: number): 'replayed' | 'too-old' | undefined {
    if (sequence > this.#highest) return undefined;
    if (this.#highest - sequence >= REPLAY_WINDOW_RECORDS) return 'too-old';
    return (this.#blocks[blockOf(sequence)]! & bitOf(sequence)) === 0 ? undefined : 'replayed';
  }

  // RFC 6347 §4.1.2.6: the window MUST NOT move before the MAC of the record has been verified.
  accept(sequence: number): void {
    if (sequence > this.#highest) {
      const from = Math.floor(this.#highest / 32);
      const steps = Math.min(BLOCKS, Math.floor(sequence / 32) - from);
      for (let i = 0; i < steps; i++) this.#blocks[blockOf(sequence - i * 32)] = 0;
      this.#highest = sequence;
    }
    const block = blockOf(sequence);
    this.#blocks[block] = this.#blocks[block]! | bitOf(sequence);
  }
}

// Bit operations take the number modulo 2^32, which the ring divides: 48-bit numbers need no more than this.
function blockOf(sequence: number): number {
  return (sequence >>> 5) & (BLOCKS - 1);
}

function bitOf(sequence: number): number {
  return 1 << (sequence & 31);
}
