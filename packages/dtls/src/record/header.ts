// Hot: the header of a DTLSPlaintext or DTLSCiphertext, read and written in place. RFC 6347 §4.1.
//
//   0        1        2        3        4        5 ... 10                11       12
//   +--------+-----------------+-----------------+-----------------------+-----------------+
//   | type   | version         | epoch           | sequence number (48)  | length          |
//   +--------+-----------------+-----------------+-----------------------+-----------------+
//
// The unified header of DTLS 1.3 (RFC 9147 §4) begins with the bits 001 and is told apart before this.
import { putU16, putU48, u16, u48 } from '@millrace/sans-io';

export const RECORD_HEADER_BYTES = 13;
export const EPOCH_AT = 3;

/** RFC 5246 §6.2.1: the plaintext of a record holds 2^14 bytes at most. */
export const MAX_PLAINTEXT_BYTES: number = 16_384;
/** RFC 5246 §6.2.3: protection adds 2048 bytes at most. */
export const MAX_CIPHERTEXT_BYTES = 18_432;

/** RFC 5246 §6.2.1. */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  ack: 26, // RFC 9147 §7
} as const;

export const DTLS_1_0 = 0xfeff;
export const DTLS_1_2 = 0xfefd;
export const DTLS_1_3 = 0xfefc;

export function recordType(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

export function recordVersion(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 1);
}

export function recordEpoch(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + EPOCH_AT);
}

export function recordSequence(bytes: Uint8Array, at: number): number {
  return u48(bytes, at + 5);
}

export function recordLength(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 11);
}

export function writeRecordHeader(
  out: Uint8Array,
  at: number,
  type: number,
  version: number,
  epoch: number,
  sequence: number,
  length: number,
): void {
  out[at] = type;
  putU16(out, at + 1, version);
  putU16(out, at + EPOCH_AT, epoch);
  putU48(out, at + 5, sequence);
  putU16(out, at + 11, length);
}
