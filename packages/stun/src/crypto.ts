// What STUN asks of a cryptographic library. `./node-crypto` has the one over node:crypto.
// RFC 8489 §9.1.1 and §9.2.2 (keys), §14.5 and §14.6 (message integrity).

/** Keyed hashes. The bytes are borrowed for the call. */
export interface StunCrypto {
  /** Writes the 20 bytes of HMAC-SHA1 over `bytes[at, end)` to `out` at `outAt`. */
  hmacSha1(key: Uint8Array, bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number): void;
  /** Writes the 32 bytes of HMAC-SHA256 over `bytes[at, end)` to `out` at `outAt`. */
  hmacSha256(
    key: Uint8Array,
    bytes: Uint8Array,
    at: number,
    end: number,
    out: Uint8Array,
    outAt: number,
  ): void;
}

/** Plain hashes, needed by long-term credentials alone. Each returns an array of its own. */
export interface LongTermCrypto {
  md5(bytes: Uint8Array): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
}
