// The I-FORWARD-TSN chunk (RFC 8260 §2.3.1), read and written in place. Its cumulative TSN lies where FORWARD TSN
// has it. A stream may be listed twice: for its ordered messages and for its unordered ones.
//
//   |   Type = 194  |  Flags = 0x00 |        Length = Variable      |
//   |                      New Cumulative TSN                       |
//   |      Stream Identifier        |         Reserved            |U|
//   |                      Message Identifier                       |
//   \                                                               \
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { CHUNK } from './chunks.ts';
import { FORWARD_TSN_BYTES } from './forward-tsn.ts';

const ENTRY_BYTES = 8;

/** How many entries the chunk `bytes[at, end)` lists. */
export function iForwardTsnEntries(at: number, end: number): number {
  return Math.floor((end - at - FORWARD_TSN_BYTES) / ENTRY_BYTES);
}

/** How many entries fit in `room` bytes. */
export function iForwardTsnRoom(room: number): number {
  return Math.floor((room - FORWARD_TSN_BYTES) / ENTRY_BYTES);
}

export function iForwardTsnStream(bytes: Uint8Array, at: number, index: number): number {
  return u16(bytes, at + FORWARD_TSN_BYTES + index * ENTRY_BYTES);
}

export function iForwardTsnIsUnordered(bytes: Uint8Array, at: number, index: number): boolean {
  return (bytes[at + FORWARD_TSN_BYTES + index * ENTRY_BYTES + 3]! & 1) !== 0;
}

export function iForwardTsnMid(bytes: Uint8Array, at: number, index: number): number {
  return u32(bytes, at + FORWARD_TSN_BYTES + index * ENTRY_BYTES + 4);
}

/** Of a stream's ordered or unordered messages, as `writeIForwardTsn` wants them. */
export function skippedKey(stream: number, ordered: boolean): number {
  return ordered ? stream : stream | 0x1_0000;
}

/** Writes the chunk with the last skipped MID by `skippedKey`; returns where the next chunk begins. */
export function writeIForwardTsn(
  out: Uint8Array,
  at: number,
  cumulativeTsn: number,
  skipped: ReadonlyMap<number, number>,
): number {
  out[at] = CHUNK.I_FORWARD_TSN;
  out[at + 1] = 0;
  putU16(out, at + 2, FORWARD_TSN_BYTES + skipped.size * ENTRY_BYTES);
  putU32(out, at + 4, cumulativeTsn);
  let end = at + FORWARD_TSN_BYTES;
  for (const [key, mid] of skipped) {
    putU16(out, end, key & 0xffff);
    putU16(out, end + 2, key >>> 16);
    putU32(out, end + 4, mid);
    end += ENTRY_BYTES;
  }
  return end;
}
