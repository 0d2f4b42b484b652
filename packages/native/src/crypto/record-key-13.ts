// Hot: whole DTLS 1.3 records (RFC 9147 §4) under AES-GCM in two calls each, by the mode that OpenSSL has for TLS 1.2: one
// call hands over nonce and additional data, one does all the rest. That mode wants 13 bytes of additional data and 8 of
// nonce in front of the content; a record of DTLS 1.3 has 2 to 5 bytes of the one and none of the other.
//
//     ... | header 2..5 | content, type | tag 16 |        what the record is
//         | nonce 8     | content       | tag 16 |        what OpenSSL is shown, the nonce over header and bytes before it
//
// The additional data is padded with zeros: GHASH (NIST SP 800-38D §6.4) pads it to 16 bytes anyway, so that only the
// block of lengths differs, by a number of bits that is always the same. GHASH being linear, the tags under one key differ
// by a constant, which is taken off. The bytes in front of the header are put back.
import { NativeError } from '../errors.ts';
import { checkRange, FOREIGN } from '../memory.ts';
import { newAeadContext, OpenSslAeadKey } from './aead-key.ts';
import { NativeContext } from './context.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadAlgorithm, type RecordKey13 } from './keys.ts';
import { CTRL_SET_IV_FIXED, type OpenSsl } from './openssl.ts';

const NONCE_BYTES = 8;
const AAD_BYTES = 13;
/** A header of DTLS 1.3 without a connection id. */
const MAX_HEADER_BYTES = 8;
/** What OpenSSL takes off the length that it is told, to leave zero. */
const SEALING_LENGTH = NONCE_BYTES;
const OPENING_LENGTH: number = NONCE_BYTES + AEAD_TAG_BYTES;

export class OpenSslRecordKey13 implements RecordKey13 {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;
  /** For records that the two calls cannot take: without room in front, or outside any slab. */
  readonly #fallback: OpenSslAeadKey;
  /** AES of zeros, and by additional data of how many bytes what the tags differ by, once that has been asked for. */
  readonly #h: Uint8Array;
  readonly #differences: Array<Uint8Array | undefined> = new Array(MAX_HEADER_BYTES + 1).fill(undefined);
  readonly #saved = new Uint8Array(NONCE_BYTES);

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
    this.#h = ssl.encryptedZeros(key);
    ssl.putIv(iv, 4);
    // RFC 8446 §5.3: the number is XORed into the last eight bytes; the first four are the same in every nonce.
    if (ssl.control(context, CTRL_SET_IV_FIXED, 4, ssl.ivAddress) !== 1) {
      this.close();
      throw new NativeError('REFUSED', 'the fixed part of the nonce');
    }
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, at, end);
    checkRange(bytes, end, end + AEAD_TAG_BYTES);
    const base = ssl.memory.addressOf(bytes);
    const nonceAt = at - NONCE_BYTES;
    if (base === FOREIGN || nonceAt < 0) {
      this.#fallback.seal(bytes, at, end, nonce, aad);
      return;
    }
    this.#putAad(aad, SEALING_LENGTH);
    ssl.putIv(nonce, AEAD_NONCE_BYTES);
    const before = NONCE_BYTES - aad.length;
    for (let i = 0; i < before; i++) this.#saved[i] = bytes[nonceAt + i]!;
    const length = NONCE_BYTES + end - at + AEAD_TAG_BYTES;
    const isDone =
      ssl.setParameters(context, ssl.sealingParameters) === 1 &&
      ssl.cipher(context, base + nonceAt, base + nonceAt, length) > 0;
    for (let i = 0; i < before; i++) bytes[nonceAt + i] = this.#saved[i]!;
    if (!isDone) throw new NativeError('REFUSED', 'sealing');
    this.#correct(bytes, end, aad.length);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, at, end);
    const base = ssl.memory.addressOf(bytes);
    const nonceAt = at - NONCE_BYTES;
    if (base === FOREIGN || nonceAt < 0) return this.#fallback.open(bytes, at, end, nonce, aad);
    const tagAt = end - AEAD_TAG_BYTES;
    if (tagAt < at) return false;
    this.#putAad(aad, OPENING_LENGTH);
    const before = NONCE_BYTES - aad.length;
    for (let i = 0; i < before; i++) this.#saved[i] = bytes[nonceAt + i]!;
    for (let i = 0; i < NONCE_BYTES; i++) bytes[nonceAt + i] = nonce[4 + i]!;
    this.#correct(bytes, tagAt, aad.length);
    const isGood =
      ssl.setParameters(context, ssl.openingParameters) === 1 &&
      ssl.cipher(context, base + nonceAt, base + nonceAt, NONCE_BYTES + end - at) > 0;
    for (let i = 0; i < before; i++) bytes[nonceAt + i] = this.#saved[i]!;
    return isGood;
  }

  close(): void {
    this.#context.close();
    this.#fallback.close();
    this.#h.fill(0);
    for (const difference of this.#differences) difference?.fill(0);
  }

  #putAad(aad: Uint8Array, length: number): void {
    const to = this.#ssl.workspace;
    const toAt = this.#ssl.aadAt;
    const bytes = aad.length;
    if (!(bytes >= 1 && bytes <= MAX_HEADER_BYTES))
      throw new NativeError('BAD_LENGTH', `${bytes} bytes of header`);
    for (let i = 0; i < bytes; i++) to[toAt + i] = aad[i]!;
    for (let i = bytes; i < AAD_BYTES - 1; i++) to[toAt + i] = 0;
    to[toAt + AAD_BYTES - 1] = length;
  }

  #correct(bytes: Uint8Array, tagAt: number, aadBytes: number): void {
    const difference = (this.#differences[aadBytes] ??= product(this.#h, (AAD_BYTES * 8) ^ (aadBytes * 8)));
    for (let i = 0; i < AEAD_TAG_BYTES; i++) bytes[tagAt + i] = bytes[tagAt + i]! ^ difference[i]!;
  }
}

/**
 * SP 800-38D §6.3: `h` times the block whose byte 7, the last of the length of the additional data, is `value`: the
 * difference of two blocks of lengths.
 */
function product(h: Uint8Array, value: number): Uint8Array {
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
