// Hot: seals and opens the records of one epoch of DTLS 1.3 in one direction, in place. RFC 9147 §4 and §4.2 (header,
// sequence numbers and their encryption), RFC 8446 §5.2 to §5.4 (inner plaintext, nonce, padding), §7.3 (keys).
//
// Each record:  | header (5) | content | inner type (1) | tag (16) |      all behind the header is encrypted
import { putU16, u16 } from '@millrace/sans-io';
import type { CipherSuite13 } from '../cipher-suites-13.ts';
import {
  AEAD_TAG_BYTES,
  type DtlsCrypto,
  MAX_MASKS,
  type RecordKey13,
  type SequenceMask,
} from '../crypto.ts';
import { expandLabel } from '../key-schedule/tls13.ts';
import { AeadRecordKey13 } from './aead-record-13.ts';
import { ForeseenMasks } from './foreseen-masks.ts';
import { MAX_PLAINTEXT_BYTES } from './header.ts';
import {
  epochBits,
  firstByteOf,
  fullSequence,
  hasConnectionId,
  hasLength,
  hasLongSequence,
  headerBytes,
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
   * The same, but the number stays in the clear until `finishBatch`, which has to come before the record leaves or moves:
   * the numbers of many records are encrypted for little more than that of one. All of a batch lie in one array, or the
   * first ones are finished.
   */
  sealInBatch(
    out: Uint8Array,
    at: number,
    contentLength: number,
    innerType: number,
    sequence: number,
  ): number;
  finishBatch(): void;
  /**
   * The datagrams in `bytes[at, end)`, of `segmentBytes` each, are about to be opened: their sequence numbers are decrypted
   * together. A hint: whatever comes is opened as it would be without.
   */
  foresee(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void;
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
  const recordKey =
    crypto.createRecordKey13?.(suite.aead, key, iv, direction) ??
    new AeadRecordKey13(crypto.createAeadKey(suite.aead, key, iv), iv);
  key.fill(0);
  sequenceKey.fill(0);
  iv.fill(0);
  return new WholeEpoch13(epoch, recordKey, mask);
}

/** What masks are written to before they are used. */
const masks: Int32Array = new Int32Array(MAX_MASKS);
const foreseen: ForeseenMasks = new ForeseenMasks();
/** The records of the one batch there is that have no masks yet, by where their ciphertexts begin. */
const batched: Int32Array = new Int32Array(MAX_MASKS);
let batchedCount = 0;
let batchOwner: WholeEpoch13 | undefined;

class WholeEpoch13 implements Epoch13 {
  readonly epoch: number;
  readonly headroom: number = UNIFIED_HEADER_BYTES;
  readonly tailroom: number = INNER_TYPE_BYTES + AEAD_TAG_BYTES;
  contentAt = 0;
  contentEnd = 0;
  innerType = 0;
  sequence = 0;
  recordEnd = 0;
  readonly #key: RecordKey13;
  readonly #mask: SequenceMask;
  readonly #firstByte: number;
  /** Where the records of the batch lie, while there is one. */
  #batch: Uint8Array = NOTHING;

  constructor(epoch: number, key: RecordKey13, mask: SequenceMask) {
    this.epoch = epoch;
    this.#key = key;
    this.#mask = mask;
    this.#firstByte = firstByteOf(epoch);
  }

  seal(out: Uint8Array, at: number, contentLength: number, innerType: number, sequence: number): number {
    const length = this.#protect(out, at, contentLength, innerType, sequence);
    putU16(out, at + 1, (sequence & 0xffff) ^ this.#mask.of(out, at + UNIFIED_HEADER_BYTES));
    return length;
  }

  sealInBatch(
    out: Uint8Array,
    at: number,
    contentLength: number,
    innerType: number,
    sequence: number,
  ): number {
    const length = this.#protect(out, at, contentLength, innerType, sequence);
    // Who begins while the batch of another is open finishes that one.
    if (batchOwner !== this || out !== this.#batch || batchedCount === MAX_MASKS) {
      batchOwner?.finishBatch();
      batchOwner = this;
      this.#batch = out;
    }
    batched[batchedCount++] = at + UNIFIED_HEADER_BYTES;
    return length;
  }

  finishBatch(): void {
    if (batchOwner !== this) return;
    const count = batchedCount;
    const out = this.#batch;
    batchOwner = undefined;
    batchedCount = 0;
    this.#batch = NOTHING;
    this.#mask.ofAll(out, batched, count, masks);
    for (let i = 0; i < count; i++) {
      const at = batched[i]! - UNIFIED_HEADER_BYTES;
      const mask = masks[i]!;
      out[at + 1] = out[at + 1]! ^ (mask >> 8);
      out[at + 2] = out[at + 2]! ^ mask;
    }
  }

  foresee(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    foreseen.find(this.#mask, this.epoch, bytes, at, end, segmentBytes);
  }

  open(bytes: Uint8Array, at: number, end: number, expectedSequence: number): Fault13 | undefined {
    this.recordEnd = end;
    const first = bytes[at]!;
    // RFC 9147 §4: no connection id was negotiated, so there is none to be read.
    if (at >= end || !isUnifiedHeader(first) || hasConnectionId(first)) return 'bad-version';
    const ciphertextAt = at + headerBytes(first);
    if (ciphertextAt > end) return 'truncated-record';
    // RFC 9147 §4: without a length the record fills the rest of the datagram.
    const recordEnd = hasLength(first) ? ciphertextAt + u16(bytes, ciphertextAt - 2) : end;
    if (recordEnd > end) return 'truncated-record';
    this.recordEnd = recordEnd;
    if (epochBits(first) !== epochBits(this.epoch)) return 'unknown-epoch';
    const ciphertextBytes = recordEnd - ciphertextAt;
    if (ciphertextBytes > MAX_CIPHERTEXT_BYTES_13) return 'record-too-long';
    // RFC 9147 §4.2.3: a ciphertext that is too short for the mask MUST be treated as one that fails.
    if (ciphertextBytes < SAMPLE_BYTES) return 'bad-mac';
    const known = foreseen.take(this.#mask, bytes, ciphertextAt);
    const mask = known >= 0 ? known : this.#mask.of(bytes, ciphertextAt);
    // RFC 9147 §4: the header as it stood before the encryption of the number is the additional data.
    let sequence: number;
    if (hasLongSequence(first)) {
      const low = u16(bytes, at + 1) ^ mask;
      putU16(bytes, at + 1, low);
      sequence = fullSequence(low, 0x10000, expectedSequence);
    } else {
      const low = bytes[at + 1]! ^ (mask >> 8);
      bytes[at + 1] = low;
      sequence = fullSequence(low, 0x100, expectedSequence);
    }
    this.sequence = sequence;
    if (!this.#key.open(bytes, at, ciphertextAt, recordEnd, highOf(sequence), sequence | 0)) return 'bad-mac';
    return this.#findContent(bytes, ciphertextAt, recordEnd - AEAD_TAG_BYTES);
  }

  close(): void {
    foreseen.forget(this.#mask);
    this.#key.close();
    this.#mask.close();
  }

  /** All but the mask. */
  #protect(out: Uint8Array, at: number, contentLength: number, innerType: number, sequence: number): number {
    const contentAt = at + UNIFIED_HEADER_BYTES;
    const innerEnd = contentAt + contentLength + INNER_TYPE_BYTES;
    const ciphertextBytes = contentLength + INNER_TYPE_BYTES + AEAD_TAG_BYTES;
    out[innerEnd - 1] = innerType;
    // RFC 9147 §4: the header as it stands before the encryption of the number is the additional data.
    out[at] = this.#firstByte;
    putU16(out, at + 1, sequence & 0xffff);
    putU16(out, at + 3, ciphertextBytes);
    this.#key.seal(out, at, contentAt, innerEnd, highOf(sequence), sequence | 0);
    return UNIFIED_HEADER_BYTES + ciphertextBytes;
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
}

/** The upper 16 bits of a sequence number. */
function highOf(sequence: number): number {
  return sequence <= 0xffff_ffff ? 0 : (sequence / 0x1_0000_0000) | 0;
}
