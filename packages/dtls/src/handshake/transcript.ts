// The handshake messages so far, as signatures and Finished cover them. DTLS 1.2 (RFC 6347 §4.2.6): with the DTLS header,
// as if unfragmented, and without the first hello when the server asked for a cookie. DTLS 1.3 (RFC 9147 §5.2): with the
// header of TLS, and the first hello as its hash (RFC 8446 §4.4.1).
import { putU24 } from '@millrace/sans-io';
import type { DtlsCrypto, PrfHash } from '../crypto.ts';
import { HANDSHAKE_HEADER_BYTES, HANDSHAKE_TYPE } from './header.ts';

const NOTHING = new Uint8Array(0);
/** Type and length. */
const TLS_HEADER_BYTES = 4;

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

  // RFC 9147 §5.2: message number and fragment fields are no part of the transcript.
  append13(message: Uint8Array): void {
    this.append(message.subarray(0, TLS_HEADER_BYTES));
    this.append(message.subarray(HANDSHAKE_HEADER_BYTES));
  }

  /** RFC 8446 §4.4.1: in front of a HelloRetryRequest stands the hash of the hello, so that a server can forget it. */
  startWithHash(hash: Uint8Array): void {
    this.clear();
    const header = new Uint8Array(TLS_HEADER_BYTES);
    header[0] = HANDSHAKE_TYPE.messageHash;
    putU24(header, 1, hash.length);
    this.append(header);
    this.append(hash);
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

  /** Forgets all of it, and gives the memory back. */
  release(): void {
    this.#length = 0;
    this.#bytes = NOTHING;
  }
}
