// RTCCertificate (W3C webrtc-pc §4.9): the key pair and self-signed X.509 certificate a connection proves its
// identity with.
import { createHash, generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { DtlsCertificate } from '@millrace/dtls';
import { exception } from './errors.ts';
import { selfSignedCertificate } from './x509.ts';

const DAY = 86_400_000;
/** W3C webrtc-pc §4.9.1: 30 days unless asked otherwise, never more than 365. */
const DEFAULT_LIFETIME = 30 * DAY;
const MAX_LIFETIME = 365 * DAY;
/** The certificate is valid from a day ago, so that a peer whose clock is late takes it too. */
const CLOCK_SKEW = DAY;

// RFC 8827 §6.5: nothing in the certificate may identify the user, hence a name that says nothing.
const COMMON_NAME = 'WebRTC';

/** A fingerprint as SDP carries it: `value` in lower-case hexadecimal with colons (W3C webrtc-pc §4.9.2). */
export interface RTCDtlsFingerprint {
  algorithm?: string;
  value?: string;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** The key material of a certificate, for the DTLS transport. Not exported from the package. */
export let dtlsCertificateOf: (certificate: RTCCertificate) => DtlsCertificate;
/** Gives the private key up, once it has signed all that it is to sign. The rest stays. Not exported either. */
export let forgetKeyOf: (certificate: RTCCertificate) => void;
/** Not exported from the package either: see `certificate-pem.ts`. */
export let certificateFrom: (dtls: DtlsCertificate, expires: number) => RTCCertificate;

/** An identity for DTLS (W3C webrtc-pc §4.9), made by `generateCertificate` or `importCertificate`. */
export class RTCCertificate {
  /** When the certificate expires, in milliseconds since 1970. */
  readonly expires: number;
  readonly #dtls: DtlsCertificate & { privateKey: unknown };

  private constructor(dtls: DtlsCertificate, expires: number) {
    this.#dtls = dtls;
    this.expires = expires;
  }

  static {
    dtlsCertificateOf = (certificate) => certificate.#dtls;
    forgetKeyOf = (certificate) => {
      certificate.#dtls.privateKey = undefined;
    };
    certificateFrom = (dtls, expires) => new RTCCertificate(dtls, expires);
  }

  /** The SHA-256 fingerprint of the certificate. */
  getFingerprints(): RTCDtlsFingerprint[] {
    return [{ algorithm: 'sha-256', value: fingerprintOf(this.#dtls.certificate) }];
  }
}

/**
 * Generates a certificate (W3C webrtc-pc §4.9.1). `algorithm` is `{ name: 'ECDSA', namedCurve: 'P-256' }`, its
 * name alone, `{ name: 'RSASSA-PKCS1-v1_5', modulusLength, hash: 'SHA-256' }`, or `{ name: 'Ed25519' }`, which no
 * browser takes: it is for peers of one's own, or to stand behind another in `configuration.certificates`. `expires` may be given beside these,
 * as a lifetime in milliseconds.
 *
 * @throws {DOMException} NotSupportedError for any other algorithm
 */
export async function generateCertificate(algorithm: unknown): Promise<RTCCertificate> {
  const wanted =
    typeof algorithm === 'string' ? { name: algorithm } : (algorithm as Record<string, unknown> | null);
  const name = String(wanted?.name).toUpperCase();
  const asked = Number(wanted?.expires ?? DEFAULT_LIFETIME);
  const lifetime = Number.isFinite(asked) && asked >= 0 ? Math.min(asked, MAX_LIFETIME) : DEFAULT_LIFETIME;
  if (name === 'ECDSA' && (wanted?.namedCurve ?? 'P-256') === 'P-256')
    return selfSigned(ecdsaKeyPair(), lifetime);
  if (name === 'ED25519') return selfSigned(generateKeyPairSync('ed25519'), lifetime);
  if (name === 'RSASSA-PKCS1-V1_5') {
    const modulusLength = Number(wanted?.modulusLength ?? 2048);
    const hash = wanted?.hash as { name?: unknown } | string | undefined;
    const hashName = String(typeof hash === 'object' ? hash.name : (hash ?? 'SHA-256')).toUpperCase();
    if (
      hashName === 'SHA-256' &&
      Number.isInteger(modulusLength) &&
      modulusLength >= 2048 &&
      modulusLength <= 8192
    ) {
      return selfSigned(await promisify(generateKeyPair)('rsa', { modulusLength }), lifetime);
    }
  }
  throw exception(
    'NotSupportedError',
    'algorithm must be ECDSA on P-256, Ed25519, or RSASSA-PKCS1-v1_5 with SHA-256 and 2048 to 8192 bits',
  );
}

/** The certificate of a connection that was given none: ECDSA on P-256, as browsers make it. Takes under 1 ms. */
export function defaultCertificate(): RTCCertificate {
  return selfSigned(ecdsaKeyPair(), DEFAULT_LIFETIME);
}

/** The hash functions of fingerprints, by their names in SDP (RFC 8122 §5). */
export type FingerprintHash = 'sha-256' | 'sha-384' | 'sha-512';

/** Node's names for them. */
const HASH_NAMES = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const;

/** The fingerprints that tell all of `certificates` to the peer, as SDP has them. */
export function fingerprintsOf(
  certificates: readonly RTCCertificate[],
  hashes: readonly FingerprintHash[],
): Array<{ readonly algorithm: string; readonly value: string }> {
  // Deviation: libwebrtc remembers the last line only, so what is preferred comes last.
  return hashes.toReversed().flatMap((algorithm) =>
    certificates.toReversed().map((certificate) => ({
      algorithm,
      value: fingerprintOf(dtlsCertificateOf(certificate).certificate, algorithm).toUpperCase(),
    })),
  );
}

/** The hash of a DER certificate as lower-case hexadecimal with colons. */
function fingerprintOf(der: Uint8Array, algorithm: FingerprintHash = 'sha-256'): string {
  const digest = createHash(HASH_NAMES[algorithm]).update(der).digest('hex');
  let text = digest.slice(0, 2);
  for (let i = 2; i < digest.length; i += 2) text += `:${digest[i]}${digest[i + 1]}`;
  return text;
}

function ecdsaKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function selfSigned(keys: KeyPair, lifetime: number): RTCCertificate {
  const now = Date.now();
  const certificate = selfSignedCertificate(keys, {
    serialNumber: serialNumber(),
    commonName: COMMON_NAME,
    notBefore: now - CLOCK_SKEW,
    notAfter: now + lifetime,
  });
  return certificateFrom(
    { certificate, ...keyKind(keys.privateKey), privateKey: keys.privateKey },
    now + lifetime,
  );
}

/** Of the keys that are made here. */
function keyKind({ asymmetricKeyType }: KeyObject): Pick<DtlsCertificate, 'keyAlgorithm' | 'keyCurve'> {
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ed25519')
    return { keyAlgorithm: asymmetricKeyType };
  return { keyAlgorithm: 'ecdsa', keyCurve: 'secp256r1' };
}

/** RFC 5280 §4.1.2.2: positive and no more than 20 octets. */
function serialNumber(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial;
}
