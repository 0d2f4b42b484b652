// Hot: the header of a DTLS 1.3 ciphertext, read in place. RFC 9147 §4.
//
//    0 1 2 3 4 5 6 7
//   +-+-+-+-+-+-+-+-+-----------------------+------------------------------+--------------------+
//   |0|0|1|C|S|L|E E| connection id (if C)  | sequence number, 8 or 16 (S) | length, 16 (if L)  |
//   +-+-+-+-+-+-+-+-+-----------------------+------------------------------+--------------------+
//
// Left out: connection ids (RFC 9146 and RFC 9147 §9), which are not negotiated.

import { u16 } from '@millrace/sans-io';

/** Bytes of the headers that we write: S and L are set. */
export const UNIFIED_HEADER_BYTES = 5;

const FIXED_MASK = 0xe0;
const FIXED_BITS = 0x20;
const HAS_CONNECTION_ID = 0x10;
const HAS_LONG_SEQUENCE = 0x08;
const HAS_LENGTH = 0x04;
const EPOCH_MASK = 0x03;

/** RFC 9147 §4.1: whether a datagram's next record is a ciphertext of DTLS 1.3, by its first byte. */
export function isUnifiedHeader(firstByte: number): boolean {
  return (firstByte & FIXED_MASK) === FIXED_BITS;
}

/** The low two bits of the epoch. */
export function epochBits(firstByte: number): number {
  return firstByte & EPOCH_MASK;
}

/** Whether a record with this first byte may be one of `epoch`, and has no connection id. */
export function isOfEpoch(firstByte: number, epoch: number): boolean {
  const mask = FIXED_MASK | HAS_CONNECTION_ID | EPOCH_MASK;
  return (firstByte & mask) === (FIXED_BITS | (epoch & EPOCH_MASK));
}

export function hasConnectionId(firstByte: number): boolean {
  return (firstByte & HAS_CONNECTION_ID) !== 0;
}

export function hasLongSequence(firstByte: number): boolean {
  return (firstByte & HAS_LONG_SEQUENCE) !== 0;
}

export function hasLength(firstByte: number): boolean {
  return (firstByte & HAS_LENGTH) !== 0;
}

/** Of a header with this first byte and no connection id. */
export function headerBytes(first: number): number {
  return (hasLongSequence(first) ? 3 : 2) + (hasLength(first) ? 2 : 0);
}

/** The first byte of what we send in `epoch`. */
export function firstByteOf(epoch: number): number {
  return FIXED_BITS | HAS_LONG_SEQUENCE | HAS_LENGTH | (epoch & EPOCH_MASK);
}

// RFC 9147 §4.2.2: the number with these low bits that is closest to one plus the highest seen.
export function fullSequence(low: number, span: 0x100 | 0x10000, expected: number): number {
  const half = span / 2;
  const sequence = expected - (expected & (span - 1)) + low; // the bits are right for 48-bit numbers, too
  if (sequence < expected - half) return sequence + span;
  return sequence >= expected + half && sequence >= span ? sequence - span : sequence;
}

/** Where the record at `at` of a datagram ends; behind `end` if it is cut off. With a connection id nothing is known. */
export function endOfRecord(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  // RFC 9147 §4: without a length the record fills the rest of the datagram.
  if (!hasLength(first) || hasConnectionId(first)) return end;
  const lengthAt = at + (hasLongSequence(first) ? 3 : 2);
  return lengthAt + 2 > end ? end + 1 : lengthAt + 2 + u16(bytes, lengthAt);
}
