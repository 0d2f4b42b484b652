// The FORWARD TSN chunk (RFC 3758 §3.2), read and written in place.
//
//   |   Type = 192  |  Flags = 0x00 |        Length = Variable      |
//   |                      New Cumulative TSN                       |
//   |         Stream-1              |       Stream Sequence-1       |
//   \                                                               \
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { CHUNK } from './chunks.ts';

export const FORWARD_TSN_BYTES = 8;

export function forwardTsnCumulative(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 4);
}

/** How many streams the chunk `bytes[at, end)` lists. */
export function forwardTsnStreams(at: number, end: number): number {
  return (end - at - FORWARD_TSN_BYTES) >> 2;
}

export function forwardTsnStream(bytes: Uint8Array, at: number, index: number): number {
  return u16(bytes, at + FORWARD_TSN_BYTES + index * 4);
}

export function forwardTsnSsn(bytes: Uint8Array, at: number, index: number): number {
  return u16(bytes, at + FORWARD_TSN_BYTES + index * 4 + 2);
}

/** Writes the chunk with the last skipped SSN of each ordered stream; returns where the next chunk begins. */
export function writeForwardTsn(
  out: Uint8Array,
  at: number,
  cumulativeTsn: number,
  skipped: ReadonlyMap<number, number>,
): number {
  out[at] = CHUNK.FORWARD_TSN;
  out[at + 1] = 0;
  putU16(out, at + 2, FORWARD_TSN_BYTES + skipped.size * 4);
  putU32(out, at + 4, cumulativeTsn);
  let end = at + FORWARD_TSN_BYTES;
  for (const [stream, ssn] of skipped) {
    putU16(out, end, stream);
    putU16(out, end + 2, ssn);
    end += 4;
  }
  return end;
}
