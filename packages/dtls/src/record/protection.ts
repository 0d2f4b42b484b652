// Hot: seals and opens records under one key, in place. RFC 5246 §6.2.3.3 and RFC 6347 §4.1.2.1 (what is
// authenticated), RFC 5288 §3 (nonce of GCM), RFC 7905 §2 (nonce of ChaCha20-Poly1305).
//
// Each record:  | header (13) | explicit nonce (8, GCM only) | content | tag (16) |
import { putU16, u16 } from '@millrace/sans-io';
import type { CipherSuite } from '../cipher-suites.ts';
import { AEAD_TAG_BYTES, type AeadKey, type DtlsCrypto, type RecordKey } from '../crypto.ts';
import { EPOCH_AT, RECORD_HEADER_BYTES } from './header.ts';

const SEQUENCE_BYTES = 8; // epoch and sequence number together
const NONCE_BYTES = 12;

/** One direction of the protected epoch. */
export interface RecordProtection {
  /** Bytes of a record in front of its content. */
  readonly headroom: number;
  /** Seals the record at `at`, whose header is written but for its length and whose content has its place. */
  seal(out: Uint8Array, at: number, contentLength: number): number;
  /** Opens the record `bytes[at, recordEnd)`; its content is then at `headroom`, the tag cut off behind. */
  open(bytes: Uint8Array, at: number, recordEnd: number): boolean;
  /** Gives the key back to the back end. Nothing may be sealed or opened after. */
  close(): void;
}

/** By whole records where the back end has them, else by an AEAD with nonce and additional data of ours. */
export function createRecordProtection(
  crypto: DtlsCrypto,
  suite: CipherSuite,
  key: Uint8Array,
  fixedNonce: Uint8Array,
  direction: 'seal' | 'open',
): RecordProtection {
  const recordKey = crypto.createRecordKey?.(suite.aead, key, fixedNonce, direction);
  return recordKey
    ? new WholeRecordProtection(suite, recordKey)
    : new AeadRecordProtection(suite, crypto.createAeadKey(suite.aead, key), fixedNonce);
}

class WholeRecordProtection implements RecordProtection {
  readonly headroom: number;
  readonly #key: RecordKey;
  readonly #explicitNonceBytes: number;

  constructor(suite: CipherSuite, key: RecordKey) {
    this.headroom = RECORD_HEADER_BYTES + suite.explicitNonceBytes;
    this.#key = key;
    this.#explicitNonceBytes = suite.explicitNonceBytes;
  }

  seal(out: Uint8Array, at: number, contentLength: number): number {
    writeLengthAndNonce(out, at, this.#explicitNonceBytes, contentLength);
    const contentAt = at + this.headroom;
    this.#key.seal(out, at, contentAt, contentAt + contentLength);
    return this.headroom + contentLength + AEAD_TAG_BYTES;
  }

  open(bytes: Uint8Array, at: number, recordEnd: number): boolean {
    const contentAt = at + this.headroom;
    return recordEnd - contentAt >= AEAD_TAG_BYTES && this.#key.open(bytes, at, contentAt, recordEnd);
  }

  close(): void {
    this.#key.close();
  }
}

export class AeadRecordProtection implements RecordProtection {
  readonly headroom: number;
  readonly #key: AeadKey;
  readonly #explicitNonceBytes: number;
  readonly #fixed: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #aad = new Uint8Array(SEQUENCE_BYTES + 5);

  constructor(suite: CipherSuite, key: AeadKey, fixedNonce: Uint8Array) {
    this.headroom = RECORD_HEADER_BYTES + suite.explicitNonceBytes;
    this.#key = key;
    this.#explicitNonceBytes = suite.explicitNonceBytes;
    this.#fixed = fixedNonce;
    this.#nonce.set(fixedNonce);
  }

  seal(out: Uint8Array, at: number, contentLength: number): number {
    const contentAt = at + this.headroom;
    writeLengthAndNonce(out, at, this.#explicitNonceBytes, contentLength);
    this.#prepare(out, at, contentLength);
    this.#key.seal(out, contentAt, contentAt + contentLength, this.#nonce, this.#aad);
    return this.headroom + contentLength + AEAD_TAG_BYTES;
  }

  open(bytes: Uint8Array, at: number, recordEnd: number): boolean {
    const contentAt = at + this.headroom;
    const contentLength = recordEnd - contentAt - AEAD_TAG_BYTES;
    if (contentLength < 0) return false;
    this.#prepare(bytes, at, contentLength);
    return this.#key.open(bytes, contentAt, recordEnd, this.#nonce, this.#aad);
  }

  close(): void {
    this.#key.close?.();
  }

  /** Nonce and additional data of the record at `at`. */
  #prepare(bytes: Uint8Array, at: number, contentLength: number): void {
    const nonce = this.#nonce;
    const fixed = this.#fixed;
    const aad = this.#aad;
    if (this.#explicitNonceBytes === 0) {
      // RFC 7905 §2: the sequence number, padded on the left, is XORed into the nonce of the key block.
      for (let i = 0; i < SEQUENCE_BYTES; i++) nonce[4 + i] = fixed[4 + i]! ^ bytes[at + EPOCH_AT + i]!;
    } else {
      for (let i = 0; i < SEQUENCE_BYTES; i++) nonce[4 + i] = bytes[at + RECORD_HEADER_BYTES + i]!;
    }
    for (let i = 0; i < SEQUENCE_BYTES; i++) aad[i] = bytes[at + EPOCH_AT + i]!;
    aad[8] = bytes[at]!;
    putU16(aad, 9, u16(bytes, at + 1));
    putU16(aad, 11, contentLength);
  }
}

function writeLengthAndNonce(out: Uint8Array, at: number, nonceBytes: number, contentLength: number): void {
  putU16(out, at + 11, nonceBytes + contentLength + AEAD_TAG_BYTES);
  // RFC 5288 §3: the explicit nonce must never repeat under a key; epoch and sequence number never do.
  for (let i = 0; i < nonceBytes; i++) out[at + RECORD_HEADER_BYTES + i] = out[at + EPOCH_AT + i]!;
}
