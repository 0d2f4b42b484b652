// The interfaces of the native ciphers. Every key owns one native context that is used again for each packet.
//
// Common to all: byte arrays are borrowed for the call. Bytes that lie in a slab (`Native.slab`) are worked on in
// place; bytes from elsewhere are copied in and out, which is as correct and slower, and takes at most
// `MAX_FOREIGN_BYTES`. Offsets outside the array throw a `NativeError` and nothing has happened then.

export type AeadAlgorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** Bytes of the authentication tag of each `AeadAlgorithm`. */
export const AEAD_TAG_BYTES = 16;
/** Bytes of the nonce of each `AeadAlgorithm`. */
export const AEAD_NONCE_BYTES = 12;

/** One key for both directions, with whatever nonce the caller likes: DTLS 1.3, SRTP (RFC 7714), or anything else. */
export interface AeadKey {
  /** Encrypts `bytes[at, end)` in place and writes the tag to `bytes[end, end + AEAD_TAG_BYTES)`. */
  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void;
  /**
   * Decrypts `bytes[at, end - AEAD_TAG_BYTES)` in place, the tag lying behind it. False if the tag is wrong: the
   * bytes are then of no use.
   */
  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean;
  /** Wipes the key and frees its context. Idempotent; use after it throws. */
  close(): void;
}

/**
 * Whole DTLS 1.2 records (RFC 6347 §4.1) under one key in one direction, in two native calls each.
 *
 *     recordAt        contentAt               contentEnd
 *     | header (13)   | explicit nonce (8)    | content        | tag (16) |     GCM: contentAt = recordAt + 21
 *     | header (13)   | content               | tag (16) |                     ChaCha20: contentAt = recordAt + 13
 */
export interface RecordKey {
  /** Bytes of a record in front of its content: 21 with the GCM algorithms, 13 with ChaCha20-Poly1305. */
  readonly headroom: number;
  /** Bytes of a record that are not content. */
  readonly overhead: number;
  /**
   * Seals the record at `recordAt`, whose 13-byte header is written but for its length. Writes the length, the
   * explicit nonce (epoch and sequence number, RFC 5288 §3) and the tag, and returns the length of the record:
   * `contentEnd - recordAt + 16`. Epoch and sequence number must rise from record to record.
   */
  seal(bytes: Uint8Array, recordAt: number, contentAt: number, contentEnd: number): number;
  /**
   * Opens the record `bytes[recordAt, recordEnd)` in place; its content is then `bytes[contentAt, recordEnd - 16)`.
   * False if it is too short or its tag is wrong: the bytes are then of no use. Any order.
   */
  open(bytes: Uint8Array, recordAt: number, contentAt: number, recordEnd: number): boolean;
  /** Wipes the key and frees its context. Idempotent; use after it throws. */
  close(): void;
}

/**
 * Whole DTLS 1.3 records (RFC 9147 §4) under one key in one direction. The additional data is the header, of 1 to 8 bytes
 * and with its sequence number in the clear, in front of the content. The sequence number, of 64 bits, is XORed into the
 * last eight bytes of the IV (RFC 8446 §5.3); its halves may be signed or not. Under AES-GCM a record
 * takes two native calls where 8 bytes are in front of the content, the header's among them; under ChaCha20-Poly1305 four,
 * where there are 64, and 16 behind the tag.
 */
export interface RecordKey13 {
  /** Encrypts `bytes[contentAt, contentEnd)` in place and writes the tag behind it. The caller uses no number twice. */
  seal(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    contentEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): void;
  /** Decrypts `bytes[contentAt, recordEnd - 16)` in place. False if the tag is wrong: the bytes are then of no use. */
  open(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    recordEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): boolean;
  /** Wipes the key and frees its context. Idempotent; use after it throws. */
  close(): void;
}

/** Authenticated encryption. */
export interface NativeAead {
  /** Those that have passed their known-answer test. */
  readonly algorithms: readonly AeadAlgorithm[];
  /** @throws {NativeError} `BAD_ALGORITHM`, `BAD_KEY` */
  createAeadKey(algorithm: AeadAlgorithm, key: Uint8Array): AeadKey;
  /**
   * `fixedNonce` is the implicit part of the nonce: 4 bytes with the GCM algorithms, 12 with ChaCha20-Poly1305.
   *
   * @throws {NativeError} `BAD_ALGORITHM`, `BAD_KEY`
   */
  createRecordKey(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    fixedNonce: Uint8Array,
    direction: 'seal' | 'open',
  ): RecordKey;
  /**
   * For DTLS 1.3, with the `iv`, of 12 bytes, that sequence numbers are XORed into. Undefined if there is nothing
   * quicker than `createAeadKey`.
   *
   * @throws {NativeError} `BAD_ALGORITHM`, `BAD_KEY`
   */
  createRecordKey13(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    iv: Uint8Array,
    direction: 'seal' | 'open',
  ): RecordKey13 | undefined;
}

/** AES in counter mode: SRTP (RFC 3711 §4.1.1). */
export interface CtrKey {
  /** Encrypts or decrypts `bytes[at, end)` in place with the key stream that begins at the 16-byte counter block. */
  apply(bytes: Uint8Array, at: number, end: number, counterBlock: Uint8Array): void;
  close(): void;
}

/** HMAC-SHA1: SRTP (RFC 3711 §4.2.1). */
export interface HmacKey {
  /**
   * Writes the first `outLength` (1 to 20) bytes of the HMAC of `bytes[at, end)` to `out` at `outAt`. `out` may be
   * `bytes`, but not within the range that is signed.
   */
  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void;
  close(): void;
}

/** Single blocks: header masks of QUIC and the like. */
export interface BlockKey {
  /** Encrypts the 16 bytes at `at` of `bytes` into the 16 bytes at `outAt` of `out`. */
  encrypt(bytes: Uint8Array, at: number, out: Uint8Array, outAt: number): void;
  close(): void;
}

/** Masks for the sequence numbers of DTLS 1.3 records under one AES key. RFC 9147 §4.2.3. */
export interface SequenceMask {
  /** The first two bytes of the mask, as one number, of the 16 bytes of ciphertext at `at`. */
  of(bytes: Uint8Array, at: number): number;
  /** Writes to `masks` those of the ciphertexts at the first `count`, 1 to 64, of `ats`, in one native call. */
  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void;
  close(): void;
}

/** What SRTP and DTLS 1.3 need besides AEAD. */
export interface NativeCiphers {
  /** The key is of 16 or 32 bytes. @throws {NativeError} `BAD_KEY` */
  createCtrKey(key: Uint8Array): CtrKey;
  /** HMAC-SHA1. The key may have 1 to 64 bytes. @throws {NativeError} `BAD_KEY` */
  createHmacKey(key: Uint8Array): HmacKey;
  /** AES, one block at a time. The key is of 16 or 32 bytes. @throws {NativeError} `BAD_KEY` */
  createBlockKey(key: Uint8Array): BlockKey;
  /** The key is of 16 or 32 bytes. @throws {NativeError} `BAD_KEY` */
  createMask(key: Uint8Array): SequenceMask;
}

/** The same ciphers as `@millrace/srtp` takes them. */
export interface NativeSrtp {
  /** The key is of 16 or 32 bytes. @throws {NativeError} `BAD_KEY` */
  createCtrKey(key: Uint8Array): CtrKey;
  /** The key may have 1 to 64 bytes. @throws {NativeError} `BAD_KEY` */
  createHmacSha1Key(key: Uint8Array): HmacKey;
  /** @throws {NativeError} `BAD_ALGORITHM`, `BAD_KEY` */
  createAeadKey(algorithm: AeadAlgorithm, key: Uint8Array): AeadKey;
}
