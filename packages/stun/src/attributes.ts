// The attributes of RFC 8489 §18.3, RFC 8445 §16.1 and RFC 5780 §7 (without PADDING and RESPONSE-PORT), and the tables a
// parser knows them by.

import type { TransportAddress } from './address.ts';
import {
  type Attribute,
  addressAttribute,
  bytesAttribute,
  type ErrorCode,
  errorCodeAttribute,
  flagAttribute,
  type PasswordAlgorithm,
  passwordAlgorithmAttribute,
  passwordAlgorithmsAttribute,
  textAttribute,
  u16ListAttribute,
  u32Attribute,
  u64Attribute,
} from './attribute.ts';

/** The attributes that a parser understands, by type. A comprehension-required one outside it is unknown. */
export type AttributeTable = ReadonlyMap<number, Attribute<unknown>>;

// RFC 8489 §14.3 to §14.14: texts are shorter than 509 or 763 bytes.
const MAX_USERNAME = 508;
const MAX_TEXT = 763;

export const MAPPED_ADDRESS: Attribute<TransportAddress> = addressAttribute(0x0001, 'MAPPED-ADDRESS', false);
/** Flags of RFC 5780 §7.2, which only servers with two addresses follow; see `CHANGE_IP` and `CHANGE_PORT`. */
export const CHANGE_REQUEST: Attribute<number> = u32Attribute(0x0003, 'CHANGE-REQUEST');
export const CHANGE_IP = 0x4;
export const CHANGE_PORT = 0x2;
export const USERNAME: Attribute<string> = textAttribute(0x0006, 'USERNAME', MAX_USERNAME);
/** Written by `MessageWriter.addIntegrity`, checked by `verifyIntegrity`. */
export const MESSAGE_INTEGRITY: Attribute<Uint8Array> = bytesAttribute(0x0008, 'MESSAGE-INTEGRITY', 20, 20);
export const ERROR_CODE: Attribute<ErrorCode> = errorCodeAttribute(0x0009, 'ERROR-CODE');
export const UNKNOWN_ATTRIBUTES: Attribute<readonly number[]> = u16ListAttribute(
  0x000a,
  'UNKNOWN-ATTRIBUTES',
);
export const REALM: Attribute<string> = textAttribute(0x0014, 'REALM', MAX_TEXT);
export const NONCE: Attribute<string> = textAttribute(0x0015, 'NONCE', MAX_TEXT);
/** Written by `MessageWriter.addIntegritySha256`, checked by `verifyIntegritySha256`. */
export const MESSAGE_INTEGRITY_SHA256: Attribute<Uint8Array> = bytesAttribute(
  0x001c,
  'MESSAGE-INTEGRITY-SHA256',
  16,
  32,
);
export const PASSWORD_ALGORITHM: Attribute<PasswordAlgorithm> = passwordAlgorithmAttribute(
  0x001d,
  'PASSWORD-ALGORITHM',
);
export const USERHASH: Attribute<Uint8Array> = bytesAttribute(0x001e, 'USERHASH', 32, 32);
export const XOR_MAPPED_ADDRESS: Attribute<TransportAddress> = addressAttribute(
  0x0020,
  'XOR-MAPPED-ADDRESS',
  true,
);
export const PRIORITY: Attribute<number> = u32Attribute(0x0024, 'PRIORITY');
export const USE_CANDIDATE: Attribute<true> = flagAttribute(0x0025, 'USE-CANDIDATE');
export const PASSWORD_ALGORITHMS: Attribute<readonly PasswordAlgorithm[]> = passwordAlgorithmsAttribute(
  0x8002,
  'PASSWORD-ALGORITHMS',
);
export const ALTERNATE_DOMAIN: Attribute<string> = textAttribute(0x8003, 'ALTERNATE-DOMAIN', 255);
export const SOFTWARE: Attribute<string> = textAttribute(0x8022, 'SOFTWARE', MAX_TEXT);
export const ALTERNATE_SERVER: Attribute<TransportAddress> = addressAttribute(
  0x8023,
  'ALTERNATE-SERVER',
  false,
);
/** Written by `MessageWriter.addFingerprint`, checked by `verifyFingerprint`. */
export const FINGERPRINT: Attribute<number> = u32Attribute(0x8028, 'FINGERPRINT');
/** draft-thatcher-ice-renomination, with libwebrtc's number: of two nominated pairs, the one with the higher counts. */
export const NOMINATION: Attribute<number> = u32Attribute(0xc001, 'NOMINATION');
export const ICE_CONTROLLED: Attribute<bigint> = u64Attribute(0x8029, 'ICE-CONTROLLED');
export const ICE_CONTROLLING: Attribute<bigint> = u64Attribute(0x802a, 'ICE-CONTROLLING');
/** Where the response was sent from. RFC 5780 §7.3 */
export const RESPONSE_ORIGIN: Attribute<TransportAddress> = addressAttribute(
  0x802b,
  'RESPONSE-ORIGIN',
  false,
);
/** The server's second address and port. RFC 5780 §7.4 */
export const OTHER_ADDRESS: Attribute<TransportAddress> = addressAttribute(0x802c, 'OTHER-ADDRESS', false);

/** draft-hancke-webrtc-sped §4.3, with the numbers that libwebrtc uses: a datagram of a DTLS handshake. May be empty. */
export const DTLS_IN_STUN_DATA: Attribute<Uint8Array> = bytesAttribute(
  0xc070,
  'DTLS-IN-STUN-DATA',
  0,
  0xffff,
);
/** The CRC-32 of each such datagram that has come, four bytes each. May be empty. */
export const DTLS_IN_STUN_ACK: Attribute<Uint8Array> = bytesAttribute(0xc071, 'DTLS-IN-STUN-ACK', 0, 0xffff);

/** A table of `base` and `more`, for a program that understands further attributes (TURN's, a vendor's). */
export function attributeTable(base: AttributeTable, more: readonly Attribute<unknown>[]): AttributeTable {
  const table = new Map(base);
  for (const attribute of more) table.set(attribute.type, attribute);
  return table;
}

/** RFC 8489's and ICE's attributes, and those by which a server's second address is found. */
export const STUN_ATTRIBUTES: AttributeTable = attributeTable(new Map(), [
  MAPPED_ADDRESS,
  USERNAME,
  MESSAGE_INTEGRITY,
  ERROR_CODE,
  UNKNOWN_ATTRIBUTES,
  REALM,
  NONCE,
  MESSAGE_INTEGRITY_SHA256,
  PASSWORD_ALGORITHM,
  USERHASH,
  XOR_MAPPED_ADDRESS,
  PRIORITY,
  USE_CANDIDATE,
  PASSWORD_ALGORITHMS,
  ALTERNATE_DOMAIN,
  SOFTWARE,
  ALTERNATE_SERVER,
  FINGERPRINT,
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  DTLS_IN_STUN_DATA,
  DTLS_IN_STUN_ACK,
  RESPONSE_ORIGIN,
  OTHER_ADDRESS,
  NOMINATION,
] as readonly Attribute<unknown>[]);

/** Error codes of RFC 8489 §14.8, RFC 8445 §7.3.1.1 and RFC 7675 §5.2. */
export const ERROR = {
  TRY_ALTERNATE: 300,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  UNKNOWN_ATTRIBUTE: 420,
  STALE_NONCE: 438,
  ROLE_CONFLICT: 487,
  SERVER_ERROR: 500,
} as const;
