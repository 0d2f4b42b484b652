// With which of our certificates we show who we are, and how: the first one that the peer can check.
import type { DtlsCertificate, KeyAlgorithm } from './crypto.ts';
import { SIGNATURE_SCHEMES, type SignatureScheme } from './signature-schemes.ts';

export interface Credential {
  readonly certificate: DtlsCertificate;
  readonly scheme: SignatureScheme;
}

/** For DTLS 1.2. `accepted`: the schemes of the peer; `fits`: what else it demands of a key. */
export function chooseCredential12(
  certificates: readonly DtlsCertificate[],
  accepted: readonly number[],
  fits: (keyAlgorithm: KeyAlgorithm) => boolean,
): Credential | undefined {
  for (const certificate of certificates) {
    if (!fits(certificate.keyAlgorithm)) continue;
    for (const scheme of SIGNATURE_SCHEMES.values()) {
      if (scheme.keyAlgorithm === certificate.keyAlgorithm && accepted.includes(scheme.id))
        return { certificate, scheme };
    }
  }
  return undefined;
}

/** For DTLS 1.3, where the scheme says all (RFC 8446 §4.2.3). */
export function chooseCredential13(
  certificates: readonly DtlsCertificate[],
  accepted: readonly number[],
): Credential | undefined {
  for (const certificate of certificates) {
    const key = { algorithm: certificate.keyAlgorithm, curve: certificate.keyCurve };
    for (const scheme of SIGNATURE_SCHEMES.values()) {
      if (isSchemeOf13(scheme, key) && accepted.includes(scheme.id)) return { certificate, scheme };
    }
  }
  return undefined;
}

// RFC 8446 §4.2.3: an ECDSA scheme names the curve of the key, and RSASSA-PKCS1-v1_5 is for certificates only.
export function isSchemeOf13(
  scheme: SignatureScheme,
  key: { readonly algorithm: KeyAlgorithm; readonly curve?: string | undefined },
): boolean {
  if (scheme.name.startsWith('rsa_pkcs1') || scheme.keyAlgorithm !== key.algorithm) return false;
  return key.curve === undefined || scheme.curve === key.curve;
}

/** RFC 8422 §5.10: the ECDSA suites of DTLS 1.2 are for EdDSA keys too. */
export function suiteKeyOf(keyAlgorithm: KeyAlgorithm): 'ecdsa' | 'rsa' {
  return keyAlgorithm === 'rsa' ? 'rsa' : 'ecdsa';
}
