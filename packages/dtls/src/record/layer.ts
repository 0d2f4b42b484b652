// Hot: the record layer of one connection: epoch 0 in the clear; of DTLS 1.2 epoch 1, protected (RFC 6347 §4.1: without
// renegotiation there is no further one); of DTLS 1.3 the epochs from 2 on (RFC 9147 §6.1), which `Epochs` keeps. The
// number of an epoch therefore says how its records are made.

import type { CipherSuite13 } from '../cipher-suites-13.ts';
import { AEAD_TAG_BYTES, type DtlsCrypto } from '../crypto.ts';
import type { DropReason } from '../drop-reasons.ts';
import { type EpochLimits, Epochs, HANDSHAKE_EPOCH } from './epochs.ts';
import {
  CONTENT_TYPE,
  DTLS_1_2,
  MAX_CIPHERTEXT_BYTES,
  MAX_PLAINTEXT_BYTES,
  RECORD_HEADER_BYTES,
  recordSequence,
  writeRecordHeader,
} from './header.ts';
import type { RecordProtection } from './protection.ts';
import { ReplayWindow } from './replay-window.ts';

export const PLAINTEXT_EPOCH = 0;
/** Of DTLS 1.2. */
export const PROTECTED_EPOCH = 1;

/** The two directions of the protected epoch. */
export interface TrafficProtection {
  readonly sealing: RecordProtection;
  readonly opening: RecordProtection;
}

export class RecordLayer {
  /** Where `open` has left the content of the record, and what it said. */
  contentAt = 0;
  contentEnd = 0;
  readonly #limits: EpochLimits;
  #plaintextSequence = 0;
  #sequence = 0;
  #protection: TrafficProtection | undefined;
  #epochs: Epochs | undefined;
  /** Of DTLS 1.2. */
  #window: ReplayWindow | undefined;

  constructor(limits: EpochLimits) {
    this.#limits = limits;
  }

  /** Whether there are keys of DTLS 1.2. */
  get isProtected(): boolean {
    return this.#protection !== undefined;
  }

  /** The epochs of DTLS 1.3, once that has been agreed on. */
  get epochs(): Epochs | undefined {
    return this.#epochs;
  }

  /** The epoch of application data. */
  get applicationEpoch(): number {
    return this.#epochs?.sendingEpoch ?? PROTECTED_EPOCH;
  }

  /** How often keys for incoming records have been added. */
  get openings(): number {
    return this.#epochs?.receivingEpoch ?? (this.#protection === undefined ? 0 : 1);
  }

  /** Whether new keys should be agreed on before the limit of these is reached; of 1.3. */
  get isUpdateDue(): boolean {
    return this.#epochs?.isUpdateDue === true;
  }

  /** Whether application data may be sealed: the last sequence number is kept for the closing alert. */
  get canSeal(): boolean {
    return this.#epochs?.canSeal ?? this.#sequence < this.#limits.recordLimit - 1;
  }

  protect(protection: TrafficProtection): void {
    this.#protection = protection;
    this.#window = new ReplayWindow();
  }

  /** DTLS 1.3 has been agreed on. */
  createEpochs(crypto: DtlsCrypto, suite: CipherSuite13): Epochs {
    this.#epochs = new Epochs(crypto, suite, this.#limits);
    return this.#epochs;
  }

  /** Gives the keys back: nothing is sealed or opened any more. */
  release(): void {
    this.#protection?.sealing.close();
    this.#protection?.opening.close();
    this.#protection = undefined;
    this.#epochs?.release();
  }

  headroom(epoch: number): number {
    if (epoch >= HANDSHAKE_EPOCH && this.#epochs !== undefined) return this.#epochs.headroom;
    if (epoch === PLAINTEXT_EPOCH || this.#protection === undefined) return RECORD_HEADER_BYTES;
    return this.#protection.sealing.headroom;
  }

  tailroom(epoch: number): number {
    if (epoch >= HANDSHAKE_EPOCH && this.#epochs !== undefined) return this.#epochs.tailroom;
    return epoch === PLAINTEXT_EPOCH ? 0 : AEAD_TAG_BYTES;
  }

  /** The number that the next record of `epoch` will have. */
  nextSequence(epoch: number): number {
    if (epoch === PLAINTEXT_EPOCH) return this.#plaintextSequence;
    return this.#epochs?.nextSequence(epoch) ?? this.#sequence;
  }

  /**
   * Makes a record at `out[at]` of the content that lies at `at + headroom(epoch)`, and returns its length; 0 if
   * the epoch has no keys or no sequence number left.
   */
  write(out: Uint8Array, at: number, epoch: number, type: number, version: number, length: number): number {
    if (epoch >= HANDSHAKE_EPOCH) return this.#epochs?.seal(out, at, length, type, epoch) ?? 0;
    if (epoch === PLAINTEXT_EPOCH) {
      writeRecordHeader(out, at, type, version, epoch, this.#plaintextSequence++, length);
      return RECORD_HEADER_BYTES + length;
    }
    // RFC 6347 §4.1: a sequence number MUST NOT be used twice in an epoch, nor wrap.
    if (this.#protection === undefined || this.#sequence >= this.#limits.recordLimit) return 0;
    writeRecordHeader(out, at, type, version, epoch, this.#sequence++, 0);
    return this.#protection.sealing.seal(out, at, length);
  }

  /** Application data, in a record that is whole only after `finishBatch`; see `Epoch13`. Of 1.2 it is so at once. */
  writeInBatch(out: Uint8Array, at: number, length: number): number {
    const epochs = this.#epochs;
    if (epochs !== undefined) return epochs.sealInBatch(out, at, length, CONTENT_TYPE.applicationData);
    return this.write(out, at, PROTECTED_EPOCH, CONTENT_TYPE.applicationData, DTLS_1_2, length);
  }

  /** Opens a protected record of DTLS 1.2 in place; `undefined`: it is good and its content has been found. */
  open(bytes: Uint8Array, at: number, recordEnd: number): DropReason | undefined {
    const protection = this.#protection;
    const window = this.#window;
    if (protection === undefined || window === undefined) return 'unknown-epoch';
    if (recordEnd - at - RECORD_HEADER_BYTES > MAX_CIPHERTEXT_BYTES) return 'record-too-long';
    const sequence = recordSequence(bytes, at);
    const stale = window.check(sequence);
    if (stale !== undefined) return stale;
    // RFC 6347 §4.1.2.7: records that fail SHOULD be dropped in silence.
    if (!protection.opening.open(bytes, at, recordEnd)) return 'bad-mac';
    window.accept(sequence);
    this.contentAt = at + protection.opening.headroom;
    this.contentEnd = recordEnd - AEAD_TAG_BYTES;
    if (this.contentEnd - this.contentAt > MAX_PLAINTEXT_BYTES) return 'record-too-long';
    return undefined;
  }
}

/** Of DTLS 1.2; ACK is told apart by the version. */
export function isKnownContentType(type: number): boolean {
  return type >= CONTENT_TYPE.changeCipherSpec && type <= CONTENT_TYPE.applicationData;
}
