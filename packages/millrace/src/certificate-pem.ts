// Certificates that outlive a process: PEM in and out (RFC 7468). W3C has browsers keep them in IndexedDB instead, and
// never lets a page see the key.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { nodeDtlsCertificate } from '@millrace/dtls/node-crypto';
import { certificateFrom, dtlsCertificateOf, type RTCCertificate } from './certificate.ts';
import { exception } from './errors.ts';

/** Texts in PEM form. */
export interface PemCertificate {
  /** X.509. Of several the first one counts. */
  readonly certificate: string;
  /** PKCS #8, PKCS #1 or SEC 1. Whoever has it can pass for the certificate's owner: keep it as such. */
  readonly privateKey: string;
}

/**
 * A certificate made elsewhere, or kept by `exportCertificate`: ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to
 * 8192 bits. `passphrase` is for a private key that is encrypted.
 *
 * @throws {DOMException} SyntaxError if it is malformed; NotSupportedError for another kind of key; InvalidAccessError
 * if the two do not belong together, or the certificate has expired or is not valid yet
 */
export function importCertificate({
  certificate,
  privateKey,
  passphrase,
}: PemCertificate & { readonly passphrase?: string }): RTCCertificate {
  const x509 = parsed('certificate', () => new X509Certificate(certificate));
  const key = parsed('private key', () =>
    createPrivateKey(passphrase === undefined ? privateKey : { key: privateKey, passphrase }),
  );
  const expires = Date.parse(x509.validTo);
  const now = Date.now();
  if (expires <= now) throw exception('InvalidAccessError', `the certificate expired on ${x509.validTo}`);
  if (Date.parse(x509.validFrom) > now)
    throw exception('InvalidAccessError', `the certificate is not valid before ${x509.validFrom}`);
  if (!x509.checkPrivateKey(key))
    throw exception('InvalidAccessError', 'the private key is not that of the certificate');
  try {
    return certificateFrom(nodeDtlsCertificate(Uint8Array.from(x509.raw), key), expires);
  } catch {
    throw exception(
      'NotSupportedError',
      'the key must be ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits',
    );
  }
}

/** The certificate with its private key, which is not encrypted. */
export function exportCertificate(certificate: RTCCertificate): PemCertificate {
  const dtls = dtlsCertificateOf(certificate);
  return {
    certificate: new X509Certificate(dtls.certificate).toString(),
    privateKey: (dtls.privateKey as KeyObject).export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** What OpenSSL says of a broken key can hold a part of it: it is not passed on. */
function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw exception('SyntaxError', `the ${what} is not in PEM form, or encrypted with another passphrase`);
  }
}
