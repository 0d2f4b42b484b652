// Who the peer is: the certificate it presents must have one of the fingerprints that came by signalling.
// RFC 8122 §5, RFC 8827 §6.5. Names, issuers and dates of the certificate mean nothing here.
import { equalBytes } from '@millrace/sans-io';
import type { DtlsCrypto, HashAlgorithm } from './crypto.ts';
import { DtlsError } from './errors.ts';

/** One `a=fingerprint` line: `sha-256` and hexadecimal pairs joined by colons, in either case. */
export interface Fingerprint {
  readonly algorithm: string;
  readonly value: string;
}

const DIGEST_BYTES: Readonly<Record<HashAlgorithm, number>> = {
  'sha-512': 64,
  'sha-384': 48,
  'sha-256': 32,
  'sha-1': 20,
};
const BY_STRENGTH: readonly HashAlgorithm[] = ['sha-512', 'sha-384', 'sha-256', 'sha-1'];

/** The fingerprints of the strongest hash among those offered: the only ones that count. */
export class FingerprintSet {
  readonly #algorithm: HashAlgorithm = 'sha-256';
  readonly #digests: readonly Uint8Array[] | undefined;

  /** `any`: every certificate matches; whoever asked for that finds out by other means who the peer is. */
  constructor(fingerprints: readonly Fingerprint[] | 'any', acceptSha1: boolean) {
    if (fingerprints === 'any') return;
    for (const algorithm of BY_STRENGTH) {
      if (algorithm === 'sha-1' && !acceptSha1) continue;
      // RFC 8122 §5: of several hashes the preferred one is checked, and one match among its values suffices.
      const digests = fingerprints
        .filter((fingerprint) => fingerprint.algorithm.toLowerCase() === algorithm)
        .map((fingerprint) => parseDigest(fingerprint.value))
        .filter((digest) => digest?.length === DIGEST_BYTES[algorithm]);
      if (digests.length === 0) continue;
      this.#algorithm = algorithm;
      this.#digests = digests.slice() as Uint8Array[];
      return;
    }
    throw new DtlsError('NO_USABLE_FINGERPRINT');
  }

  get matchesAny(): boolean {
    return this.#digests === undefined;
  }

  isMatchedBy(certificate: Uint8Array, crypto: DtlsCrypto): boolean {
    if (this.#digests === undefined) return true;
    const digest = crypto.hash(this.#algorithm, certificate);
    return this.#digests.some((expected) => equalBytes(expected, digest));
  }
}

/** The fingerprint of a certificate, as it goes into `a=fingerprint`. */
export function fingerprintOf(
  certificate: Uint8Array,
  crypto: DtlsCrypto,
  algorithm: HashAlgorithm = 'sha-256',
): Fingerprint {
  const digest = crypto.hash(algorithm, certificate);
  return {
    algorithm,
    value: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':'),
  };
}

function parseDigest(value: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(value)) return undefined;
  const digest = new Uint8Array((value.length + 1) / 3);
  for (let i = 0; i < digest.length; i++)
    digest[i] = (nibble(value.charCodeAt(i * 3)) << 4) | nibble(value.charCodeAt(i * 3 + 1));
  return digest;
}

/** Of a hexadecimal digit in either case. */
function nibble(digit: number): number {
  return digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57;
}
