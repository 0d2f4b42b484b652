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
import { newAeadContext, OpenSslAeadKey } from './aead-key.ts';
import { NativeContext } from './context.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadAlgorithm, type RecordKey13 } from './keys.ts';
import { AAD_WORD, CTRL_SET_IV_FIXED, IV_WORD, type OpenSsl } from './openssl.ts';

const NONCE_BYTES = 8;
const AAD_BYTES = 13;
/** A header of DTLS 1.3 without a connection id. */
const MAX_HEADER_BYTES = 8;
const TAG_WORDS = 4;
/** What OpenSSL takes off the length that it is told, to leave zero. */
const SEALING_LENGTH = NONCE_BYTES;
const OPENING_LENGTH: number = NONCE_BYTES + AEAD_TAG_BYTES;

export class OpenSslRecordKey13 implements RecordKey13 {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;
  /** For records that the two calls cannot take: without room in front, or outside any slab. */
  readonly #fallback: OpenSslAeadKey;
  readonly #nonce: Uint8Array;
  /** The IV as the workspace has it; the last two words take the sequence number in. */
  readonly #iv: Int32Array;
  /** AES of zeros, and by additional data of how many bytes what the tags differ by, in words, from the fourth on. */
  readonly #h: Uint8Array;
  readonly #differences: Int32Array = new Int32Array((MAX_HEADER_BYTES + 1) * TAG_WORDS);
  #hasDifference = 0; // a bit for each length

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
    this.#context = new NativeContext(this, context, (c) => ssl.freeCipherContext(c), ssl.contextOwners);
    this.#fallback = new OpenSslAeadKey(ssl, algorithm, key);
    this.#nonce = Uint8Array.from(iv);
    this.#iv = new Int32Array(Uint8Array.from(iv).buffer);
    this.#h = ssl.encryptedZeros(key);
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
      this.#setNonce(sequenceHigh, sequenceLow);
      const aad = bytes.slice(headerAt, contentAt);
      this.#fallback.seal(bytes, contentAt, contentEnd, this.#nonce, aad);
      return;
    }
    const view = ssl.memory.viewOf(bytes);
    const before = view.getInt32(nonceAt, true);
    const behind = view.getInt32(nonceAt + 4, true);
    putAad(ssl.words, headerBytes, before, behind, SEALING_LENGTH);
    const iv = this.#iv;
    ssl.words[IV_WORD] = iv[0]!;
    ssl.words[IV_WORD + 1] = iv[1]! ^ swapped(sequenceHigh);
    ssl.words[IV_WORD + 2] = iv[2]! ^ swapped(sequenceLow);
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
    const base = ssl.memory.addressOf(bytes);
    const nonceAt = contentAt - NONCE_BYTES;
    if (base === FOREIGN || nonceAt < 0) {
      this.#setNonce(sequenceHigh, sequenceLow);
      return this.#fallback.open(bytes, contentAt, recordEnd, this.#nonce, bytes.slice(headerAt, contentAt));
    }
    const tagAt = recordEnd - AEAD_TAG_BYTES;
    if (tagAt < contentAt) return false;
    const view = ssl.memory.viewOf(bytes);
    const before = view.getInt32(nonceAt, true);
    const behind = view.getInt32(nonceAt + 4, true);
    putAad(ssl.words, headerBytes, before, behind, OPENING_LENGTH);
    const iv = this.#iv;
    view.setInt32(nonceAt, iv[1]! ^ swapped(sequenceHigh), true);
    view.setInt32(nonceAt + 4, iv[2]! ^ swapped(sequenceLow), true);
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
    this.#fallback.close();
    this.#h.fill(0);
    this.#iv.fill(0);
    this.#nonce.fill(0);
    this.#differences.fill(0);
  }

  /** The whole nonce, for the fall-back. */
  #setNonce(sequenceHigh: number, sequenceLow: number): void {
    const words = new Int32Array(this.#nonce.buffer);
    words[1] = this.#iv[1]! ^ swapped(sequenceHigh);
    words[2] = this.#iv[2]! ^ swapped(sequenceLow);
  }

  #correct(view: DataView, tagAt: number, headerBytes: number): void {
    if ((this.#hasDifference & (1 << headerBytes)) === 0) this.#findDifference(headerBytes);
    const differences = this.#differences;
    const from = headerBytes * TAG_WORDS;
    view.setInt32(tagAt, view.getInt32(tagAt, true) ^ differences[from]!, true);
    view.setInt32(tagAt + 4, view.getInt32(tagAt + 4, true) ^ differences[from + 1]!, true);
    view.setInt32(tagAt + 8, view.getInt32(tagAt + 8, true) ^ differences[from + 2]!, true);
    view.setInt32(tagAt + 12, view.getInt32(tagAt + 12, true) ^ differences[from + 3]!, true);
  }

  #findDifference(headerBytes: number): void {
    const difference = product(this.#h, (AAD_BYTES * 8) ^ (headerBytes * 8));
    this.#differences.set(new Int32Array(difference.buffer), headerBytes * TAG_WORDS);
    difference.fill(0);
    this.#hasDifference |= 1 << headerBytes;
  }
}

/** @throws {NativeError} `BAD_LENGTH` */
function checkedHeader(headerAt: number, contentAt: number): number {
  const bytes = contentAt - headerAt;
  if (bytes >= 1 && bytes <= MAX_HEADER_BYTES) return bytes;
  throw new NativeError('BAD_LENGTH', `${bytes} bytes of header`);
}

/** The last `headerBytes` of the eight bytes in `before` and `behind`, zeros up to the length, and that. */
function putAad(
  words: Int32Array,
  headerBytes: number,
  before: number,
  behind: number,
  length: number,
): void {
  const bits = (headerBytes & 3) * 8; // shifts are by less than 32
  if (headerBytes <= 4) {
    words[AAD_WORD] = bits === 0 ? behind : behind >>> (32 - bits);
    words[AAD_WORD + 1] = 0;
  } else {
    words[AAD_WORD] = bits === 0 ? before : (before >>> (32 - bits)) | (behind << bits);
    words[AAD_WORD + 1] = bits === 0 ? behind : behind >>> (32 - bits);
  }
  words[AAD_WORD + 2] = 0;
  words[AAD_WORD + 3] = length; // byte 12; what is behind it is not read
}

/** The bytes of a number in network order, as a word of memory. */
function swapped(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

/**
 * SP 800-38D §6.3: `h` times the block whose byte 7, the last of the length of the additional data, is `value`: the
 * difference of two blocks of lengths.
 */
function product(h: Uint8Array, value: number): Uint8Array<ArrayBuffer> {
  const power = Uint8Array.from(h); // of x, times h: bit 7 of byte 0 is the coefficient of x^0
  const sum = new Uint8Array(16);
  for (let bit = 0; bit < 64; bit++) {
    const isIn = bit >= 56 ? -((value >> (63 - bit)) & 1) : 0;
    for (let i = 0; i < 16; i++) sum[i] = sum[i]! ^ (power[i]! & isIn);
    const carry = -(power[15]! & 1);
    for (let i = 15; i > 0; i--) power[i] = (power[i]! >> 1) | ((power[i - 1]! & 1) << 7);
    power[0] = (power[0]! >> 1) ^ (carry & 0xe1);
  }
  power.fill(0);
  return sum;
}
