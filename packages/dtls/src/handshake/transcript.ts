// The handshake messages so far, as signatures and Finished cover them. RFC 6347 §4.2.6: with the DTLS header, as
// if unfragmented, and without the first hello when the server asked for a cookie.
import type { DtlsCrypto, PrfHash } from '../crypto.ts';

export class Transcript {
  #bytes = new Uint8Array(4096);
  #length = 0;

  append(message: Uint8Array): void {
    const end = this.#length + message.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(end)));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(message, this.#length);
    this.#length = end;
  }

  /** Valid until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  digest(crypto: DtlsCrypto, hash: PrfHash): Uint8Array {
    return crypto.hash(hash, this.bytes);
  }

  clear(): void {
    this.#length = 0;
  }
}
