// Hot: the SACK chunk (RFC 9260 §3.3.4), read and written in place.
//
//   |   Type = 3    |  Chunk Flags  |         Chunk Length          |
//   |                     Cumulative TSN Ack                        |
//   |         Advertised Receiver Window Credit (a_rwnd)            |
//   | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
//   |    Gap Ack Block #1 Start     |     Gap Ack Block #1 End      |  offsets from the cumulative TSN
//   \                              ...                              \
//   |                       Duplicate TSN 1                         |
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { CHUNK } from './chunks.ts';

export const SACK_BYTES = 16;

export function sackCumulativeTsn(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 4);
}

export function sackWindow(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 8);
}

export function sackGapCount(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 12);
}

export function sackDuplicateCount(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 14);
}

/** First TSN of gap block `index`, relative to the cumulative TSN. */
export function sackGapStart(bytes: Uint8Array, at: number, index: number): number {
  return u16(bytes, at + SACK_BYTES + index * 4);
}

/** Last TSN of gap block `index`, relative to the cumulative TSN. */
export function sackGapEnd(bytes: Uint8Array, at: number, index: number): number {
  return u16(bytes, at + SACK_BYTES + index * 4 + 2);
}

/** Whether the counts fit the length and the blocks come in order, apart from each other, and none is empty. */
export function isSackSound(bytes: Uint8Array, at: number, length: number): boolean {
  const gaps = sackGapCount(bytes, at);
  if (SACK_BYTES + (gaps + u16(bytes, at + 14)) * 4 > length) return false;
  // Offset 1 is the TSN that the cumulative TSN says is missing; adjoining blocks are one block cut in two.
  let last = 1;
  for (let i = 0; i < gaps; i++) {
    const start = sackGapStart(bytes, at, i);
    if (start <= last) return false;
    last = sackGapEnd(bytes, at, i);
    if (last < start) return false;
  }
  return true;
}

export function writeSackHeader(
  out: Uint8Array,
  at: number,
  cumulativeTsn: number,
  window: number,
  gaps: number,
  duplicates: number,
): void {
  out[at] = CHUNK.SACK;
  out[at + 1] = 0;
  putU16(out, at + 2, SACK_BYTES + (gaps + duplicates) * 4);
  putU32(out, at + 4, cumulativeTsn);
  putU32(out, at + 8, window);
  putU16(out, at + 12, gaps);
  putU16(out, at + 14, duplicates);
}
