// Hot: AEAD by a cipher object of node:crypto for each record. The reference, the fallback, and the fastest way for
// long records, where setting up the object no longer shows.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { CryptoError, checkRange } from './errors.ts';
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadAlgorithm,
  type AeadKey,
} from './keys.ts';

const TAG_LENGTH = { authTagLength: AEAD_TAG_BYTES };

/** The key bytes are copied. */
export function nodeAeadKey(algorithm: AeadAlgorithm, key: Uint8Array): AeadKey {
  checkKey(algorithm, key);
  return new NodeAeadKey(algorithm, key);
}

export function checkKey(algorithm: AeadAlgorithm, key: Uint8Array): void {
  if (!Object.hasOwn(AEAD_KEY_BYTES, algorithm)) throw new CryptoError('BAD_ALGORITHM', String(algorithm));
  if (key.length !== AEAD_KEY_BYTES[algorithm])
    throw new CryptoError(
      'BAD_KEY',
      `${algorithm} takes ${AEAD_KEY_BYTES[algorithm]} bytes, got ${key.length}`,
    );
}

export function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== AEAD_NONCE_BYTES)
    throw new CryptoError('BAD_KEY', `a nonce has ${AEAD_NONCE_BYTES} bytes, got ${nonce.length}`);
}

class NodeAeadKey implements AeadKey {
  // The types of Node know the tag length only for each name on its own; the call is the same for all three.
  readonly #algorithm: 'aes-128-gcm';
  #key: KeyObject | undefined;

  constructor(algorithm: AeadAlgorithm, key: Uint8Array) {
    this.#algorithm = algorithm as 'aes-128-gcm';
    this.#key = createSecretKey(key);
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    checkRange(bytes, at, end, AEAD_TAG_BYTES);
    checkNonce(nonce);
    const cipher = createCipheriv(this.#algorithm, this.#open(), nonce, TAG_LENGTH);
    cipher.setAAD(aad);
    bytes.set(cipher.update(bytes.subarray(at, end)), at);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    checkRange(bytes, at, end, 0);
    checkNonce(nonce);
    const key = this.#open();
    const tagAt = end - AEAD_TAG_BYTES;
    if (tagAt < at) return false;
    const decipher = createDecipheriv(this.#algorithm, key, nonce, TAG_LENGTH);
    decipher.setAAD(aad);
    decipher.setAuthTag(bytes.subarray(tagAt, end));
    const plaintext = decipher.update(bytes.subarray(at, tagAt));
    try {
      decipher.final();
    } catch {
      return false;
    }
    bytes.set(plaintext, at);
    return true;
  }

  close(): void {
    this.#key = undefined;
  }

  #open(): KeyObject {
    if (this.#key === undefined) throw new CryptoError('CLOSED');
    return this.#key;
  }
}
