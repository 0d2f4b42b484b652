// Extended reports. RFC 3611 §2, §3, with the blocks that give receivers a round trip time: §4.4 (RRTR), §4.5 (DLRR).
// Blocks of other types are walked over; where they lie is told.
//
//  | header | SSRC | block ... |     block: | type (8) | specific (8) | length in 32-bit words - 1 | contents |
//  RRTR: | NTP seconds | NTP fraction |     DLRR: | SSRC | LRR | DLRR | ...
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { growRtcp, RTCP_TYPE, rtcpPacketEnd, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

/** Block types. RFC 3611 §4. */
export const XR_BLOCK = { receiverReferenceTime: 4, dlrr: 5 } as const;

const BLOCKS_OFFSET = 8;
const BLOCK_HEADER_BYTES = 4;
const REFERENCE_TIME_BYTES = 8;
const DLRR_BYTES = 12;
const NO_BYTES = new Uint8Array(0);

/** A cursor over the blocks. */
export class ExtendedReport {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  /** The block's type, one of `XR_BLOCK` if it is known. */
  blockType = 0;
  /** What the type makes of the header's second byte. */
  typeSpecific = 0;
  /** Where the block's contents begin and end. */
  blockAt = 0;
  blockEnd = 0;
  /** How many entries a DLRR has; 0 for other blocks. */
  dlrrCount = 0;
  #next = 0;
  #end = 0;

  /** False if the packet is something else, or malformed: all blocks are there as they say, or nothing is believed. */
  read(packet: RtcpReader): boolean {
    const { bytes, at, end } = packet;
    if (packet.type !== RTCP_TYPE.extendedReport || end - at < BLOCKS_OFFSET) return false;
    let blockAt = at + BLOCKS_OFFSET;
    while (blockAt < end) {
      const length = u16(bytes, blockAt + 2) * 4;
      // RFC 3611 §4.4: two words; §4.5: three for each entry.
      if (bytes[blockAt] === XR_BLOCK.receiverReferenceTime && length !== REFERENCE_TIME_BYTES) return false;
      if (bytes[blockAt] === XR_BLOCK.dlrr && length % DLRR_BYTES !== 0) return false;
      blockAt += BLOCK_HEADER_BYTES + length;
    }
    if (blockAt !== end) return false;
    this.bytes = bytes;
    this.at = at;
    this.#next = at + BLOCKS_OFFSET;
    this.#end = end;
    return true;
  }

  get ssrc(): number {
    return u32(this.bytes, this.at + 4);
  }

  /** Goes to the next block. False behind the last. */
  nextBlock(): boolean {
    const at = this.#next;
    if (at >= this.#end) return false;
    this.blockType = this.bytes[at]!;
    this.typeSpecific = this.bytes[at + 1]!;
    this.blockAt = at + BLOCK_HEADER_BYTES;
    this.blockEnd = this.#next = this.blockAt + u16(this.bytes, at + 2) * 4;
    this.dlrrCount = this.blockType === XR_BLOCK.dlrr ? (this.blockEnd - this.blockAt) / DLRR_BYTES : 0;
    return true;
  }

  /** Of a receiver reference time block. */
  get ntpSeconds(): number {
    return u32(this.bytes, this.blockAt);
  }

  /** Of a receiver reference time block. */
  get ntpFraction(): number {
    return u32(this.bytes, this.blockAt + 4);
  }

  /** The receiver whose reference time is answered by the entry `index` of a DLRR. */
  dlrrSsrc(index: number): number {
    return u32(this.bytes, this.blockAt + index * DLRR_BYTES);
  }

  /** The middle of that reference time; 0 if none has come. */
  lastReceiverReport(index: number): number {
    return u32(this.bytes, this.blockAt + index * DLRR_BYTES + 4);
  }

  /** In 1/65536 s. */
  delaySinceLastReceiverReport(index: number): number {
    return u32(this.bytes, this.blockAt + index * DLRR_BYTES + 8);
  }
}

/** Writes an extended report without blocks into `out[at, end)` and returns its length; 0 = no room. */
export function writeExtendedReport(out: Uint8Array, at: number, end: number, ssrc: number): number {
  if (end > out.length || end - at < BLOCKS_OFFSET) return 0;
  writeRtcpHeader(out, at, 0, RTCP_TYPE.extendedReport, BLOCKS_OFFSET);
  putU32(out, at + 4, ssrc);
  return BLOCKS_OFFSET;
}

/** Adds a receiver reference time to the extended report that begins at `packetAt` and is the last in `out` so far. False without room. */
export function addReceiverReferenceTime(
  out: Uint8Array,
  packetAt: number,
  end: number,
  ntpSeconds: number,
  ntpFraction: number,
): boolean {
  const at = growRtcp(out, packetAt, end, BLOCK_HEADER_BYTES + REFERENCE_TIME_BYTES);
  if (at === 0) return false;
  writeBlockHeader(out, at, XR_BLOCK.receiverReferenceTime, REFERENCE_TIME_BYTES);
  putU32(out, at + 4, ntpSeconds);
  putU32(out, at + 8, ntpFraction);
  return true;
}

/**
 * Adds the answer to a receiver's reference time to the extended report that begins at `packetAt` and is the last in
 * `out` so far: to its last block if that is a DLRR. False without room.
 */
export function addDlrr(
  out: Uint8Array,
  packetAt: number,
  end: number,
  ssrc: number,
  lastReceiverReport: number,
  delaySinceLastReceiverReport: number,
): boolean {
  const lastAt = lastBlock(out, packetAt);
  const isThere = lastAt !== 0 && out[lastAt] === XR_BLOCK.dlrr;
  const grown = growRtcp(out, packetAt, end, isThere ? DLRR_BYTES : BLOCK_HEADER_BYTES + DLRR_BYTES);
  if (grown === 0) return false;
  const at = isThere ? grown : grown + BLOCK_HEADER_BYTES;
  const blockAt = isThere ? lastAt : grown;
  writeBlockHeader(out, blockAt, XR_BLOCK.dlrr, at + DLRR_BYTES - blockAt - BLOCK_HEADER_BYTES);
  putU32(out, at, ssrc);
  putU32(out, at + 4, lastReceiverReport);
  putU32(out, at + 8, delaySinceLastReceiverReport);
  return true;
}

function writeBlockHeader(out: Uint8Array, at: number, type: number, contentBytes: number): void {
  out[at] = type;
  out[at + 1] = 0;
  putU16(out, at + 2, contentBytes >> 2);
}

/** Where the last block begins; 0 if there is none. */
function lastBlock(out: Uint8Array, packetAt: number): number {
  const end = rtcpPacketEnd(out, packetAt);
  let last = 0;
  for (let at = packetAt + BLOCKS_OFFSET; at < end; at += BLOCK_HEADER_BYTES + u16(out, at + 2) * 4)
    last = at;
  return last;
}
