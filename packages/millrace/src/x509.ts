// Writes the one kind of X.509 certificate this package makes: version 3, self-signed, no extensions, the same
// short name as issuer and subject (RFC 5280 §4.1; DER as X.690 §8 has it). Reading certificates is Node's.
//
// Why not a library: the ones there are cost 28 ms to load and about 2 ms a certificate in a process that does
// other things as well, which is a sixth of the time a connection takes to open; see docs/dependencies.md.
import { type KeyObject, sign } from 'node:crypto';

/** What goes into a certificate besides its key. */
export interface CertificateFields {
  /** Positive and 1 to 20 bytes long (RFC 5280 §4.1.2.2). */
  readonly serialNumber: Uint8Array;
  /** For issuer and subject. */
  readonly commonName: string;
  /** Milliseconds since 1970; whole seconds are kept. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0; // [0] EXPLICIT

const OID_COMMON_NAME = [0x55, 0x04, 0x03]; // 2.5.4.3
const OID_ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]; // 1.2.840.10045.4.3.2, RFC 5758 §3.2
const OID_RSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]; // 1.2.840.113549.1.1.11, RFC 4055 §5
const OID_ED25519 = [0x2b, 0x65, 0x70]; // 1.3.101.112, RFC 8410 §3

/** The DER of a certificate over `publicKey`, signed with `privateKey` (ECDSA or RSA with SHA-256, or Ed25519). */
export function selfSignedCertificate(
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  { serialNumber, commonName, notBefore, notAfter }: CertificateFields,
): Uint8Array {
  const algorithm = signatureAlgorithm(privateKey.asymmetricKeyType);
  const name = nameOf(commonName);
  const tbsCertificate = der(
    SEQUENCE,
    VERSION_3,
    der(INTEGER, serialNumber),
    algorithm,
    name,
    der(SEQUENCE, time(notBefore), time(notAfter)),
    name,
    subjectPublicKeyInfo(publicKey),
  );
  // X.690 §8.6: a bit string begins with the number of bits its last byte leaves unused.
  return der(
    SEQUENCE,
    tbsCertificate,
    algorithm,
    der(
      BIT_STRING,
      [0],
      sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', tbsCertificate, privateKey),
    ),
  );
}

/** RFC 5480 §2: SubjectPublicKeyInfo of P-256 up to the coordinates of the point. */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/** Node takes ten times as long to write it. */
function subjectPublicKeyInfo(publicKey: KeyObject): Uint8Array {
  if (publicKey.asymmetricKeyType === 'ec') {
    const { crv, x, y } = publicKey.export({ format: 'jwk' });
    if (crv === 'P-256' && x !== undefined && y !== undefined)
      return Buffer.concat([P256_PREFIX, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  }
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** AlgorithmIdentifier: parameters are NULL for RSA (RFC 4055 §5) and left out for the others (RFC 5758 §3.2, RFC 8410 §3). */
function signatureAlgorithm(keyType: string | undefined): Uint8Array {
  if (keyType === 'rsa') return RSA_WITH_SHA256;
  return keyType === 'ed25519' ? ED25519 : ECDSA_WITH_SHA256;
}

const RSA_WITH_SHA256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, OID_RSA_WITH_SHA256), der(NULL));
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, OID_ECDSA_WITH_SHA256));
const ED25519 = der(SEQUENCE, der(OBJECT_IDENTIFIER, OID_ED25519));
const VERSION_3 = der(VERSION, der(INTEGER, [2]));

/** The last name and its element: all certificates of a process have the same. */
let lastName = { commonName: '', element: new Uint8Array(0) };

function nameOf(commonName: string): Uint8Array {
  if (lastName.commonName !== commonName) {
    const attribute = [der(OBJECT_IDENTIFIER, OID_COMMON_NAME), der(UTF8_STRING, Buffer.from(commonName))];
    lastName = { commonName, element: der(SEQUENCE, der(SET, der(SEQUENCE, ...attribute))) };
  }
  return lastName.element;
}

/** RFC 5280 §4.1.2.5: two digits for the year through 2049, four from then on; always in UTC, to the second. */
function time(milliseconds: number): Uint8Array {
  const [year, month, day, hour, minute, second] = new Date(milliseconds).toISOString().split(/\D/);
  const isEarly = Number(year) < 2050;
  const text = `${isEarly ? year!.slice(2) : year}${month}${day}${hour}${minute}${second}Z`;
  return der(isEarly ? UTC_TIME : GENERALIZED_TIME, Buffer.from(text));
}

/** One element: tag, length (X.690 §8.1.3), and `parts` one after the other. */
function der(tag: number, ...parts: ReadonlyArray<ArrayLike<number>>): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const long = length < 0x80 ? [] : length < 0x100 ? [length] : [length >>> 8, length & 0xff];
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | long.length, ...long];
  const element = new Uint8Array(header.length + length);
  element.set(header);
  let at = header.length;
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}
