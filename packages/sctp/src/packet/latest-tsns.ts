// Hot: the LATEST TSNS chunk, an extension of our own that both ends must have offered: runs of TSNs that came last. A SACK
// must list its gap blocks from the lowest on and has room for some dozens (RFC 9260 §3.3.4); behind a thousand holes of a
// long fat path it says nothing of what arrives now. As with TCP's SACK option (RFC 2018 §4) each run is reported again
// and again, so that no single report matters. The chunk lies right before the SACK it adds to. To those who do not know it
// its type says: skip and stay silent.
//
//   |  Type = 183   |  Chunk Flags  |         Chunk Length          |
//   |              First TSN of a run, newest run first             |
//   |                      Last TSN of the run                      |
//   \                              ...                              \
import { putU16, putU32, u32 } from '@millrace/sans-io';
import { CHUNK } from './chunks.ts';

export const LATEST_TSNS_HEADER_BYTES = 4;
export const RUN_BYTES = 8;

export function latestRunCount(at: number, end: number): number {
  return (end - at - LATEST_TSNS_HEADER_BYTES) >> 3;
}

export function latestRunStart(bytes: Uint8Array, at: number, index: number): number {
  return u32(bytes, at + LATEST_TSNS_HEADER_BYTES + index * RUN_BYTES);
}

export function latestRunEnd(bytes: Uint8Array, at: number, index: number): number {
  return u32(bytes, at + LATEST_TSNS_HEADER_BYTES + index * RUN_BYTES + 4);
}

export function putLatestRun(out: Uint8Array, at: number, index: number, first: number, last: number): void {
  putU32(out, at + LATEST_TSNS_HEADER_BYTES + index * RUN_BYTES, first);
  putU32(out, at + LATEST_TSNS_HEADER_BYTES + index * RUN_BYTES + 4, last);
}

/** Writes the header of a chunk with `runs` runs, put before; returns where it ends. */
export function writeLatestTsnsHeader(out: Uint8Array, at: number, runs: number): number {
  const length = LATEST_TSNS_HEADER_BYTES + runs * RUN_BYTES;
  out[at] = CHUNK.LATEST_TSNS;
  out[at + 1] = 0;
  putU16(out, at + 2, length);
  return at + length;
}
