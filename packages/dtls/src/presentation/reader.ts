// Reads the presentation language of RFC 5246 §4: big-endian numbers and vectors with a length in front. For what
// is seen once per connection. A read past the end yields zeros and marks the reader as failed; ask `isDone` last.
import { u16, u24, u32 } from '@millrace/sans-io';

const NOTHING = new Uint8Array(0);

export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  /** The bytes are kept, and vectors are views of them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether everything was read and nothing was missing. */
  get isDone(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  get hasMore(): boolean {
    return !this.#failed && this.#at < this.#bytes.length;
  }

  get failed(): boolean {
    return this.#failed;
  }

  u8(): number {
    return this.#has(1) ? this.#bytes[this.#at++]! : 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    this.#at += 2;
    return u16(this.#bytes, this.#at - 2);
  }

  u24(): number {
    if (!this.#has(3)) return 0;
    this.#at += 3;
    return u24(this.#bytes, this.#at - 3);
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.#at += 4;
    return u32(this.#bytes, this.#at - 4);
  }

  bytes(length: number): Uint8Array {
    if (!this.#has(length)) return NOTHING;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A vector whose length takes one byte. */
  vector8(least = 0): Uint8Array {
    return this.#vector(this.u8(), least);
  }

  vector16(least = 0): Uint8Array {
    return this.#vector(this.u16(), least);
  }

  vector24(least = 0): Uint8Array {
    return this.#vector(this.u24(), least);
  }

  /** A vector of 16-bit numbers whose length in bytes takes two bytes. */
  numbers16(): number[] {
    const reader = new Reader(this.vector16(2));
    const numbers: number[] = [];
    while (reader.hasMore) numbers.push(reader.u16());
    if (!reader.isDone) this.#failed = true;
    return numbers;
  }

  #vector(length: number, least: number): Uint8Array {
    if (length < least) this.#failed = true;
    return this.bytes(length);
  }

  #has(length: number): boolean {
    if (this.#at + length > this.#bytes.length) this.#failed = true;
    return !this.#failed;
  }
}
