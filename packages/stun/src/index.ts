export { canonicalAddress, formatAddress, isIpv6, parseAddress, type TransportAddress } from './address.ts';
export {
  type Attribute,
  addressAttribute,
  bytesAttribute,
  type ErrorCode,
  errorCodeAttribute,
  flagAttribute,
  isComprehensionRequired,
  type PasswordAlgorithm,
  passwordAlgorithmAttribute,
  passwordAlgorithmsAttribute,
  textAttribute,
  u16ListAttribute,
  u32Attribute,
  u64Attribute,
} from './attribute.ts';
export {
  ALTERNATE_DOMAIN,
  ALTERNATE_SERVER,
  type AttributeTable,
  attributeTable,
  CHANGE_IP,
  CHANGE_PORT,
  CHANGE_REQUEST,
  DTLS_IN_STUN_ACK,
  DTLS_IN_STUN_DATA,
  ERROR,
  ERROR_CODE,
  FINGERPRINT,
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  MAPPED_ADDRESS,
  MESSAGE_INTEGRITY,
  MESSAGE_INTEGRITY_SHA256,
  NOMINATION,
  NONCE,
  OTHER_ADDRESS,
  PASSWORD_ALGORITHM,
  PASSWORD_ALGORITHMS,
  PRIORITY,
  REALM,
  RESPONSE_ORIGIN,
  SOFTWARE,
  STUN_ATTRIBUTES,
  UNKNOWN_ATTRIBUTES,
  USE_CANDIDATE,
  USERHASH,
  USERNAME,
  XOR_MAPPED_ADDRESS,
} from './attributes.ts';
export { BindingQuery, type BindingSink } from './binding-query.ts';
export { crc32 } from './crc32.ts';
export { longTermKey, shortTermKey, userHash } from './credentials.ts';
export type { LongTermCrypto, StunCrypto } from './crypto.ts';
export { StunError, type StunErrorCode } from './errors.ts';
export {
  fingerprint,
  SHA1_BYTES,
  SHA256_BYTES,
  verifyFingerprint,
  verifyIntegrity,
  verifyIntegritySha256,
} from './integrity.ts';
export { MAX_ATTRIBUTES, parseMessage, StunMessage } from './message.ts';
export {
  classOf,
  HEADER_BYTES,
  isStun,
  MAGIC_COOKIE,
  METHOD_BINDING,
  type MessageClass,
  messageType,
  methodOf,
  TRANSACTION_ID_AT,
  TRANSACTION_ID_BYTES,
} from './message-type.ts';
export {
  type NatBehavior,
  type NatBehaviorOptions,
  NatBehaviorQuery,
  type NatBehaviorSink,
  type NatDependence,
  type NatMapping,
} from './nat-behavior.ts';
export { ClientTransaction, TRANSACTION_DEFAULTS, type TransactionTunables } from './transaction.ts';
export { MessageWriter } from './writer.ts';
