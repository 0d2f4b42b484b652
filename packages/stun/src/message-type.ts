// The first 20 bytes of every STUN message. RFC 8489 §5.
//
//   0                   1                   2                   3
//  |0 0|     STUN Message Type     |         Message Length        |
//  |                         Magic Cookie                          |
//  |                     Transaction ID (96 bits)                  |
import { u16, u32 } from '@millrace/sans-io';

export const MAGIC_COOKIE = 0x2112_a442;
export const HEADER_BYTES = 20;
export const TRANSACTION_ID_BYTES = 12;
/** Where the transaction id lies in the header. */
export const TRANSACTION_ID_AT = 8;

/** RFC 8489 §18.2. TURN's methods (RFC 8656) follow from 0x003. */
export const METHOD_BINDING = 0x001;

export type MessageClass = 'request' | 'indication' | 'success' | 'error';

const CLASSES: readonly MessageClass[] = ['request', 'indication', 'success', 'error'];

/** The 14-bit message type: the two class bits stand between the method's bits, at 4 and 8. */
export function messageType(messageClass: MessageClass, method: number): number {
  const classBits = CLASSES.indexOf(messageClass);
  return (
    ((method & 0xf80) << 2) |
    ((classBits & 2) << 7) |
    ((method & 0x070) << 1) |
    ((classBits & 1) << 4) |
    (method & 0x00f)
  );
}

export function classOf(type: number): MessageClass {
  return CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)]!;
}

export function methodOf(type: number): number {
  return ((type >> 2) & 0xf80) | ((type >> 1) & 0x070) | (type & 0x00f);
}

/**
 * Whether `bytes[at, end)` has the shape of one whole STUN message: two zero bits, the cookie, and a length
 * that is a multiple of four and fills the datagram. RFC 8489 §6.3.
 */
export function isStun(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < HEADER_BYTES || end > bytes.length) return false;
  const length = u16(bytes, at + 2);
  return (
    bytes[at]! < 0x40 &&
    u32(bytes, at + 4) === MAGIC_COOKIE &&
    length % 4 === 0 &&
    length === end - at - HEADER_BYTES
  );
}
