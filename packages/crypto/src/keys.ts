// The interfaces of this package. Byte arrays are borrowed for the call, and worked on in place at any offset.
// Offsets outside the array and nonces of a wrong length throw a `CryptoError`, and nothing has happened then.

export type AeadAlgorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** Bytes of the authentication tag of each `AeadAlgorithm`. */
export const AEAD_TAG_BYTES = 16;
/** Bytes of the nonce of each `AeadAlgorithm`. */
export const AEAD_NONCE_BYTES = 12;

/** Bytes of the key of each algorithm. */
export const AEAD_KEY_BYTES: Readonly<Record<AeadAlgorithm, number>> = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 32,
};

/** One key for both directions, with whatever nonce the caller likes. That no nonce seals twice is the caller's care. */
export interface AeadKey {
  /** Encrypts `bytes[at, end)` in place and writes the tag to `bytes[end, end + AEAD_TAG_BYTES)`. */
  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void;
  /**
   * Decrypts `bytes[at, end - AEAD_TAG_BYTES)` in place, the tag lying behind it. False if the tag is wrong or there
   * is no room for one; the bytes are then of no use.
   */
  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean;
  /** Wipes the key. Idempotent; use after it throws. */
  close(): void;
}

/** Masks for the sequence numbers of DTLS 1.3 records under one key. RFC 9147 §4.2.3. */
export interface SequenceMask {
  /** The first two bytes of the mask, as one number, of the 16 bytes of ciphertext at `at`. */
  of(bytes: Uint8Array, at: number): number;
  /** Writes to `masks` those of the ciphertexts at the first `count`, 1 to 64, of `ats`. */
  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void;
  /** Wipes the key. Idempotent; use after it throws. */
  close(): void;
}

/** AES in counter mode (NIST SP 800-38A §6.5): SRTP (RFC 3711 §4.1.1). */
export interface CtrKey {
  /** Encrypts or decrypts `bytes[at, end)` in place with the key stream that begins at the 16-byte counter block. */
  apply(bytes: Uint8Array, at: number, end: number, counterBlock: Uint8Array): void;
  close(): void;
}

/** HMAC-SHA1 (RFC 2104): SRTP (RFC 3711 §4.2.1). */
export interface HmacKey {
  /**
   * Writes the first `outLength` (1 to 20) bytes of the HMAC of `bytes[at, end)` to `out` at `outAt`. `out` may be
   * `bytes`, but not within the range that is signed.
   */
  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void;
  close(): void;
}
