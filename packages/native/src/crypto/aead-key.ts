// Hot: AEAD with a nonce of the caller's choice, five calls a packet: nonce, additional data, data, end, tag.
import { NativeError } from '../errors.ts';
import type { Pointer } from '../ffi.ts';
import { NativeContext } from './context.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadAlgorithm, type AeadKey } from './keys.ts';
import { CTRL_GET_TAG, CTRL_SET_TAG, type OpenSsl } from './openssl.ts';

/** OpenSSL's names, and the bytes of a key. */
export const AEAD_CIPHERS: Readonly<Record<AeadAlgorithm, { name: string; keyBytes: number }>> = {
  'aes-128-gcm': { name: 'AES-128-GCM', keyBytes: 16 },
  'aes-256-gcm': { name: 'AES-256-GCM', keyBytes: 32 },
  'chacha20-poly1305': { name: 'ChaCha20-Poly1305', keyBytes: 32 },
};

/** @throws {NativeError} `BAD_ALGORITHM`, `BAD_KEY` */
export function newAeadContext(
  ssl: OpenSsl,
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  encrypts: boolean,
): Pointer {
  if (!Object.hasOwn(AEAD_CIPHERS, algorithm)) throw new NativeError('BAD_ALGORITHM', String(algorithm));
  const { name, keyBytes } = AEAD_CIPHERS[algorithm];
  if (key.length !== keyBytes)
    throw new NativeError('BAD_KEY', `${key.length} bytes; ${algorithm} takes ${keyBytes}`);
  const context = ssl.newCipherContext(name, key, encrypts);
  if (context === undefined) throw new NativeError('BAD_ALGORITHM', algorithm);
  return context;
}

export class OpenSslAeadKey implements AeadKey {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;

  constructor(ssl: OpenSsl, algorithm: AeadAlgorithm, key: Uint8Array) {
    const context = newAeadContext(ssl, algorithm, key, true);
    this.#ssl = ssl;
    this.#context = new NativeContext(this, context, ssl.freeCipherContext, ssl.contextOwners);
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    this.#prepare(nonce, aad);
    const address = ssl.addressFor(bytes, at, end + AEAD_TAG_BYTES);
    const length = end - at;
    checkLength(length);
    const isDone =
      ssl.cipherInit(context, 0, 0, 0, ssl.ivAddress, 1) === 1 &&
      (aad.length === 0 ||
        ssl.cipherUpdate(context, 0, ssl.lengthAddress, ssl.aadAddress, aad.length) === 1) &&
      (length === 0 || ssl.cipherUpdate(context, address, ssl.lengthAddress, address, length) === 1) &&
      ssl.cipherFinal(context, address, ssl.lengthAddress) === 1 &&
      ssl.control(context, CTRL_GET_TAG, AEAD_TAG_BYTES, address + length) === 1;
    if (!isDone) throw new NativeError('REFUSED', 'sealing');
    if (address === ssl.foreignAddress) ssl.takeForeign(bytes, at, end + AEAD_TAG_BYTES);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    this.#prepare(nonce, aad);
    const address = ssl.addressFor(bytes, at, end);
    const length = end - at - AEAD_TAG_BYTES;
    if (length < 0) return false;
    const isGood =
      ssl.cipherInit(context, 0, 0, 0, ssl.ivAddress, 0) === 1 &&
      ssl.control(context, CTRL_SET_TAG, AEAD_TAG_BYTES, address + length) === 1 &&
      (aad.length === 0 ||
        ssl.cipherUpdate(context, 0, ssl.lengthAddress, ssl.aadAddress, aad.length) === 1) &&
      (length === 0 || ssl.cipherUpdate(context, address, ssl.lengthAddress, address, length) === 1) &&
      ssl.cipherFinal(context, address, ssl.lengthAddress) === 1;
    if (address === ssl.foreignAddress) ssl.takeForeign(bytes, at, end - AEAD_TAG_BYTES);
    return isGood;
  }

  close(): void {
    this.#context.close();
  }

  #prepare(nonce: Uint8Array, aad: Uint8Array): void {
    if (nonce.length !== AEAD_NONCE_BYTES)
      throw new NativeError('BAD_KEY', `a nonce of ${nonce.length} bytes`);
    this.#ssl.putIv(nonce, AEAD_NONCE_BYTES);
    this.#ssl.putAad(aad);
  }
}

function checkLength(length: number): void {
  // With `end` before `at` the range up to the end of the tag can still be a good one.
  if (length < 0) throw new NativeError('BAD_RANGE', 'the end lies before the start');
}
