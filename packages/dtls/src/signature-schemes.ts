// The signature schemes spoken, by preference. RFC 5246 §7.4.1.4.1 names them by hash and algorithm, RFC 8446
// §4.2.3 by scheme; the numbers are the same. RSASSA-PSS in DTLS 1.2: RFC 8446 §4.2.3. No SHA-1.
import type { CurveName, KeyAlgorithm, SignatureSchemeName } from './crypto.ts';

export interface SignatureScheme {
  readonly id: number;
  readonly name: SignatureSchemeName;
  readonly keyAlgorithm: KeyAlgorithm;
  /** Of ECDSA schemes: in DTLS 1.3 the key must be on it. */
  readonly curve: CurveName | undefined;
}

export const SIGNATURE_SCHEMES: ReadonlyMap<number, SignatureScheme> = new Map(
  (
    [
      [0x0403, 'ecdsa_secp256r1_sha256', 'ecdsa'],
      [0x0807, 'ed25519', 'ed25519'],
      [0x0804, 'rsa_pss_rsae_sha256', 'rsa'],
      [0x0401, 'rsa_pkcs1_sha256', 'rsa'],
      [0x0503, 'ecdsa_secp384r1_sha384', 'ecdsa'],
      [0x0805, 'rsa_pss_rsae_sha384', 'rsa'],
      [0x0501, 'rsa_pkcs1_sha384', 'rsa'],
      [0x0603, 'ecdsa_secp521r1_sha512', 'ecdsa'],
      [0x0806, 'rsa_pss_rsae_sha512', 'rsa'],
      [0x0601, 'rsa_pkcs1_sha512', 'rsa'],
    ] as const
  ).map(([id, name, keyAlgorithm]) => [id, { id, name, keyAlgorithm, curve: curveOf(name) }]),
);

function curveOf(name: SignatureSchemeName): CurveName | undefined {
  return name.startsWith('ecdsa') ? (name.split('_')[1] as CurveName) : undefined;
}
