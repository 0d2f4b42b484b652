// What the protocol asks of a cryptographic back end. All of it is synchronous. `./node-crypto` is one back end;
// another one can keep contexts alive or work in WebAssembly memory without allocating per record.
//
// Nothing here throws on bytes that came from the peer: `undefined` or `false` says that they were bad.

/** Names as in RFC 8122 §5. */
export type HashAlgorithm = 'sha-1' | 'sha-256' | 'sha-384' | 'sha-512';
export type PrfHash = 'sha-256' | 'sha-384';
export type AeadAlgorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
export type GroupName = 'x25519' | 'secp256r1' | 'secp384r1';
export type KeyAlgorithm = 'ecdsa' | 'rsa' | 'ed25519';
/** Of ECDSA keys. */
export type CurveName = 'secp256r1' | 'secp384r1' | 'secp521r1';

/** RFC 8446 §4.2.3; in DTLS 1.2 the `ecdsa` names do not bind the curve. */
export type SignatureSchemeName =
  | 'ecdsa_secp256r1_sha256'
  | 'ecdsa_secp384r1_sha384'
  | 'ecdsa_secp521r1_sha512'
  | 'ed25519'
  | 'rsa_pss_rsae_sha256'
  | 'rsa_pss_rsae_sha384'
  | 'rsa_pss_rsae_sha512'
  | 'rsa_pkcs1_sha256'
  | 'rsa_pkcs1_sha384'
  | 'rsa_pkcs1_sha512';

/** Bytes of the authentication tag of each `AeadAlgorithm`. */
export const AEAD_TAG_BYTES = 16;

/**
 * One key in one direction. All arrays are borrowed for the call; `nonce` (12 bytes) and `aad` are the same two
 * arrays at each call, changed in between. With the GCM suites the explicit nonce also lies at
 * `bytes[at - 8, at)`, for back ends that want the record as a whole.
 */
export interface AeadKey {
  /** Encrypts `bytes[at, end)` in place and writes the tag to `bytes[end, end + AEAD_TAG_BYTES)`. */
  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void;
  /**
   * Decrypts `bytes[at, end - AEAD_TAG_BYTES)` in place, the tag lying behind it. False if the tag is wrong: the
   * bytes are then of no use.
   */
  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean;
  /** Frees what the back end keeps for the key. No call comes after it but `close` itself. */
  close?(): void;
}

/**
 * One key in one direction for whole records of DTLS 1.2, for back ends that are quicker so. A record is a header
 * of 13 bytes at `recordAt`, with the explicit nonce of 8 bytes behind it in the GCM suites, then content and tag.
 * Records are sealed in the order of their sequence numbers, from 0 on, without a gap.
 */
export interface RecordKey {
  /** Encrypts `bytes[contentAt, contentEnd)` in place and writes the tag behind it; all before it is complete. */
  seal(bytes: Uint8Array, recordAt: number, contentAt: number, contentEnd: number): void;
  /** Decrypts the content in place, its tag being the record's last 16 bytes. False if the tag is wrong. */
  open(bytes: Uint8Array, recordAt: number, contentAt: number, recordEnd: number): boolean;
  close(): void;
}

/**
 * One key in one direction for whole records of DTLS 1.3, for back ends that are quicker so. The header, 2 to 5 bytes
 * between `headerAt` and `contentAt` with its sequence number in the clear, is the additional data; the nonce is the IV
 * with the sequence number XORed in, which comes in two halves of 32 bits, signed. Content includes the inner type.
 */
export interface RecordKey13 {
  /** Encrypts `bytes[contentAt, contentEnd)` in place and writes the tag behind it. */
  seal(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    contentEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): void;
  /** Decrypts the content in place, its tag being the record's last 16 bytes. False if the tag is wrong. */
  open(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    recordEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): boolean;
  close(): void;
}

/** Masks that are asked for at a time. */
export const MAX_MASKS = 64;

/** Masks for the sequence numbers of DTLS 1.3 records under one key. RFC 9147 §4.2.3. */
export interface SequenceMask {
  /** The first two bytes of the mask, as one number, of the 16 bytes of ciphertext at `at`. */
  of(bytes: Uint8Array, at: number): number;
  /** Writes to `masks` those of the ciphertexts at the first `count` of `ats`: at least one, at most `MAX_MASKS`. */
  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void;
  /** Idempotent. No call comes after it. */
  close(): void;
}

/** One ephemeral key pair. */
export interface KeyShare {
  /** As it goes on the wire: 32 bytes for x25519, the uncompressed point (65 or 97 bytes) for the others. */
  readonly publicKey: Uint8Array;
  /** The shared secret; `undefined` if the public key of the peer is not a valid one. */
  agree(peerPublicKey: Uint8Array): Uint8Array | undefined;
}

/** One key pair of a key encapsulation mechanism. */
export interface KemKeyPair {
  readonly encapsulationKey: Uint8Array;
  /**
   * The shared secret. A ciphertext of the right length that was made for another key gives a secret that nobody knows
   * (FIPS 203 §6.3); `undefined` is one of a wrong length.
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined;
}

/** A key encapsulation mechanism: ML-KEM of FIPS 203. */
export interface Kem {
  /** `seed`, 64 bytes, is for known answers only. */
  generate(seed?: Uint8Array): KemKeyPair;
  /** `undefined` if the key has a wrong length or coefficients beyond the modulus (FIPS 203 §7.2). */
  encapsulate(
    encapsulationKey: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
}

/** A public key of the back end that read it. */
export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** Of an ECDSA key: DTLS 1.3 ties the signature scheme to it. */
  readonly curve?: CurveName | undefined;
}

export interface DtlsCrypto {
  hash(algorithm: HashAlgorithm, bytes: Uint8Array): Uint8Array;
  hmac(algorithm: PrfHash, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /**
   * The key bytes are copied. `salt`, 12 bytes that successive nonces have been XORed with (DTLS 1.3), is a hint by
   * which key stream can be prepared ahead.
   */
  createAeadKey(algorithm: AeadAlgorithm, key: Uint8Array, salt?: Uint8Array): AeadKey;
  /** AES for the AES suites, ChaCha20 for the other. The key bytes are copied. */
  createSequenceMask(algorithm: AeadAlgorithm, key: Uint8Array): SequenceMask;
  /**
   * Used in place of `createAeadKey` for the algorithms it knows. `fixedNonce`: 4 bytes for GCM, 12 for
   * ChaCha20-Poly1305.
   */
  createRecordKey?(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    fixedNonce: Uint8Array,
    direction: 'seal' | 'open',
  ): RecordKey | undefined;
  /** Used in place of `createAeadKey` for the records of DTLS 1.3, if it gives something. `iv`: 12 bytes. */
  createRecordKey13?(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    iv: Uint8Array,
    direction: 'seal' | 'open',
  ): RecordKey13 | undefined;
  createKeyShare(group: GroupName): KeyShare;
  /** ML-KEM-768, where there is one: without it X25519MLKEM768 is not offered. */
  readonly mlKem768?: Kem | undefined;
  /** The public key of an X.509 certificate; `undefined` if it is malformed, too weak or of another kind. */
  readPublicKey(certificate: Uint8Array): PublicKey | undefined;
  /** Must not throw for the private key of a `DtlsCertificate` and a scheme of its algorithm. */
  sign(privateKey: unknown, scheme: SignatureSchemeName, bytes: Uint8Array): Uint8Array;
  verify(
    publicKey: PublicKey,
    scheme: SignatureSchemeName,
    bytes: Uint8Array,
    signature: Uint8Array,
  ): boolean;
}

/** The identity of one side. Build it with the back end that will use it. */
export interface DtlsCertificate {
  /** X.509, DER. */
  readonly certificate: Uint8Array;
  readonly keyAlgorithm: KeyAlgorithm;
  /** Of an ECDSA key. */
  readonly keyCurve?: CurveName | undefined;
  /** Whatever `DtlsCrypto.sign` of the same back end takes. */
  readonly privateKey: unknown;
}
