// The ciphers that are handed in: `@millrace/crypto` has portable ones and `@millrace/native` fast ones, of the same
// shape. All work in place on bytes that are borrowed for the call.

export interface SrtpCryptos {
  /**
   * AES in counter mode under a key of 16 or 32 bytes, which are copied. `salt` is the 14 bytes that the counter blocks
   * of successive packets have been XORed with: a hint by which key stream can be prepared ahead.
   */
  createCtrKey(key: Uint8Array, salt?: Uint8Array): SrtpCtrKey;
  /** HMAC-SHA1 under a key of 20 bytes, which are copied. */
  createHmacSha1Key(key: Uint8Array): SrtpHmacKey;
  /** AES-GCM. `salt` is the same hint, for nonces of 12 bytes. */
  createAeadKey(algorithm: 'aes-128-gcm' | 'aes-256-gcm', key: Uint8Array, salt?: Uint8Array): SrtpAeadKey;
}

export interface SrtpCtrKey {
  /** Encrypts or decrypts `bytes[at, end)` with the key stream that begins at the 16-byte counter block. */
  apply(bytes: Uint8Array, at: number, end: number, counterBlock: Uint8Array): void;
  close(): void;
}

export interface SrtpHmacKey {
  /** Writes the first `outLength` bytes of the HMAC of `bytes[at, end)` to `out` at `outAt`. */
  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void;
  close(): void;
}

export interface SrtpAeadKey {
  /** Encrypts `bytes[at, end)` and writes the 16-byte tag behind it. */
  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void;
  /** Decrypts `bytes[at, end - 16)`, the tag lying behind it. False if the tag is wrong. */
  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean;
  close(): void;
}
