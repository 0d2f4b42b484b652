// Hot: whole DTLS 1.3 records (RFC 9147 §4) under AES-GCM in two calls each, by the mode that OpenSSL has for TLS 1.2: one
// call hands over nonce and additional data, one does all the rest. That mode wants 13 bytes of additional data and 8 of
// nonce in front of the content; a record of DTLS 1.3 has 2 to 5 bytes of the one and none of the other.
//
//     ... | header 2..5 | content, type | tag 16 |        what the record is
//         | nonce 8     | content       | tag 16 |        what OpenSSL is shown, the nonce over header and bytes before it
//
// The additional data is padded with zeros: GHASH (NIST SP 800-38D §6.4) pads it to 16 bytes anyway, so that only the
// block of lengths differs, by a number of bits that is always the same. GHASH being linear, the tags under one key differ
// by a constant, which is taken off. The header and the bytes in front of it are put back.
import { NativeError } from '../errors.ts';
import { checkRange, FOREIGN } from '../memory.ts';
import { newAeadContext } from './aead-key.ts';
import { NativeContext } from './context.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadAlgorithm, type RecordKey13 } from './keys.ts';
import {
  AAD_WORD,
  CTRL_SET_IV_FIXED,
  FOREIGN_AT,
  IV_WORD,
  MAX_FOREIGN_BYTES,
  type OpenSsl,
} from './openssl.ts';
import { checkedHeader, firstOfHeader, secondOfHeader, swapped, wordAt } from './record-words.ts';

const NONCE_BYTES = 8;
const AAD_BYTES = 13;
// Words of `#words`, all that is kept for a key: so few that V8 keeps them on its heap.
const H_AT = 3; // behind the IV
const DIFFERENCES_AT = 7;
const TAG_WORDS = 4;
const STATE_WORDS: number = DIFFERENCES_AT + 2 * TAG_WORDS;
/** What OpenSSL takes off the length that it is told, to leave zero. */
const SEALING_LENGTH = NONCE_BYTES;
const OPENING_LENGTH: number = NONCE_BYTES + AEAD_TAG_BYTES;
/** Where records lie in the workspace that cannot be worked on where they are, the nonce in front of them. */
const CARRIED_AT: number = FOREIGN_AT + NONCE_BYTES;
const MAX_CARRIED_BYTES: number = MAX_FOREIGN_BYTES - NONCE_BYTES - AEAD_TAG_BYTES;

export class OpenSslRecordKey13 implements RecordKey13 {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;
  /**
   * The IV as the workspace has it, whose last two words take the sequence number in; AES of zeros; and what the tags differ
   * by, for headers of two lengths.
   */
  readonly #words = new Int32Array(STATE_WORDS);
  #firstHeader = 0;
  #secondHeader = 0;

  constructor(
    ssl: OpenSsl,
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    iv: Uint8Array,
    direction: 'seal' | 'open',
  ) {
    if (iv.length !== AEAD_NONCE_BYTES) throw new NativeError('BAD_KEY', `an IV of ${iv.length} bytes`);
    const context = newAeadContext(ssl, algorithm, key, direction === 'seal');
    this.#ssl = ssl;
    this.#context = new NativeContext(this, context, ssl.freeCipherContext, ssl.contextOwners);
    for (let i = 0; i < H_AT; i++) this.#words[i] = wordAt(iv, i * 4);
    const h = ssl.encryptedZeros(key);
    for (let i = 0; i < TAG_WORDS; i++) this.#words[H_AT + i] = wordAt(h, i * 4);
    h.fill(0);
    ssl.putIv(iv, 4);
    // RFC 8446 §5.3: the number is XORed into the last eight bytes; the first four are the same in every nonce.
    if (ssl.control(context, CTRL_SET_IV_FIXED, 4, ssl.ivAddress) !== 1) {
      this.close();
      throw new NativeError('REFUSED', 'the fixed part of the nonce');
    }
  }

  seal(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    contentEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, contentAt, contentEnd);
    checkRange(bytes, headerAt, contentEnd + AEAD_TAG_BYTES);
    const headerBytes = checkedHeader(headerAt, contentAt);
    const base = ssl.memory.addressOf(bytes);
    const nonceAt = contentAt - NONCE_BYTES;
    if (base === FOREIGN || nonceAt < 0) {
      // Without room in front or outside any slab, a record goes through the workspace.
      const workspace = ssl.workspace;
      const end = this.#bringIn(bytes, headerAt, contentEnd);
      const at = CARRIED_AT + headerBytes;
      this.seal(workspace, CARRIED_AT, at, end, sequenceHigh, sequenceLow);
      bytes.set(workspace.subarray(at, end + AEAD_TAG_BYTES), contentAt);
      return;
    }
    const view = ssl.memory.viewOf(bytes);
    const before = view.getInt32(nonceAt, true);
    const behind = view.getInt32(nonceAt + 4, true);
    putAad(ssl.words, headerBytes, before, behind, SEALING_LENGTH);
    const state = this.#words;
    ssl.words[IV_WORD] = state[0]!;
    ssl.words[IV_WORD + 1] = state[1]! ^ swapped(sequenceHigh);
    ssl.words[IV_WORD + 2] = state[2]! ^ swapped(sequenceLow);
    const length = NONCE_BYTES + contentEnd - contentAt + AEAD_TAG_BYTES;
    const address = base + nonceAt;
    const isDone =
      ssl.setParameters(context, ssl.sealingParameters) === 1 &&
      ssl.cipher(context, address, address, length) > 0;
    view.setInt32(nonceAt, before, true);
    view.setInt32(nonceAt + 4, behind, true);
    if (!isDone) throw new NativeError('REFUSED', 'sealing');
    this.#correct(view, contentEnd, headerBytes);
  }

  open(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    recordEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): boolean {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, contentAt, recordEnd);
    checkRange(bytes, headerAt, contentAt);
    const headerBytes = checkedHeader(headerAt, contentAt);
    const tagAt = recordEnd - AEAD_TAG_BYTES;
    if (tagAt < contentAt) return false;
    const base = ssl.memory.addressOf(bytes);
    const nonceAt = contentAt - NONCE_BYTES;
    if (base === FOREIGN || nonceAt < 0) {
      const workspace = ssl.workspace;
      const end = this.#bringIn(bytes, headerAt, recordEnd);
      const at = CARRIED_AT + headerBytes;
      if (!this.open(workspace, CARRIED_AT, at, end, sequenceHigh, sequenceLow)) return false;
      bytes.set(workspace.subarray(at, end - AEAD_TAG_BYTES), contentAt);
      return true;
    }
    const view = ssl.memory.viewOf(bytes);
    const before = view.getInt32(nonceAt, true);
    const behind = view.getInt32(nonceAt + 4, true);
    putAad(ssl.words, headerBytes, before, behind, OPENING_LENGTH);
    const state = this.#words;
    view.setInt32(nonceAt, state[1]! ^ swapped(sequenceHigh), true);
    view.setInt32(nonceAt + 4, state[2]! ^ swapped(sequenceLow), true);
    this.#correct(view, tagAt, headerBytes);
    const address = base + nonceAt;
    const isGood =
      ssl.setParameters(context, ssl.openingParameters) === 1 &&
      ssl.cipher(context, address, address, NONCE_BYTES + recordEnd - contentAt) > 0;
    view.setInt32(nonceAt, before, true);
    view.setInt32(nonceAt + 4, behind, true);
    return isGood;
  }

  close(): void {
    this.#context.close();
    this.#words.fill(0);
  }

  /** Copies `bytes[from, end)` to the workspace, where there is room in front and behind, and returns where it ends. */
  #bringIn(bytes: Uint8Array, from: number, end: number): number {
    const length = end - from;
    if (length > MAX_CARRIED_BYTES) {
      throw new NativeError('BAD_LENGTH', `${length} bytes outside a slab; ${MAX_CARRIED_BYTES} can be had`);
    }
    this.#ssl.workspace.set(bytes.subarray(from, end), CARRIED_AT);
    return CARRIED_AT + length;
  }

  #correct(view: DataView, tagAt: number, headerBytes: number): void {
    const words = this.#words;
    const from = this.#differenceFor(headerBytes);
    view.setInt32(tagAt, view.getInt32(tagAt, true) ^ words[from]!, true);
    view.setInt32(tagAt + 4, view.getInt32(tagAt + 4, true) ^ words[from + 1]!, true);
    view.setInt32(tagAt + 8, view.getInt32(tagAt + 8, true) ^ words[from + 2]!, true);
    view.setInt32(tagAt + 12, view.getInt32(tagAt + 12, true) ^ words[from + 3]!, true);
  }

  /** Who uses headers of three lengths pays for it: a writer has one for short records and one for others, if it has two. */
  #differenceFor(headerBytes: number): number {
    if (headerBytes === this.#firstHeader) return DIFFERENCES_AT;
    const second = DIFFERENCES_AT + TAG_WORDS;
    if (headerBytes === this.#secondHeader) return second;
    const isFirst = this.#firstHeader === 0;
    if (isFirst) this.#firstHeader = headerBytes;
    else this.#secondHeader = headerBytes;
    const from = isFirst ? DIFFERENCES_AT : second;
    putProduct(this.#words, from, (AAD_BYTES * 8) ^ (headerBytes * 8));
    return from;
  }
}

/** The header, zeros up to the length, and that. */
function putAad(
  words: Int32Array,
  headerBytes: number,
  before: number,
  behind: number,
  length: number,
): void {
  words[AAD_WORD] = firstOfHeader(headerBytes, before, behind);
  words[AAD_WORD + 1] = secondOfHeader(headerBytes, behind);
  words[AAD_WORD + 2] = 0;
  words[AAD_WORD + 3] = length; // byte 12; what is behind it is not read
}

/**
 * SP 800-38D §6.3: H times the block whose byte 7, the last of the length of the additional data, is `value`: the
 * difference of two blocks of lengths. Bit 31 of the first of the words in network order is the coefficient of x^0.
 */
function putProduct(words: Int32Array, to: number, value: number): void {
  // H times x^0 at first, then times each further power.
  let a = swapped(words[H_AT]!);
  let b = swapped(words[H_AT + 1]!);
  let c = swapped(words[H_AT + 2]!);
  let d = swapped(words[H_AT + 3]!);
  let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
  for (let bit = 0; bit < 64; bit++) {
    const isIn = bit >= 56 ? -((value >> (63 - bit)) & 1) : 0;
    sumA ^= a & isIn;
    sumB ^= b & isIn;
    sumC ^= c & isIn;
    sumD ^= d & isIn;
    const carry = -(d & 1);
    d = (d >>> 1) | (c << 31);
    c = (c >>> 1) | (b << 31);
    b = (b >>> 1) | (a << 31);
    a = (a >>> 1) ^ (carry & 0xe100_0000);
  }
  words[to] = swapped(sumA);
  words[to + 1] = swapped(sumB);
  words[to + 2] = swapped(sumC);
  words[to + 3] = swapped(sumD);
}
