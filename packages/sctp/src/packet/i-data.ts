// Hot: the I-DATA chunk (RFC 8260 §2.1), read and written in place. Flags are those of DATA; stream and TSN lie where
// DATA has them. The first fragment carries the protocol identifier where the others carry their number.
//
//   |   Type = 64   |  Res  |I|U|B|E|            Length             |
//   |                              TSN                              |
//   |      Stream Identifier        |           Reserved            |
//   |                      Message Identifier                       |
//   |    Payload Protocol Identifier / Fragment Sequence Number     |
//   \                           User Data                           \
import { copyBytes, putU16, putU32, u32 } from '@millrace/sans-io';
import { CHUNK } from './chunks.ts';
import { padded } from './packet.ts';

export const I_DATA_HEADER_BYTES = 20;

export function iDataMid(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 12);
}

/** The protocol identifier if the B bit is set; else the fragment's number. */
export function iDataPpidOrFsn(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 16);
}

/** Writes an I-DATA chunk with the payload `from[start, start + length)` at `at`; returns where the next chunk begins. */
export function writeIData(
  out: Uint8Array,
  at: number,
  flags: number,
  tsn: number,
  stream: number,
  mid: number,
  ppidOrFsn: number,
  from: Uint8Array,
  start: number,
  length: number,
): number {
  out[at] = CHUNK.I_DATA;
  out[at + 1] = flags;
  putU16(out, at + 2, I_DATA_HEADER_BYTES + length);
  putU32(out, at + 4, tsn);
  putU16(out, at + 8, stream);
  putU16(out, at + 10, 0);
  putU32(out, at + 12, mid);
  putU32(out, at + 16, ppidOrFsn);
  const end = copyBytes(out, at + I_DATA_HEADER_BYTES, from, start, start + length);
  const next = at + padded(I_DATA_HEADER_BYTES + length);
  for (let i = end; i < next; i++) out[i] = 0;
  return next;
}
