// Hot: the back end on node:crypto. Node has no AEAD that works in place or takes a new nonce, so each record
// costs one cipher object and one copy; both stay inside this file. Works on Node 22 and later.
import nodeCrypto, {
  type Cipheriv,
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  type ECDH,
  generateKeyPairSync,
  hash,
  KeyObject,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { equalConstantTime } from '@millrace/sans-io';
import {
  AEAD_TAG_BYTES,
  type AeadAlgorithm,
  type AeadKey,
  type CurveName,
  type DtlsCertificate,
  type DtlsCrypto,
  type GroupName,
  type HashAlgorithm,
  type Kem,
  type KemKeyPair,
  type KeyShare,
  type PublicKey,
  type SequenceMask,
  type SignatureSchemeName,
} from './crypto.ts';
import { DtlsError } from './errors.ts';
import { subjectPublicKeyInfo } from './subject-public-key.ts';

/**
 * An identity from an X.509 certificate in DER and its private key, PKCS #8 in DER or a `KeyObject`: ECDSA on
 * P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits. The certificate is kept, not copied.
 */
export function nodeDtlsCertificate(
  certificate: Uint8Array,
  privateKey: Uint8Array | KeyObject,
): DtlsCertificate {
  const publicKey = readPublicKey(certificate);
  if (publicKey === undefined || !isX509(certificate)) {
    throw new DtlsError('CERTIFICATE_UNUSABLE', 'the certificate is malformed or its key is not usable');
  }
  const key = privateKey instanceof KeyObject ? privateKey : importPrivateKey(privateKey);
  if (key.type !== 'private' || !createPublicKey(key).equals(publicKey.key)) {
    throw new DtlsError('KEY_MISMATCH');
  }
  return {
    certificate,
    keyAlgorithm: publicKey.algorithm,
    keyCurve: publicKey.curve,
    privateKey: key,
  };
}

/** Peers may look closer than `readPublicKey` does. */
function isX509(certificate: Uint8Array): boolean {
  try {
    new X509Certificate(certificate);
    return true;
  } catch {
    return false;
  }
}

export const nodeDtlsCrypto: DtlsCrypto = {
  hash: (algorithm, bytes) => hash(HASH_NAMES[algorithm], bytes, 'buffer'),
  hmac: (algorithm, key, bytes) => createHmac(HASH_NAMES[algorithm], key).update(bytes).digest(),
  createAeadKey: (algorithm, key) => new NodeAeadKey(algorithm, key),
  createSequenceMask: (algorithm, key) =>
    algorithm === 'chacha20-poly1305' ? new ChaChaMask(key) : new AesMask(algorithm, key),
  createKeyShare: (group: GroupName): KeyShare =>
    group === 'x25519' ? new X25519Share() : new EllipticCurveShare(group),
  get mlKem768(): Kem | undefined {
    if (mlKem768 === undefined) mlKem768 = findMlKem768() ?? null;
    return mlKem768 ?? undefined;
  },
  readPublicKey,
  sign(privateKey, scheme, bytes) {
    return sign(SCHEME_HASHES[scheme], bytes, signingKey(privateKey as KeyObject, scheme));
  },
  verify(publicKey, scheme, bytes, signature) {
    try {
      const key = (publicKey as NodePublicKey).key;
      return verify(SCHEME_HASHES[scheme], bytes, signingKey(key, scheme), signature);
    } catch {
      return false; // a malformed signature
    }
  },
};

const HASH_NAMES: Readonly<Record<HashAlgorithm, string>> = {
  'sha-1': 'sha1',
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
};

const SCHEME_HASHES: Readonly<Record<SignatureSchemeName, string | null>> = {
  ecdsa_secp256r1_sha256: 'sha256',
  ecdsa_secp384r1_sha384: 'sha384',
  ecdsa_secp521r1_sha512: 'sha512',
  ed25519: null, // it hashes on its own, RFC 8032 §5.1
  rsa_pss_rsae_sha256: 'sha256',
  rsa_pss_rsae_sha384: 'sha384',
  rsa_pss_rsae_sha512: 'sha512',
  rsa_pkcs1_sha256: 'sha256',
  rsa_pkcs1_sha384: 'sha384',
  rsa_pkcs1_sha512: 'sha512',
};

function signingKey(
  key: KeyObject,
  scheme: SignatureSchemeName,
): KeyObject | { key: KeyObject; padding: number; saltLength: number } {
  if (!scheme.startsWith('rsa_pss')) return key;
  // RFC 8446 §4.2.3: the salt is as long as the digest.
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

interface NodePublicKey extends PublicKey {
  readonly key: KeyObject;
}

const CURVES: ReadonlyMap<string | undefined, CurveName> = new Map([
  ['prime256v1', 'secp256r1'],
  ['secp384r1', 'secp384r1'],
  ['secp521r1', 'secp521r1'],
]);
// RFC 8827 §6.5 wants 2048 bits at least; the upper bound limits the work a peer can cause.
const RSA_LEAST_BITS = 2048;
const RSA_MOST_BITS = 8192;

/** SubjectPublicKeyInfo of P-256 up to the point. RFC 5480 §2. */
const P256_SPKI_PREFIX: Uint8Array = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);

// An X509Certificate costs twice as much, and leaves more behind for the garbage collector.
function readPublicKey(certificate: Uint8Array): NodePublicKey | undefined {
  const spki = subjectPublicKeyInfo(certificate);
  if (spki === undefined) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    // What Node tells of a key is a third of what reading it costs.
    if (P256_SPKI_PREFIX.every((byte, i) => spki[i] === byte))
      return { algorithm: 'ecdsa', curve: 'secp256r1', key };
    const details = key.asymmetricKeyDetails;
    const curve = CURVES.get(details?.namedCurve);
    if (key.asymmetricKeyType === 'ec' && curve !== undefined) return { algorithm: 'ecdsa', curve, key };
    if (key.asymmetricKeyType === 'ed25519') return { algorithm: 'ed25519', key };
    const bits = details?.modulusLength ?? 0;
    if (key.asymmetricKeyType === 'rsa' && bits >= RSA_LEAST_BITS && bits <= RSA_MOST_BITS) {
      return { algorithm: 'rsa', key };
    }
  } catch {
    // malformed: the same as unusable
  }
  return undefined;
}

function importPrivateKey(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new DtlsError('CERTIFICATE_UNUSABLE', 'the private key is not PKCS #8 in DER', { cause });
  }
}

const CIPHER_NAMES = {
  'aes-128-gcm': 'aes-128-gcm',
  'aes-256-gcm': 'aes-256-gcm',
  'chacha20-poly1305': 'chacha20-poly1305',
} as const;
const TAG_LENGTH = { authTagLength: AEAD_TAG_BYTES };

class NodeAeadKey implements AeadKey {
  readonly #name: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly #key: KeyObject;

  constructor(algorithm: AeadAlgorithm, key: Uint8Array) {
    this.#name = CIPHER_NAMES[algorithm];
    this.#key = createSecretKey(key);
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    // The types of Node know the tag length only for each name on its own; the call is the same for all three.
    const cipher = createCipheriv(this.#name as 'aes-128-gcm', this.#key, nonce, TAG_LENGTH);
    cipher.setAAD(aad);
    bytes.set(cipher.update(bytes.subarray(at, end)), at);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    const tagAt = end - AEAD_TAG_BYTES;
    const decipher = createDecipheriv(this.#name as 'aes-128-gcm', this.#key, nonce, TAG_LENGTH);
    decipher.setAAD(aad);
    decipher.setAuthTag(bytes.subarray(tagAt, end));
    const plaintext = decipher.update(bytes.subarray(at, tagAt));
    try {
      decipher.final();
    } catch {
      return false;
    }
    bytes.set(plaintext, at);
    return true;
  }
}

/** RFC 9147 §4.2.3 for the AES suites: one long-lived cipher object, one block a record. */
class AesMask implements SequenceMask {
  readonly #cipher: Cipheriv;
  readonly #sample = new Uint8Array(16);

  constructor(algorithm: 'aes-128-gcm' | 'aes-256-gcm', key: Uint8Array) {
    this.#cipher = createCipheriv(algorithm === 'aes-128-gcm' ? 'aes-128-ecb' : 'aes-256-ecb', key, null);
    this.#cipher.setAutoPadding(false);
  }

  of(bytes: Uint8Array, at: number): number {
    for (let i = 0; i < 16; i++) this.#sample[i] = bytes[at + i]!;
    return this.#cipher.update(this.#sample).readUInt16BE(0);
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    for (let i = 0; i < count; i++) masks[i] = this.of(bytes, ats[i]!);
  }

  close(): void {
    // A cipher object wipes its key when it is collected.
  }
}

const TWO_ZEROS = new Uint8Array(2);

/** RFC 9147 §4.2.3 for ChaCha20: the sample is the block counter, in little-endian, and the nonce. */
class ChaChaMask implements SequenceMask {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  of(bytes: Uint8Array, at: number): number {
    // OpenSSL takes counter and nonce as one IV of 16 bytes, in this order.
    const cipher = createCipheriv('chacha20', this.#key, bytes.subarray(at, at + 16));
    return cipher.update(TWO_ZEROS).readUInt16BE(0);
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    for (let i = 0; i < count; i++) masks[i] = this.of(bytes, ats[i]!);
  }

  close(): void {
    // The key object wipes its bytes when it is collected.
  }
}

class X25519Share implements KeyShare {
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor() {
    const pair = generateKeyPairSync('x25519');
    // Measured: JWK is twice as quick as SPKI here, in and out.
    this.publicKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x!, 'base64url');
    this.#privateKey = pair.privateKey;
  }

  agree(peerPublicKey: Uint8Array): Uint8Array | undefined {
    if (peerPublicKey.length !== 32) return undefined;
    try {
      const x = Buffer.from(peerPublicKey).toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
      // RFC 8422 §5.11: an all-zero secret must end the handshake; OpenSSL refuses it by throwing.
      return diffieHellman({ privateKey: this.#privateKey, publicKey });
    } catch {
      return undefined;
    }
  }
}

const UNCOMPRESSED_POINT = 4;

class EllipticCurveShare implements KeyShare {
  readonly publicKey: Uint8Array;
  readonly #ecdh: ECDH;

  constructor(group: 'secp256r1' | 'secp384r1') {
    this.#ecdh = createECDH(group === 'secp256r1' ? 'prime256v1' : group);
    this.publicKey = this.#ecdh.generateKeys();
  }

  agree(peerPublicKey: Uint8Array): Uint8Array | undefined {
    if (peerPublicKey.length !== this.publicKey.length || peerPublicKey[0] !== UNCOMPRESSED_POINT)
      return undefined;
    try {
      return this.#ecdh.computeSecret(peerPublicKey); // refuses points off the curve
    } catch {
      return undefined;
    }
  }
}

/** Node's own, since 24.7; null where it has none. */
let mlKem768: Kem | null | undefined;

const ML_KEM_768 = 'ml-kem-768';
const ML_KEM_SEED_BYTES = 64;
const ENCAPSULATION_KEY_BYTES = 1184;
/** SubjectPublicKeyInfo in front of the key: RFC 9935 §4, id-alg-ml-kem-768 (2.16.840.1.101.3.4.4.2). */
const ML_KEM_SPKI_PREFIX = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');
/** PrivateKeyInfo in front of a seed: RFC 9935 §6. */
const ML_KEM_PKCS8_PREFIX = Buffer.from('3054020100300b060960864801650304040204428040', 'hex');

function findMlKem768(): Kem | undefined {
  // Found by looking: older Nodes have neither the functions nor, by their OpenSSL, the algorithm.
  const { encapsulate, decapsulate } = nodeCrypto as Partial<typeof nodeCrypto>;
  if (encapsulate === undefined || decapsulate === undefined) return undefined;
  const keyPair = (privateKey: KeyObject, publicKey: KeyObject): KemKeyPair => ({
    encapsulationKey: exportRaw(publicKey),
    decapsulate(ciphertext) {
      try {
        return decapsulate(privateKey, ciphertext);
      } catch {
        return undefined; // of a wrong length
      }
    },
  });
  const kem: Kem = {
    generate(seed) {
      if (seed === undefined) {
        const { privateKey, publicKey } = generateKeyPairSync(ML_KEM_768);
        return keyPair(privateKey, publicKey);
      }
      if (seed.length !== ML_KEM_SEED_BYTES) throw new RangeError(`a seed of ${seed.length} bytes`);
      const key = Buffer.concat([ML_KEM_PKCS8_PREFIX, seed]);
      const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
      return keyPair(privateKey, createPublicKey(privateKey));
    },
    encapsulate(encapsulationKey) {
      if (encapsulationKey.length !== ENCAPSULATION_KEY_BYTES) return undefined;
      try {
        const key = Buffer.concat([ML_KEM_SPKI_PREFIX, encapsulationKey]);
        // OpenSSL refuses coefficients beyond the modulus when it reads the key.
        const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
        const { ciphertext, sharedKey } = encapsulate(publicKey);
        return { ciphertext, sharedSecret: sharedKey };
      } catch {
        return undefined;
      }
    },
  };
  try {
    const pair = kem.generate();
    const sent = kem.encapsulate(pair.encapsulationKey);
    const got = sent && pair.decapsulate(sent.ciphertext);
    return got && equalConstantTime(got, 0, sent.sharedSecret, 0, got.length) ? kem : undefined;
  } catch {
    return undefined;
  }
}

/** Some Nodes have ML-KEM and no raw keys yet, which are eight times as quick. */
let hasRawKeys = true;

function exportRaw(publicKey: KeyObject): Uint8Array {
  if (hasRawKeys) {
    try {
      return publicKey.export({ format: 'raw-public' });
    } catch {
      hasRawKeys = false;
    }
  }
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(ML_KEM_SPKI_PREFIX.length);
}
