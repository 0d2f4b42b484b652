// Writes the presentation language of RFC 5246 §4 into memory that grows. For what is written once per connection.
import { copyBytes, putU16, putU24, putU32 } from '@millrace/sans-io';

export class Writer {
  #bytes = new Uint8Array(512);
  #length = 0;

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): this {
    this.#bytes[this.#grow(1)] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2); // may replace the array
    putU16(this.#bytes, at, value);
    return this;
  }

  u24(value: number): this {
    const at = this.#grow(3);
    putU24(this.#bytes, at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    putU32(this.#bytes, at, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    copyBytes(this.#bytes, at, bytes, 0, bytes.length);
    return this;
  }

  vector8(bytes: Uint8Array): this {
    return this.u8(bytes.length).bytes(bytes);
  }

  vector16(bytes: Uint8Array): this {
    return this.u16(bytes.length).bytes(bytes);
  }

  vector24(bytes: Uint8Array): this {
    return this.u24(bytes.length).bytes(bytes);
  }

  /** A vector of bytes given as numbers. */
  numbers8(numbers: readonly number[]): this {
    this.u8(numbers.length);
    for (const number of numbers) this.u8(number);
    return this;
  }

  numbers16(numbers: readonly number[]): this {
    this.u16(numbers.length * 2);
    for (const number of numbers) this.u16(number);
    return this;
  }

  #grow(by: number): number {
    const at = this.#length;
    this.#length += by;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(this.#length)));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}
