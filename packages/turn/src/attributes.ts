// TURN's methods, attributes and error codes. RFC 8656 §17, §18, §19.
import {
  type Attribute,
  type AttributeTable,
  addressAttribute,
  attributeTable,
  bytesAttribute,
  STUN_ATTRIBUTES,
  type TransportAddress,
  u32Attribute,
} from '@millrace/stun';

// RFC 8656 §17.
export const METHOD_ALLOCATE = 0x003;
export const METHOD_REFRESH = 0x004;
export const METHOD_SEND = 0x006;
export const METHOD_DATA = 0x007;
export const METHOD_CHANNEL_BIND = 0x009;

const MAX_DATA = 0xffff;

/** RFC 8656 §18.1: the number in the upper 16 bits. */
export const CHANNEL_NUMBER: Attribute<number> = u32Attribute(0x000c, 'CHANNEL-NUMBER');
/** In seconds. */
export const LIFETIME: Attribute<number> = u32Attribute(0x000d, 'LIFETIME');
export const XOR_PEER_ADDRESS: Attribute<TransportAddress> = addressAttribute(
  0x0012,
  'XOR-PEER-ADDRESS',
  true,
);
export const DATA: Attribute<Uint8Array> = bytesAttribute(0x0013, 'DATA', 0, MAX_DATA);
export const XOR_RELAYED_ADDRESS: Attribute<TransportAddress> = addressAttribute(
  0x0016,
  'XOR-RELAYED-ADDRESS',
  true,
);
/** RFC 8656 §18.6: the family in the upper 8 bits. */
export const REQUESTED_ADDRESS_FAMILY: Attribute<number> = u32Attribute(0x0017, 'REQUESTED-ADDRESS-FAMILY');
/** RFC 8656 §18.8: the protocol in the upper 8 bits. */
export const REQUESTED_TRANSPORT: Attribute<number> = u32Attribute(0x0019, 'REQUESTED-TRANSPORT');

/** STUN's attributes and those of TURN that a client reads. */
export const TURN_ATTRIBUTES: AttributeTable = attributeTable(STUN_ATTRIBUTES, [
  CHANNEL_NUMBER,
  LIFETIME,
  XOR_PEER_ADDRESS,
  DATA,
  XOR_RELAYED_ADDRESS,
  REQUESTED_ADDRESS_FAMILY,
  REQUESTED_TRANSPORT,
] as readonly Attribute<unknown>[]);

/** RFC 8656 §19, and the codes of RFC 8489 that a TURN server uses. */
export const TURN_ERROR = {
  TRY_ALTERNATE: 300,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  ALLOCATION_MISMATCH: 437,
  STALE_NONCE: 438,
  ADDRESS_FAMILY_NOT_SUPPORTED: 440,
  WRONG_CREDENTIALS: 441,
  UNSUPPORTED_TRANSPORT: 442,
  PEER_ADDRESS_FAMILY_MISMATCH: 443,
  ALLOCATION_QUOTA_REACHED: 486,
  INSUFFICIENT_CAPACITY: 508,
} as const;
