// The cipher suites of DTLS 1.3. RFC 8446 §B.4; how long a key may be used: RFC 9147 §4.5.3.
import type { AeadAlgorithm, PrfHash } from './crypto.ts';

export interface CipherSuite13 {
  readonly id: number;
  /** As registered with IANA. */
  readonly name: string;
  readonly aead: AeadAlgorithm;
  readonly hash: PrfHash;
  readonly keyBytes: number;
  /** Records that may be sealed under one key; a KeyUpdate must come before. */
  readonly sealLimit: number;
  /** Records that may fail to open under one key; then the connection must end. */
  readonly forgeryLimit: number;
}

// RFC 9147 §4.5.3: 2^24.5 full-size records for both sizes of AES-GCM, and 2^36 forgeries for all of these suites.
const GCM_SEAL_LIMIT = Math.floor(2 ** 24.5);
const FORGERY_LIMIT = 2 ** 36;
/** No bound of the cipher's own: the sequence numbers of an epoch end first (RFC 9147 §4.2.1). */
const CHACHA_SEAL_LIMIT = 2 ** 48 - 1;

function suite(
  id: number,
  name: string,
  aead: AeadAlgorithm,
  hash: PrfHash,
  keyBytes: number,
  sealLimit: number,
): [number, CipherSuite13] {
  return [id, { id, name, aead, hash, keyBytes, sealLimit, forgeryLimit: FORGERY_LIMIT }];
}

export const CIPHER_SUITES_13: ReadonlyMap<number, CipherSuite13> = new Map([
  suite(0x1301, 'TLS_AES_128_GCM_SHA256', 'aes-128-gcm', 'sha-256', 16, GCM_SEAL_LIMIT),
  suite(0x1302, 'TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 'sha-384', 32, GCM_SEAL_LIMIT),
  suite(0x1303, 'TLS_CHACHA20_POLY1305_SHA256', 'chacha20-poly1305', 'sha-256', 32, CHACHA_SEAL_LIMIT),
]);
