// The cipher suites spoken: ephemeral key exchange with an AEAD. RFC 5289 §3.2 and RFC 7905 §2.
import type { AeadAlgorithm, KeyAlgorithm, PrfHash } from './crypto.ts';

export interface CipherSuite {
  readonly id: number;
  /** As registered with IANA. */
  readonly name: string;
  /** What signs the key exchange. */
  readonly keyAlgorithm: KeyAlgorithm;
  readonly aead: AeadAlgorithm;
  readonly prfHash: PrfHash;
  readonly keyBytes: number;
  /** Bytes of the nonce that come from the key block. */
  readonly fixedNonceBytes: number;
  /** Bytes of the nonce that each record carries. */
  readonly explicitNonceBytes: number;
}

function gcm(id: number, key: 'ecdsa' | 'rsa', bits: 128 | 256): CipherSuite {
  return {
    id,
    name: `TLS_ECDHE_${key.toUpperCase()}_WITH_AES_${bits}_GCM_SHA${bits === 128 ? 256 : 384}`,
    keyAlgorithm: key,
    aead: `aes-${bits}-gcm`,
    prfHash: bits === 128 ? 'sha-256' : 'sha-384',
    keyBytes: bits / 8,
    // RFC 5288 §3: four bytes of salt from the key block, eight explicit ones in each record.
    fixedNonceBytes: 4,
    explicitNonceBytes: 8,
  };
}

function chacha20Poly1305(id: number, key: 'ecdsa' | 'rsa'): CipherSuite {
  return {
    id,
    name: `TLS_ECDHE_${key.toUpperCase()}_WITH_CHACHA20_POLY1305_SHA256`,
    keyAlgorithm: key,
    aead: 'chacha20-poly1305',
    prfHash: 'sha-256',
    keyBytes: 32,
    // RFC 7905 §2: the whole nonce is implicit.
    fixedNonceBytes: 12,
    explicitNonceBytes: 0,
  };
}

export const CIPHER_SUITES: ReadonlyMap<number, CipherSuite> = new Map(
  [
    gcm(0xc02b, 'ecdsa', 128),
    gcm(0xc02c, 'ecdsa', 256),
    gcm(0xc02f, 'rsa', 128),
    gcm(0xc030, 'rsa', 256),
    chacha20Poly1305(0xcca8, 'rsa'),
    chacha20Poly1305(0xcca9, 'ecdsa'),
  ].map((suite) => [suite.id, suite]),
);
