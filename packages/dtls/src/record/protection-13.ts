// Hot: seals and opens the records of one epoch of DTLS 1.3 in one direction, in place. RFC 9147 §4 and §4.2 (header,
// sequence numbers and their encryption), RFC 8446 §5.2 to §5.4 (inner plaintext, nonce, padding), §7.3 (keys).
//
// Each record:  | header (5) | content | inner type (1) | tag (16) |      all behind the header is encrypted
import { putU16, u16 } from '@millrace/sans-io';
import type { CipherSuite13 } from '../cipher-suites-13.ts';
import { AEAD_TAG_BYTES, type AeadKey, type DtlsCrypto, type SequenceMask } from '../crypto.ts';
import { expandLabel } from '../key-schedule/tls13.ts';
import { MAX_PLAINTEXT_BYTES } from './header.ts';
import {
  epochBits,
  firstByteOf,
  fullSequence,
  hasConnectionId,
  hasLength,
  hasLongSequence,
  isUnifiedHeader,
  UNIFIED_HEADER_BYTES,
} from './unified-header.ts';

const NONCE_BYTES = 12;
const INNER_TYPE_BYTES = 1;
const NOTHING = new Uint8Array(0);
/** RFC 9147 §4.2.3: what the mask is made of; a shorter ciphertext fails. */
const SAMPLE_BYTES = 16;
/** RFC 8446 §5.2: content, type and padding are 2^14 + 1 bytes at most, and a ciphertext 2^14 + 256. */
const MAX_INNER_BYTES: number = MAX_PLAINTEXT_BYTES + 1;
const MAX_CIPHERTEXT_BYTES_13: number = MAX_PLAINTEXT_BYTES + 256;

/** Why a record did not open. All but `bad-mac` are seen before anything is decrypted. */
export type Fault13 = 'bad-version' | 'unknown-epoch' | 'truncated-record' | 'record-too-long' | 'bad-mac';

/** One epoch in one direction. */
export interface Epoch13 {
  readonly epoch: number;
  /** Bytes of a record in front of its content, and behind it. */
  readonly headroom: number;
  readonly tailroom: number;

  /** Where `open` has left the content of a record, its padding cut off, and what it says. */
  readonly contentAt: number;
  readonly contentEnd: number;
  readonly innerType: number;
  /** Whole, of at most 48 bits. */
  readonly sequence: number;
  /** Behind the record, once its header could be read; else behind the datagram. */
  readonly recordEnd: number;

  /**
   * Makes a record at `at` of the content at `at + headroom`, with `tailroom` bytes behind it, and returns its length.
   * The caller uses each sequence number once.
   */
  seal(out: Uint8Array, at: number, contentLength: number, innerType: number, sequence: number): number;
  /**
   * Opens the record at `at` of a datagram that ends at `end`; `undefined` means that it is good. `expectedSequence` is
   * one more than the highest number seen. An `innerType` of 0 is a record without content or type, which RFC 8446 §5.4
   * has the connection ended for.
   */
  open(bytes: Uint8Array, at: number, end: number, expectedSequence: number): Fault13 | undefined;
  /** Gives the keys back to the back end. Nothing may be sealed or opened after. */
  close(): void;
}

/** `trafficSecret` is that of the writer, and borrowed. */
export function createEpoch13(
  crypto: DtlsCrypto,
  suite: CipherSuite13,
  trafficSecret: Uint8Array,
  epoch: number,
  direction: 'seal' | 'open',
): Epoch13 {
  // RFC 8446 §7.3, and RFC 9147 §4.2.3 for the key of the sequence numbers.
  const expand = (label: string, length: number): Uint8Array =>
    expandLabel(crypto, suite.hash, trafficSecret, label, NOTHING, length);
  const key = expand('key', suite.keyBytes);
  const sequenceKey = expand('sn', suite.keyBytes);
  const iv = expand('iv', NONCE_BYTES);
  const mask = crypto.createSequenceMask(suite.aead, sequenceKey);
  const aead =
    crypto.createRecordKey13?.(suite.aead, key, iv, direction) ?? crypto.createAeadKey(suite.aead, key, iv);
  key.fill(0);
  sequenceKey.fill(0);
  return new AeadEpoch13(epoch, aead, mask, iv);
}

class AeadEpoch13 implements Epoch13 {
  readonly epoch: number;
  readonly headroom: number = UNIFIED_HEADER_BYTES;
  readonly tailroom: number = INNER_TYPE_BYTES + AEAD_TAG_BYTES;
  contentAt = 0;
  contentEnd = 0;
  innerType = 0;
  sequence = 0;
  recordEnd = 0;
  readonly #key: AeadKey;
  readonly #mask: SequenceMask;
  readonly #iv: Uint8Array;
  readonly #firstByte: number;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  /** The header with its sequence number in the clear, by its length: 2 to 5 bytes. */
  readonly #aad: readonly Uint8Array[] = [2, 3, 4, 5].map((length) => new Uint8Array(length));
  readonly #ownAad: Uint8Array;

  constructor(epoch: number, key: AeadKey, mask: SequenceMask, iv: Uint8Array) {
    this.epoch = epoch;
    this.#key = key;
    this.#mask = mask;
    this.#iv = iv;
    this.#nonce.set(iv);
    this.#firstByte = firstByteOf(epoch);
    this.#ownAad = this.#aad[3]!;
  }

  seal(out: Uint8Array, at: number, contentLength: number, innerType: number, sequence: number): number {
    const contentAt = at + UNIFIED_HEADER_BYTES;
    const innerEnd = contentAt + contentLength + INNER_TYPE_BYTES;
    out[innerEnd - 1] = innerType;
    const ciphertextBytes = contentLength + INNER_TYPE_BYTES + AEAD_TAG_BYTES;
    // RFC 9147 §4: the header as it stands before the encryption of the number is the additional data.
    const aad = this.#ownAad;
    aad[0] = this.#firstByte;
    putU16(aad, 1, sequence & 0xffff);
    putU16(aad, 3, ciphertextBytes);
    this.#setNonce(sequence);
    this.#key.seal(out, contentAt, innerEnd, this.#nonce, aad);
    out[at] = this.#firstByte;
    putU16(out, at + 1, (sequence & 0xffff) ^ this.#mask.of(out, contentAt));
    putU16(out, at + 3, ciphertextBytes);
    return UNIFIED_HEADER_BYTES + ciphertextBytes;
  }

  open(bytes: Uint8Array, at: number, end: number, expectedSequence: number): Fault13 | undefined {
    this.recordEnd = end;
    const first = bytes[at]!;
    // RFC 9147 §4: no connection id was negotiated, so there is none to be read.
    if (at >= end || !isUnifiedHeader(first) || hasConnectionId(first)) return 'bad-version';
    const isLong = hasLongSequence(first);
    const lengthAt = at + (isLong ? 3 : 2);
    const ciphertextAt = hasLength(first) ? lengthAt + 2 : lengthAt;
    if (ciphertextAt > end) return 'truncated-record';
    // RFC 9147 §4: without a length the record fills the rest of the datagram.
    const recordEnd = hasLength(first) ? ciphertextAt + u16(bytes, lengthAt) : end;
    if (recordEnd > end) return 'truncated-record';
    this.recordEnd = recordEnd;
    if (epochBits(first) !== epochBits(this.epoch)) return 'unknown-epoch';
    const ciphertextBytes = recordEnd - ciphertextAt;
    if (ciphertextBytes > MAX_CIPHERTEXT_BYTES_13) return 'record-too-long';
    // RFC 9147 §4.2.3: a ciphertext that is too short for the mask MUST be treated as one that fails.
    if (ciphertextBytes < SAMPLE_BYTES) return 'bad-mac';
    const mask = this.#mask.of(bytes, ciphertextAt);
    const aad = this.#aad[ciphertextAt - at - 2]!;
    aad[0] = first;
    if (isLong) {
      const low = u16(bytes, at + 1) ^ mask;
      putU16(aad, 1, low);
      this.sequence = fullSequence(low, 0x10000, expectedSequence);
    } else {
      const low = bytes[at + 1]! ^ (mask >> 8);
      aad[1] = low;
      this.sequence = fullSequence(low, 0x100, expectedSequence);
    }
    if (hasLength(first)) putU16(aad, aad.length - 2, ciphertextBytes);
    this.#setNonce(this.sequence);
    if (!this.#key.open(bytes, ciphertextAt, recordEnd, this.#nonce, aad)) return 'bad-mac';
    return this.#findContent(bytes, ciphertextAt, recordEnd - AEAD_TAG_BYTES);
  }

  close(): void {
    this.#key.close?.();
    this.#mask.close();
    this.#iv.fill(0);
    this.#nonce.fill(0);
  }

  // RFC 8446 §5.4: the last byte that is not zero is the type, what is behind it padding.
  #findContent(bytes: Uint8Array, at: number, innerEnd: number): Fault13 | undefined {
    if (innerEnd - at > MAX_INNER_BYTES) return 'record-too-long';
    let typeAt = innerEnd - 1;
    while (typeAt >= at && bytes[typeAt] === 0) typeAt--;
    this.contentAt = at;
    this.contentEnd = typeAt < at ? at : typeAt;
    this.innerType = typeAt < at ? 0 : bytes[typeAt]!;
    return undefined;
  }

  // RFC 8446 §5.3: the number, padded on the left, is XORed into the IV. RFC 9147 §4: without the epoch.
  #setNonce(sequence: number): void {
    const nonce = this.#nonce;
    const iv = this.#iv;
    const high = (sequence / 0x1_0000_0000) | 0;
    const low = sequence | 0;
    nonce[6] = iv[6]! ^ (high >> 8);
    nonce[7] = iv[7]! ^ high;
    nonce[8] = iv[8]! ^ (low >>> 24);
    nonce[9] = iv[9]! ^ (low >> 16);
    nonce[10] = iv[10]! ^ (low >> 8);
    nonce[11] = iv[11]! ^ low;
  }
}
