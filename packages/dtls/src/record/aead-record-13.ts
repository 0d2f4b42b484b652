// Hot: whole records of DTLS 1.3 by an AEAD with nonce and additional data of ours. RFC 9147 §4, RFC 8446 §5.3.
import type { AeadKey, RecordKey13 } from '../crypto.ts';

// What is handed to the AEAD and forgotten: the nonce, and the header by its length, of 2 to 5 bytes. For all keys.
const nonce = new Uint8Array(12);
const headers: readonly Uint8Array[] = [2, 3, 4, 5].map((length) => new Uint8Array(length));

export class AeadRecordKey13 implements RecordKey13 {
  readonly #key: AeadKey;
  readonly #iv: Uint8Array;

  constructor(key: AeadKey, iv: Uint8Array) {
    this.#key = key;
    this.#iv = Uint8Array.from(iv);
  }

  seal(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    contentEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): void {
    const aad = this.#prepare(bytes, headerAt, contentAt, sequenceHigh, sequenceLow);
    this.#key.seal(bytes, contentAt, contentEnd, nonce, aad);
  }

  open(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    recordEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): boolean {
    const aad = this.#prepare(bytes, headerAt, contentAt, sequenceHigh, sequenceLow);
    return this.#key.open(bytes, contentAt, recordEnd, nonce, aad);
  }

  close(): void {
    this.#key.close?.();
    this.#iv.fill(0);
    nonce.fill(0);
  }

  // RFC 8446 §5.3: the number, padded on the left, is XORed into the IV. RFC 9147 §4: without the epoch.
  #prepare(bytes: Uint8Array, headerAt: number, contentAt: number, high: number, low: number): Uint8Array {
    const iv = this.#iv;
    for (let i = 0; i < 6; i++) nonce[i] = iv[i]!;
    nonce[6] = iv[6]! ^ (high >> 8); // 48 bits
    nonce[7] = iv[7]! ^ high;
    nonce[8] = iv[8]! ^ (low >>> 24);
    nonce[9] = iv[9]! ^ (low >> 16);
    nonce[10] = iv[10]! ^ (low >> 8);
    nonce[11] = iv[11]! ^ low;
    const length = contentAt - headerAt;
    const aad = headers[length - 2]!;
    for (let i = 0; i < length; i++) aad[i] = bytes[headerAt + i]!;
    return aad;
  }
}
