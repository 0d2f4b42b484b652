// Hot: whole DTLS 1.2 records (RFC 6347 §4.1, RFC 5288 §3, RFC 7905 §2) in two calls each, by the mode that OpenSSL
// has for its own TLS: hand over the additional data, then have nonce, data and tag done in one pass.
//
//     | type 1 | version 2 | epoch 2 | sequence number 6 | length 2 | explicit nonce (8, GCM) | content | tag 16 |
import { NativeError } from '../errors.ts';
import type { Pointer } from '../ffi.ts';
import { AEAD_CIPHERS, newAeadContext } from './aead-key.ts';
import { NativeContext } from './context.ts';
import { AEAD_TAG_BYTES, type AeadAlgorithm, type RecordKey } from './keys.ts';
import { CTRL_SET_IV_FIXED, CTRL_SET_TAG, CTRL_TLS1_AAD, type OpenSsl } from './openssl.ts';

const HEADER_BYTES = 13;
const EPOCH_AT = 3;
const LENGTH_AT = 11;
const SEQUENCE_BYTES = 8; // epoch and sequence number together: the explicit nonce
const AAD_BYTES = 13;
/** RFC 6347 §4.1: a record's length must not exceed 2^14. */
const MAX_CONTENT_BYTES = 16_384;

export class OpenSslRecordKey implements RecordKey {
  readonly headroom: number;
  readonly overhead: number;
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;
  readonly #explicitBytes: number;
  readonly #fixed: Uint8Array;
  readonly #isSealing: boolean;
  // The last sequence number that was sealed, in two halves as signed numbers: small integers to V8.
  #hasSealed = false;
  #lastHigh = 0;
  #lastLow = 0;

  constructor(
    ssl: OpenSsl,
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    fixedNonce: Uint8Array,
    direction: 'seal' | 'open',
  ) {
    if (direction !== 'seal' && direction !== 'open')
      throw new NativeError('BAD_ARGUMENT', `direction ${direction}`);
    this.#isSealing = direction === 'seal';
    const isGcm = algorithm !== 'chacha20-poly1305';
    const fixedBytes = isGcm ? 4 : 12;
    if (Object.hasOwn(AEAD_CIPHERS, algorithm) && fixedNonce.length !== fixedBytes)
      throw new NativeError('BAD_KEY', `a fixed nonce of ${fixedNonce.length} bytes, not ${fixedBytes}`);
    const context = newAeadContext(ssl, algorithm, key, this.#isSealing);
    this.#ssl = ssl;
    this.#context = new NativeContext(this, context, ssl.freeCipherContext, ssl.contextOwners);
    this.#explicitBytes = isGcm ? SEQUENCE_BYTES : 0;
    this.headroom = HEADER_BYTES + this.#explicitBytes;
    this.overhead = this.headroom + AEAD_TAG_BYTES;
    this.#fixed = new Uint8Array(12);
    this.#fixed.set(fixedNonce);
    ssl.putIv(this.#fixed, fixedBytes);
    if (ssl.control(context, CTRL_SET_IV_FIXED, fixedBytes, ssl.ivAddress) !== 1) {
      this.#context.close();
      throw new NativeError('REFUSED', 'the fixed nonce');
    }
  }

  seal(bytes: Uint8Array, recordAt: number, contentAt: number, contentEnd: number): number {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    if (!this.#isSealing) throw new NativeError('WRONG_DIRECTION');
    const address = ssl.addressFor(bytes, recordAt, contentEnd + AEAD_TAG_BYTES);
    const length = contentEnd - contentAt;
    if (contentAt !== recordAt + this.headroom || length < 0)
      throw new NativeError('BAD_RANGE', `content [${contentAt}, ${contentEnd}) of a record at ${recordAt}`);
    if (length > MAX_CONTENT_BYTES) throw new NativeError('BAD_LENGTH', `${length} bytes of content`);
    this.#advance(bytes, recordAt, context);
    const payload = this.#explicitBytes + length + AEAD_TAG_BYTES;
    bytes[recordAt + LENGTH_AT] = payload >> 8;
    bytes[recordAt + LENGTH_AT + 1] = payload;
    // The explicit nonce counts as content here, and the tag does not.
    this.#putAad(bytes, recordAt, payload - AEAD_TAG_BYTES);
    const isDone =
      ssl.control(context, CTRL_TLS1_AAD, AAD_BYTES, ssl.aadAddress) > 0 &&
      ssl.cipher(context, address + HEADER_BYTES, address + HEADER_BYTES, payload) > 0;
    if (!isDone) throw new NativeError('REFUSED', 'sealing');
    if (address === ssl.foreignAddress) {
      // The copy was made before the length was known: its header is not the final one.
      ssl.takeForeignFrom(HEADER_BYTES, bytes, recordAt + HEADER_BYTES, contentEnd + AEAD_TAG_BYTES);
    }
    return HEADER_BYTES + payload;
  }

  open(bytes: Uint8Array, recordAt: number, contentAt: number, recordEnd: number): boolean {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    if (this.#isSealing) throw new NativeError('WRONG_DIRECTION');
    const address = ssl.addressFor(bytes, recordAt, recordEnd);
    if (contentAt !== recordAt + this.headroom)
      throw new NativeError('BAD_RANGE', `content at ${contentAt} of a record at ${recordAt}`);
    const length = recordEnd - contentAt - AEAD_TAG_BYTES;
    if (length < 0 || length > MAX_CONTENT_BYTES) return false;
    const payload = this.#explicitBytes + length + AEAD_TAG_BYTES;
    // In this mode OpenSSL refuses ChaCha20 records of no content, which TLS allows.
    if (length === 0 && this.#explicitBytes === 0) return this.#openEmpty(bytes, recordAt, address, context);
    this.#putAad(bytes, recordAt, payload); // OpenSSL takes off what is not content
    const isGood =
      ssl.control(context, CTRL_TLS1_AAD, AAD_BYTES, ssl.aadAddress) > 0 &&
      ssl.cipher(context, address + HEADER_BYTES, address + HEADER_BYTES, payload) > 0;
    if (address === ssl.foreignAddress)
      ssl.takeForeignFrom(this.headroom, bytes, contentAt, recordEnd - AEAD_TAG_BYTES);
    return isGood;
  }

  #openEmpty(bytes: Uint8Array, recordAt: number, address: Pointer, context: Pointer): boolean {
    const ssl = this.#ssl;
    const iv = ssl.workspace;
    ssl.putIv(this.#fixed, 12);
    // RFC 7905 §2: the sequence number, padded on the left, is XORed into the nonce of the key block.
    for (let i = 0; i < SEQUENCE_BYTES; i++) iv[ssl.ivAt + 4 + i]! ^= bytes[recordAt + EPOCH_AT + i]!;
    this.#putAad(bytes, recordAt, 0);
    const isGood =
      ssl.cipherInit(context, 0, 0, 0, ssl.ivAddress, 0) === 1 &&
      ssl.control(context, CTRL_SET_TAG, AEAD_TAG_BYTES, address + HEADER_BYTES) === 1 &&
      ssl.cipherUpdate(context, 0, ssl.lengthAddress, ssl.aadAddress, AAD_BYTES) === 1 &&
      ssl.cipherFinal(context, address + HEADER_BYTES, ssl.lengthAddress) === 1;
    ssl.putIv(this.#fixed, 12);
    if (ssl.control(context, CTRL_SET_IV_FIXED, 12, ssl.ivAddress) !== 1)
      throw new NativeError('REFUSED', 'the fixed nonce');
    return isGood;
  }

  close(): void {
    this.#context.close();
  }

  /** Sees to it that OpenSSL's own counter, which makes the nonce, stands at the record's sequence number. */
  #advance(bytes: Uint8Array, recordAt: number, context: Pointer): void {
    const high = i32(bytes, recordAt + EPOCH_AT);
    const low = i32(bytes, recordAt + EPOCH_AT + 4);
    const isNext =
      this.#hasSealed && high === this.#lastHigh && low === ((this.#lastLow + 1) | 0) && low !== 0;
    if (!isNext) {
      // RFC 5288 §3: a nonce must never be used again under a key.
      if (this.#hasSealed && !isAbove(high, low, this.#lastHigh, this.#lastLow))
        throw new NativeError('NONCE_REUSE');
      // With ChaCha20 the nonce comes from the additional data.
      if (this.#explicitBytes > 0) this.#setCounter(bytes, recordAt, context);
    }
    this.#hasSealed = true;
    this.#lastHigh = high;
    this.#lastLow = low;
  }

  #setCounter(bytes: Uint8Array, recordAt: number, context: Pointer): void {
    const ssl = this.#ssl;
    for (let i = 0; i < SEQUENCE_BYTES; i++) this.#fixed[4 + i] = bytes[recordAt + EPOCH_AT + i]!;
    ssl.putIv(this.#fixed, 12);
    // -1: all twelve bytes, the last eight of them being the first number to count from.
    if (ssl.control(context, CTRL_SET_IV_FIXED, -1, ssl.ivAddress) !== 1)
      throw new NativeError('REFUSED', 'the nonce');
  }

  #putAad(bytes: Uint8Array, recordAt: number, length: number): void {
    const to = this.#ssl.workspace;
    const at = this.#ssl.aadAt;
    // RFC 5246 §6.2.3.3: sequence number (RFC 6347 §4.1.2.1: with the epoch in front), type, version, length.
    for (let i = 0; i < SEQUENCE_BYTES; i++) to[at + i] = bytes[recordAt + EPOCH_AT + i]!;
    to[at + 8] = bytes[recordAt]!;
    to[at + 9] = bytes[recordAt + 1]!;
    to[at + 10] = bytes[recordAt + 2]!;
    to[at + 11] = length >> 8;
    to[at + 12] = length;
  }
}

function i32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function isAbove(high: number, low: number, thanHigh: number, thanLow: number): boolean {
  return high === thanHigh ? low >>> 0 > thanLow >>> 0 : high >>> 0 > thanHigh >>> 0;
}
