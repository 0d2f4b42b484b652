// Hot: the DATA chunk (RFC 9260 §3.3.1; the I bit is RFC 7053), read and written in place.
//
//   |   Type = 0    |  Res  |I|U|B|E|            Length             |
//   |                              TSN                              |
//   |      Stream Identifier        |    Stream Sequence Number     |
//   |                  Payload Protocol Identifier                  |
//   \                           User Data                           \
import { copyBytes, putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { padded } from './packet.ts';

export const DATA_HEADER_BYTES = 16;

export const END = 0x01;
export const BEGIN = 0x02;
export const UNORDERED = 0x04;
export const IMMEDIATE = 0x08;

export function dataTsn(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 4);
}

export function dataStream(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 8);
}

export function dataSsn(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 10);
}

export function dataPpid(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 12);
}

/** Writes a DATA chunk with the payload `from[start, start + length)` at `at`; returns where the next chunk begins. */
export function writeData(
  out: Uint8Array,
  at: number,
  flags: number,
  tsn: number,
  stream: number,
  ssn: number,
  ppid: number,
  from: Uint8Array,
  start: number,
  length: number,
): number {
  out[at] = 0;
  out[at + 1] = flags;
  putU16(out, at + 2, DATA_HEADER_BYTES + length);
  putU32(out, at + 4, tsn);
  putU16(out, at + 8, stream);
  putU16(out, at + 10, ssn);
  putU32(out, at + 12, ppid);
  const end = copyBytes(out, at + DATA_HEADER_BYTES, from, start, start + length);
  const next = at + padded(DATA_HEADER_BYTES + length);
  for (let i = end; i < next; i++) out[i] = 0;
  return next;
}
