// The signature schemes spoken, by preference. RFC 5246 §7.4.1.4.1 names them by hash and algorithm, RFC 8446
// §4.2.3 by scheme; the numbers are the same. RSASSA-PSS in DTLS 1.2: RFC 8446 §4.2.3. No SHA-1.
import type { KeyAlgorithm, SignatureSchemeName } from './crypto.ts';

export interface SignatureScheme {
  readonly id: number;
  readonly name: SignatureSchemeName;
  readonly keyAlgorithm: KeyAlgorithm;
}

export const SIGNATURE_SCHEMES: ReadonlyMap<number, SignatureScheme> = new Map(
  (
    [
      [0x0403, 'ecdsa_secp256r1_sha256', 'ecdsa'],
      [0x0804, 'rsa_pss_rsae_sha256', 'rsa'],
      [0x0401, 'rsa_pkcs1_sha256', 'rsa'],
      [0x0503, 'ecdsa_secp384r1_sha384', 'ecdsa'],
      [0x0805, 'rsa_pss_rsae_sha384', 'rsa'],
      [0x0501, 'rsa_pkcs1_sha384', 'rsa'],
      [0x0603, 'ecdsa_secp521r1_sha512', 'ecdsa'],
      [0x0806, 'rsa_pss_rsae_sha512', 'rsa'],
      [0x0601, 'rsa_pkcs1_sha512', 'rsa'],
    ] as const
  ).map(([id, name, keyAlgorithm]) => [id, { id, name, keyAlgorithm }]),
);

/** The first scheme of ours that our key can sign with and the peer accepts. */
export function chooseScheme(
  keyAlgorithm: KeyAlgorithm,
  accepted: readonly number[],
): SignatureScheme | undefined {
  for (const scheme of SIGNATURE_SCHEMES.values()) {
    if (scheme.keyAlgorithm === keyAlgorithm && accepted.includes(scheme.id)) return scheme;
  }
  return undefined;
}
