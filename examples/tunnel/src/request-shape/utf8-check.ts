// Whether bytes that come in pieces are UTF-8 (RFC 3629): a character may be cut anywhere.
import { isUtf8 } from 'node:buffer';

export class Utf8Check {
  /** The beginning of a character whose end has not come. */
  readonly #cut = new Uint8Array(4);
  #cutLength = 0;

  get isWhole(): boolean {
    return this.#cutLength === 0;
  }

  /** False if they are not. Borrowed for the call. */
  push(bytes: Uint8Array): boolean {
    let at = 0;
    if (this.#cutLength > 0) {
      const length = lengthFrom(this.#cut[0]!);
      while (at < bytes.length && this.#cutLength < length) this.#cut[this.#cutLength++] = bytes[at++]!;
      if (this.#cutLength < length) return true;
      this.#cutLength = 0;
      if (!isUtf8(this.#cut.subarray(0, length))) return false;
    }
    const end = beforeCut(bytes, at);
    for (let i = end; i < bytes.length; i++) this.#cut[this.#cutLength++] = bytes[i]!;
    return isUtf8(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
  }
}

/** Where a character begins whose end is not there; the end of `bytes` if there is none. */
function beforeCut(bytes: Uint8Array, at: number): number {
  for (let i = bytes.length - 1; i >= at && i >= bytes.length - 3; i--) {
    const byte = bytes[i]!;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return i + lengthFrom(byte) > bytes.length ? i : bytes.length;
  }
  return bytes.length;
}

/** Bytes of the character that begins so. */
function lengthFrom(byte: number): number {
  if (byte >= 0xf0) return 4;
  return byte >= 0xe0 ? 3 : 2;
}
