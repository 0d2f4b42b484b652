// Hot: the protected epochs of DTLS 1.3, each direction with its keys, its numbers and its replay window. RFC 9147 §4.2.1,
// §4.5.1, §4.5.3. Which of them exist when is the handshake's to say; which are kept for late records is settled here.
//
// Epoch 2 protects the handshake, 3 and all after it what comes then; 1 (early data) is not spoken.
import type { Millis } from '@millrace/sans-io';
import type { CipherSuite13 } from '../cipher-suites-13.ts';
import type { DtlsCrypto } from '../crypto.ts';
import type { DropReason } from '../drop-reasons.ts';
import { createEpoch13, type Epoch13 } from './protection-13.ts';
import { ReplayWindow } from './replay-window.ts';
import { epochBits, UNIFIED_HEADER_BYTES } from './unified-header.ts';

export const HANDSHAKE_EPOCH = 2;
export const FIRST_APPLICATION_EPOCH = 3;

export interface EpochLimits {
  /** Records sealed under one key; a KeyUpdate is asked for before. */
  readonly recordLimit: number;
  /** Records sealed under one key before a KeyUpdate is due; at the latest a part of the limit. */
  readonly keyUpdateAfter?: number | undefined;
  /** Records that fail to open under one key. */
  readonly forgeryLimit: number;
  /** How long the keys of an epoch that has been left are kept for late records. */
  readonly epochRetention: Millis;
}

interface Sealing {
  readonly key: Epoch13;
  /** Of the next record. */
  sequence: number;
  readonly limit: number;
  /** From this number on new keys should come. */
  readonly updateFrom: number;
}

interface Opening {
  readonly epoch: number;
  /** None while the epoch rests. */
  key: Epoch13 | undefined;
  /** Of an epoch that rests: what its keys are made of. */
  secret: Uint8Array | undefined;
  readonly window: ReplayWindow;
  readonly forgeryLimit: number;
  forgeries: number;
  /** When the key goes; Infinity while the epoch is in use. */
  retireAt: Millis;
}

/** From here on a KeyUpdate is due, as a part of the limit: what is sealed until it is acknowledged must fit above. */
const KEY_UPDATE_PART = 0.7;

export class Epochs {
  contentAt = 0;
  contentEnd = 0;
  contentType = 0;
  epoch = 0;
  sequence = 0;
  recordEnd = 0;
  readonly #crypto: DtlsCrypto;
  readonly #suite: CipherSuite13;
  readonly #limits: EpochLimits;
  /** The last one is the current one. */
  #sealing: readonly Sealing[] = [];
  #current: Sealing | undefined;
  /** Has records whose numbers are still in the clear. */
  #unfinished: Epoch13 | undefined;
  /** By the two bits that a record shows of its epoch; at most three of the four are taken. */
  readonly #opening: Array<Opening | undefined> = [undefined, undefined, undefined, undefined];
  #highestOpening = 0;
  /** The earliest time at which a key goes. */
  #retireAt: Millis = Number.POSITIVE_INFINITY;
  #isExhausted = false;
  #hasOpened = false;
  /** The latest keys have opened something. */
  #isLatestUsed = false;

  constructor(crypto: DtlsCrypto, suite: CipherSuite13, limits: EpochLimits) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#limits = limits;
  }

  /** The epoch in which is sent now; 0 before there is one. */
  get sendingEpoch(): number {
    return this.#current?.key.epoch ?? 0;
  }

  /** The latest epoch that can be read. */
  get receivingEpoch(): number {
    return this.#highestOpening;
  }

  /** Whether so many records failed to open that the connection must end (RFC 9147 §4.5.3). */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** Whether a record of the peer has been opened. */
  get hasOpened(): boolean {
    return this.#hasOpened;
  }

  /** Whether another record of application data may be sealed; the last number is kept for the closing alert. */
  get canSeal(): boolean {
    const current = this.#current;
    return current !== undefined && current.sequence < current.limit - 1;
  }

  /** RFC 9147 §4.5.3: whether the keys should be changed before their limit is reached. */
  get isUpdateDue(): boolean {
    const current = this.#current;
    return current !== undefined && current.sequence >= current.updateFrom;
  }

  get headroom(): number {
    return this.#current?.key.headroom ?? UNIFIED_HEADER_BYTES;
  }

  get tailroom(): number {
    return this.#current?.key.tailroom ?? 0;
  }

  /** Everything new is sent in this epoch; earlier ones stay for what is sent again. */
  startSealing(epoch: number, trafficSecret: Uint8Array): void {
    const key = createEpoch13(this.#crypto, this.#suite, trafficSecret, epoch, 'seal');
    const limit = Math.min(this.#limits.recordLimit, this.#suite.sealLimit);
    const updateFrom = Math.min(
      this.#limits.keyUpdateAfter ?? Number.POSITIVE_INFINITY,
      Math.floor(limit * KEY_UPDATE_PART),
    );
    this.#current = { key, sequence: 0, limit, updateFrom };
    this.#sealing = this.#sealing.concat(this.#current);
  }

  /** Nothing is sent any more in epochs before `epoch`. */
  stopSealingBefore(epoch: number): void {
    this.finishBatch();
    if (this.#sealing.length === 0 || this.#sealing[0]!.key.epoch >= epoch) return;
    const from = this.#sealing.findIndex(({ key }) => key.epoch >= epoch);
    const left = from < 0 ? this.#sealing.length : from;
    for (let i = 0; i < left; i++) this.#sealing[i]!.key.close();
    this.#sealing = this.#sealing.slice(left);
  }

  // RFC 9147 §8: the keys before these MUST stay until something comes under these; see `#onLatestUsed`. The epoch that
  // shares its two bits with the new one is four behind and goes at once; so do all but the two before it.
  startOpening(epoch: number, trafficSecret: Uint8Array): void {
    const key = createEpoch13(this.#crypto, this.#suite, trafficSecret, epoch, 'open');
    for (let bits = 0; bits < 4; bits++) {
      const each = this.#opening[bits];
      if (each !== undefined && each.epoch < epoch - 2) this.#retire(bits);
    }
    this.#opening[epochBits(epoch)] = {
      epoch,
      key,
      secret: undefined,
      window: new ReplayWindow(),
      forgeryLimit: Math.min(this.#limits.forgeryLimit, this.#suite.forgeryLimit),
      forgeries: 0,
      retireAt: Number.POSITIVE_INFINITY,
    };
    this.#highestOpening = epoch;
    this.#isLatestUsed = false;
  }

  /** Nothing that comes in `epoch` is of use any more. */
  stopOpening(epoch: number): void {
    const bits = epochBits(epoch);
    if (this.#opening[bits]?.epoch === epoch) this.#retire(bits);
  }

  /**
   * Most likely nothing more comes in `epoch`: its keys are given back, and made again of `trafficSecret`, which is kept, should
   * there be something.
   */
  restOpening(epoch: number, trafficSecret: Uint8Array): void {
    const opening = this.#opening[epochBits(epoch)];
    if (opening?.epoch !== epoch) return;
    opening.key?.close();
    opening.key = undefined;
    opening.secret = trafficSecret;
  }

  /** Whether there are keys for a record with this first byte. */
  canOpen(firstByte: number): boolean {
    return this.#opening[epochBits(firstByte)] !== undefined;
  }

  /** The number that the next record of `epoch` will have; for acknowledgements. */
  nextSequence(epoch: number): number {
    return this.#sealingOf(epoch)?.sequence ?? 0;
  }

  /** Makes a record of the content at `at + headroom`; 0 if the epoch has no keys or no number left. */
  seal(out: Uint8Array, at: number, length: number, type: number, epoch: number): number {
    const sealing = this.#sealingOf(epoch);
    // RFC 9147 §4.2.1: a number MUST NOT be used twice in an epoch, nor wrap.
    if (sealing === undefined || sealing.sequence >= sealing.limit) return 0;
    return sealing.key.seal(out, at, length, type, sealing.sequence++);
  }

  /** The same in the current epoch, but the record is whole only after `finishBatch`. */
  sealInBatch(out: Uint8Array, at: number, length: number, type: number): number {
    const sealing = this.#current;
    if (sealing === undefined || sealing.sequence >= sealing.limit) return 0;
    if (this.#unfinished !== sealing.key) {
      this.finishBatch();
      this.#unfinished = sealing.key;
    }
    return sealing.key.sealInBatch(out, at, length, type, sealing.sequence++);
  }

  finishBatch(): void {
    this.#unfinished?.finishBatch();
    this.#unfinished = undefined;
  }

  /** Such datagrams are about to come: see `Epoch13`. */
  foresee(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    this.#opening[epochBits(this.#highestOpening)]?.key?.foresee(bytes, at, end, segmentBytes);
  }

  /** Opens the record at `at` in place; `undefined` means that it is good. `recordEnd` is always found. */
  open(bytes: Uint8Array, at: number, end: number, now: Millis): DropReason | undefined {
    if (now >= this.#retireAt) this.#retireDue(now);
    const opening = this.#opening[epochBits(bytes[at]!)];
    if (opening === undefined) return 'unknown-epoch';
    const { window } = opening;
    const key = opening.key ?? this.#wake(opening);
    const reason = key.open(bytes, at, end, window.next);
    this.recordEnd = key.recordEnd;
    if (reason !== undefined) {
      // RFC 9147 §4.5.3: what fails is counted, and ends the connection when it comes to too much.
      if (reason === 'bad-mac' && ++opening.forgeries >= opening.forgeryLimit) this.#isExhausted = true;
      return reason;
    }
    // RFC 9147 §4.5.1: the number is only known to be real now. A record that was there already is not told again.
    const stale = window.check(key.sequence);
    if (stale !== undefined) return stale;
    window.accept(key.sequence);
    this.#hasOpened = true;
    if (!this.#isLatestUsed && key.epoch === this.#highestOpening) this.#onLatestUsed(now);
    this.contentAt = key.contentAt;
    this.contentEnd = key.contentEnd;
    this.contentType = key.innerType;
    this.epoch = key.epoch;
    this.sequence = key.sequence;
    return undefined;
  }

  /** Gives all keys back. */
  release(): void {
    this.finishBatch();
    for (const { key } of this.#sealing) key.close();
    this.#sealing = [];
    this.#current = undefined;
    for (let bits = 0; bits < 4; bits++) this.#retire(bits);
  }

  #sealingOf(epoch: number): Sealing | undefined {
    const current = this.#current;
    if (current !== undefined && current.key.epoch === epoch) return current;
    for (let i = 0; i < this.#sealing.length; i++) {
      if (this.#sealing[i]!.key.epoch === epoch) return this.#sealing[i];
    }
    return undefined;
  }

  // RFC 9147 §4.2.1: older keys are kept for records that come late, as long as packets live; §5.8.1: twice as long for those
  // of the handshake, since its last flight MUST be acknowledged again for so long.
  #onLatestUsed(now: Millis): void {
    this.#isLatestUsed = true;
    const { epochRetention } = this.#limits;
    for (const each of this.#opening) {
      if (each === undefined || each.epoch === this.#highestOpening) continue;
      const retention = each.epoch === HANDSHAKE_EPOCH ? 2 * epochRetention : epochRetention;
      each.retireAt = Math.min(each.retireAt, now + retention);
      this.#retireAt = Math.min(this.#retireAt, each.retireAt);
    }
  }

  #wake(opening: Opening): Epoch13 {
    const { epoch, secret } = opening;
    const key = createEpoch13(this.#crypto, this.#suite, secret!, epoch, 'open');
    secret!.fill(0);
    opening.secret = undefined;
    opening.key = key;
    return key;
  }

  #retireDue(now: Millis): void {
    this.#retireAt = Number.POSITIVE_INFINITY;
    for (let bits = 0; bits < 4; bits++) {
      const retireAt = this.#opening[bits]?.retireAt;
      if (retireAt === undefined) continue;
      if (retireAt <= now) this.#retire(bits);
      else this.#retireAt = Math.min(this.#retireAt, retireAt);
    }
  }

  #retire(bits: number): void {
    const opening = this.#opening[bits];
    opening?.key?.close();
    opening?.secret?.fill(0);
    this.#opening[bits] = undefined;
  }
}
