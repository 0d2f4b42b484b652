// Records of the protected epoch that came before their time: before the keys exist, or application data before
// the handshake is verified. RFC 6347 §4.1 lets them be kept or dropped. Kept as they came, still encrypted.
import { copyBytes } from '@millrace/sans-io';

export class EarlyRecords {
  #records: Uint8Array[] = [];
  #bytes = 0;
  readonly #maxRecords: number;
  readonly #maxBytes: number;

  constructor(maxRecords: number, maxBytes: number) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#records.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy; false if there is no room. */
  hold(bytes: Uint8Array, at: number, end: number): boolean {
    const length = end - at;
    if (this.#records.length >= this.#maxRecords || this.#bytes + length > this.#maxBytes) return false;
    const copy = new Uint8Array(length);
    copyBytes(copy, 0, bytes, at, end);
    this.#records.push(copy);
    this.#bytes += length;
    return true;
  }

  /** All of them, handed over. */
  take(): Uint8Array[] {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return records;
  }
}
