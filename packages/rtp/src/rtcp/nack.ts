// Hot: packets that a receiver misses. RFC 4585 §6.2.1: | feedback header | packet id (16), bits of the 16 behind it | ...
import { putU16, putU32, u16 } from '@millrace/sans-io';
import {
  FEEDBACK_HEADER_BYTES,
  growRtcp,
  RTCP_KIND,
  RTCP_TYPE,
  rtcpPacketEnd,
  writeFeedback,
} from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const ENTRY_BYTES = 4;
const NACK_FORMAT = 1;
const NO_BYTES = new Uint8Array(0);

/** A cursor over the missing packets. */
export class Nack {
  /** Who misses them. */
  senderSsrc = 0;
  /** Whose they are. */
  mediaSsrc = 0;
  /** The missing packet's. */
  sequenceNumber = 0;
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  #packetId = 0;
  /** The bits not told yet, and how far behind the packet id the lowest of them is. */
  #bits = 0;
  #offset = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.kind !== RTCP_KIND.nack) return false;
    // RFC 4585 §6.2.1: at least one entry.
    if (packet.end - packet.at < FEEDBACK_HEADER_BYTES + ENTRY_BYTES) return false;
    this.senderSsrc = packet.senderSsrc;
    this.mediaSsrc = packet.mediaSsrc;
    this.#bytes = packet.bytes;
    this.#at = packet.at + FEEDBACK_HEADER_BYTES;
    this.#end = packet.end;
    this.#bits = 0;
    return true;
  }

  /** Goes to the next missing packet. False behind the last. */
  next(): boolean {
    if (this.#bits === 0) {
      if (this.#at + ENTRY_BYTES > this.#end) return false;
      this.sequenceNumber = this.#packetId = u16(this.#bytes, this.#at);
      this.#bits = u16(this.#bytes, this.#at + 2);
      this.#offset = 1;
      this.#at += ENTRY_BYTES;
      return true;
    }
    const skipped = 31 - Math.clz32(this.#bits & -this.#bits);
    this.sequenceNumber = (this.#packetId + this.#offset + skipped) & 0xffff;
    this.#offset += skipped + 1;
    this.#bits >>>= skipped + 1;
    return true;
  }
}

/** Writes a NACK without entries into `out[at, end)` and returns its length; 0 = no room. One without entries is not to be sent. */
export function writeNack(
  out: Uint8Array,
  at: number,
  end: number,
  senderSsrc: number,
  mediaSsrc: number,
): number {
  return writeFeedback(out, at, end, RTCP_TYPE.transportFeedback, NACK_FORMAT, senderSsrc, mediaSsrc);
}

/**
 * Adds a missing packet to the NACK that begins at `packetAt` and is the last in `out` so far, to its last entry if
 * that reaches so far. In order of sequence numbers least room is taken. False if there is none.
 */
export function addMissing(out: Uint8Array, packetAt: number, end: number, sequenceNumber: number): boolean {
  const packetEnd = rtcpPacketEnd(out, packetAt);
  if (packetEnd - packetAt > FEEDBACK_HEADER_BYTES) {
    const entryAt = packetEnd - ENTRY_BYTES;
    const behind = (sequenceNumber - u16(out, entryAt)) & 0xffff;
    if (behind === 0) return true;
    if (behind <= 16) {
      putU16(out, entryAt + 2, u16(out, entryAt + 2) | (1 << (behind - 1)));
      return true;
    }
  }
  const at = growRtcp(out, packetAt, end, ENTRY_BYTES);
  if (at === 0) return false;
  putU32(out, at, (sequenceNumber & 0xffff) << 16);
  return true;
}
