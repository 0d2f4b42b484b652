// Hot: the common header (RFC 9260 §3.1) and the checksum over the whole packet (§6.8).
//
//    0                   1                   2                   3
//   |      Source Port Number       |    Destination Port Number    |
//   |                       Verification Tag                        |
//   |                    Checksum, least byte first                 |
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import type { Checksum } from './crc32c.ts';

export const HEADER_BYTES = 12;

export function sourcePort(bytes: Uint8Array, at: number): number {
  return u16(bytes, at);
}

export function destinationPort(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 2);
}

export function verificationTag(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 4);
}

/** Writes the header of a packet whose chunks already lie behind it, and the checksum of the whole; 0 without one. */
export function sealPacket(
  out: Uint8Array,
  at: number,
  end: number,
  source: number,
  destination: number,
  tag: number,
  checksum: Checksum | undefined,
): void {
  putU16(out, at, source);
  putU16(out, at + 2, destination);
  putU32(out, at + 4, tag);
  putU32(out, at + 8, 0);
  if (checksum !== undefined) putChecksum(out, at, checksum(out, at, end));
}

/** Whether there is 0 in place of a checksum (RFC 9653 §5.2). */
export function isChecksumZero(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 8]! | bytes[at + 9]! | bytes[at + 10]! | bytes[at + 11]!) === 0;
}

/** Whether the checksum of the packet is right. The field itself is zero afterwards. */
export function takeChecksum(bytes: Uint8Array, at: number, end: number, checksum: Checksum): boolean {
  const claimed =
    (bytes[at + 8]! | (bytes[at + 9]! << 8) | (bytes[at + 10]! << 16) | (bytes[at + 11]! << 24)) >>> 0;
  putU32(bytes, at + 8, 0);
  return checksum(bytes, at, end) === claimed;
}

/** `length` rounded up to the multiple of four where the next chunk or parameter begins. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

function putChecksum(out: Uint8Array, at: number, crc: number): void {
  out[at + 8] = crc;
  out[at + 9] = crc >>> 8;
  out[at + 10] = crc >>> 16;
  out[at + 11] = crc >>> 24;
}
