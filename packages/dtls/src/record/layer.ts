// Hot: the record layer of one connection: epoch 0 in the clear, epoch 1 protected, each with its own sequence
// numbers. RFC 6347 §4.1. DTLS 1.2 without renegotiation has no further epoch.

import { AEAD_TAG_BYTES } from '../crypto.ts';
import type { DropReason } from '../drop-reasons.ts';
import {
  CONTENT_TYPE,
  MAX_CIPHERTEXT_BYTES,
  MAX_PLAINTEXT_BYTES,
  RECORD_HEADER_BYTES,
  recordSequence,
  writeRecordHeader,
} from './header.ts';
import type { RecordProtection } from './protection.ts';
import { ReplayWindow } from './replay-window.ts';

export const PLAINTEXT_EPOCH = 0;
export const PROTECTED_EPOCH = 1;

/** The two directions of the protected epoch. */
export interface TrafficProtection {
  readonly sealing: RecordProtection;
  readonly opening: RecordProtection;
}

export class RecordLayer {
  /** Where `open` has left the content of the record. */
  contentAt = 0;
  contentEnd = 0;
  readonly #recordLimit: number;
  #plaintextSequence = 0;
  #sequence = 0;
  #protection: TrafficProtection | undefined;
  readonly #window = new ReplayWindow();

  constructor(recordLimit: number) {
    this.#recordLimit = recordLimit;
  }

  get isProtected(): boolean {
    return this.#protection !== undefined;
  }

  /** Whether application data may be sealed: the last sequence number is kept for the closing alert. */
  get canSeal(): boolean {
    return this.#sequence < this.#recordLimit - 1;
  }

  protect(protection: TrafficProtection): void {
    this.#protection = protection;
  }

  /** Gives the keys back: nothing is sealed or opened any more. */
  release(): void {
    this.#protection?.sealing.close();
    this.#protection?.opening.close();
    this.#protection = undefined;
  }

  headroom(epoch: number): number {
    if (epoch === PLAINTEXT_EPOCH || this.#protection === undefined) return RECORD_HEADER_BYTES;
    return this.#protection.sealing.headroom;
  }

  tailroom(epoch: number): number {
    return epoch === PLAINTEXT_EPOCH ? 0 : AEAD_TAG_BYTES;
  }

  /**
   * Makes a record at `out[at]` of the content that lies at `at + headroom(epoch)`, and returns its length; 0 if
   * the epoch has no keys or no sequence number left.
   */
  write(out: Uint8Array, at: number, epoch: number, type: number, version: number, length: number): number {
    if (epoch === PLAINTEXT_EPOCH) {
      writeRecordHeader(out, at, type, version, epoch, this.#plaintextSequence++, length);
      return RECORD_HEADER_BYTES + length;
    }
    // RFC 6347 §4.1: a sequence number MUST NOT be used twice in an epoch, nor wrap.
    if (this.#protection === undefined || this.#sequence >= this.#recordLimit) return 0;
    writeRecordHeader(out, at, type, version, epoch, this.#sequence++, 0);
    return this.#protection.sealing.seal(out, at, length);
  }

  /** Opens a protected record in place; `undefined` means that it is good and its content has been found. */
  open(bytes: Uint8Array, at: number, recordEnd: number): DropReason | undefined {
    const protection = this.#protection;
    if (protection === undefined) return 'unknown-epoch';
    if (recordEnd - at - RECORD_HEADER_BYTES > MAX_CIPHERTEXT_BYTES) return 'record-too-long';
    const sequence = recordSequence(bytes, at);
    const stale = this.#window.check(sequence);
    if (stale !== undefined) return stale;
    // RFC 6347 §4.1.2.7: records that fail SHOULD be dropped in silence.
    if (!protection.opening.open(bytes, at, recordEnd)) return 'bad-mac';
    this.#window.accept(sequence);
    this.contentAt = at + protection.opening.headroom;
    this.contentEnd = recordEnd - AEAD_TAG_BYTES;
    if (this.contentEnd - this.contentAt > MAX_PLAINTEXT_BYTES) return 'record-too-long';
    return undefined;
  }
}

export function isKnownContentType(type: number): boolean {
  return type >= CONTENT_TYPE.changeCipherSpec && type <= CONTENT_TYPE.applicationData;
}
