// Hot: numbers that wrap, carried on as numbers that do not. RFC 3550 §5.1, §A.1. Which packet belongs to a source, and
// whether it has begun anew, is not decided here.

/**
 * Sequence numbers without end. The first is taken as it is; each other is put where it lies nearest to the highest
 * so far. One from before the first may be below zero.
 */
export class SequenceUnwrapper {
  #highest = 0;
  #hasBegun = false;

  /** The highest so far; 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  unwrap(sequenceNumber: number): number {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      return (this.#highest = sequenceNumber & 0xffff);
    }
    const unwrapped = this.peek(sequenceNumber);
    if (unwrapped > this.#highest) this.#highest = unwrapped;
    return unwrapped;
  }

  /** What `unwrap` would say; nothing changes. */
  peek(sequenceNumber: number): number {
    if (!this.#hasBegun) return sequenceNumber & 0xffff;
    // The difference modulo 2^16, as a signed number.
    return this.#highest + (((sequenceNumber - this.#highest) << 16) >> 16);
  }

  /** Forgets all: the next number is the first. */
  reset(): void {
    this.#highest = 0;
    this.#hasBegun = false;
  }
}

/** Timestamps without end, in the same way. */
export class TimestampUnwrapper {
  #highest = 0;
  #hasBegun = false;

  /** The highest so far; 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  unwrap(timestamp: number): number {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      return (this.#highest = timestamp >>> 0);
    }
    const unwrapped = this.peek(timestamp);
    if (unwrapped > this.#highest) this.#highest = unwrapped;
    return unwrapped;
  }

  /** What `unwrap` would say; nothing changes. */
  peek(timestamp: number): number {
    if (!this.#hasBegun) return timestamp >>> 0;
    return this.#highest + ((timestamp - this.#highest) | 0);
  }

  /** Forgets all: the next timestamp is the first. */
  reset(): void {
    this.#highest = 0;
    this.#hasBegun = false;
  }
}
