export { alertName } from './alert.ts';
export { CIPHER_SUITES, type CipherSuite } from './cipher-suites.ts';
export { CIPHER_SUITES_13, type CipherSuite13 } from './cipher-suites-13.ts';
export { CLOSE_CODES, type CloseCode, type CloseReason } from './close-reason.ts';
export { DtlsConnection, type DtlsState } from './connection.ts';
export {
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
  type KeyAlgorithm,
  type KeyShare,
  type PrfHash,
  type PublicKey,
  type RecordKey,
  type RecordKey13,
  type SequenceMask,
  type SignatureSchemeName,
} from './crypto.ts';
export type { DropReason } from './drop-reasons.ts';
export { DtlsError, type DtlsErrorCode } from './errors.ts';
export { GROUPS, type Group } from './groups.ts';
export { type Fingerprint, fingerprintOf } from './identity.ts';
export { KEY_EXCHANGES, type KeyExchange, type KeyExchangeName } from './key-exchange.ts';
export type { DtlsOptions, DtlsVersion, HelloVerifyOptions } from './options.ts';
export { MAX_PLAINTEXT_BYTES } from './record/header.ts';
export { type ResumableSession, SessionCache, type SessionCacheOptions } from './session-cache.ts';
export type { DtlsSink } from './sink.ts';
export { SRTP_PROFILES, type SrtpKeys } from './srtp.ts';
