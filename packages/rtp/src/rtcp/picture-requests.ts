// Hot: asking for a picture that depends on no other. PLI: RFC 4585 §6.3.1, which says nothing but whose; its fields are
// those of the reader. FIR: RFC 5104 §4.3.1: | feedback header, media source 0 | SSRC | sequence number (8), 0 | ...
import { putU32, u32 } from '@millrace/sans-io';
import { FEEDBACK_HEADER_BYTES, growRtcp, RTCP_KIND, RTCP_TYPE, writeFeedback } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const PLI_FORMAT = 1;
const FIR_FORMAT = 4;
const ENTRY_BYTES = 8;
const NO_BYTES = new Uint8Array(0);

/** Writes a picture loss indication into `out[at, end)` and returns its length; 0 = no room. */
export function writePli(
  out: Uint8Array,
  at: number,
  end: number,
  senderSsrc: number,
  mediaSsrc: number,
): number {
  return writeFeedback(out, at, end, RTCP_TYPE.payloadFeedback, PLI_FORMAT, senderSsrc, mediaSsrc);
}

/** A full intra request, of one or more sources. */
export class FullIntraRequest {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  senderSsrc = 0;
  entryCount = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.kind !== RTCP_KIND.fir) return false;
    const entries = (packet.end - packet.at - FEEDBACK_HEADER_BYTES) / ENTRY_BYTES;
    // RFC 5104 §4.3.1.1: one entry or more, and nothing else.
    if (entries < 1 || entries % 1 !== 0) return false;
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.senderSsrc = packet.senderSsrc;
    this.entryCount = entries;
    return true;
  }

  /** The source of which the entry `index` asks a picture. */
  ssrc(index: number): number {
    return u32(this.bytes, this.at + FEEDBACK_HEADER_BYTES + index * ENTRY_BYTES);
  }

  /** The request's number: one that is repeated has the same. */
  sequenceNumber(index: number): number {
    return this.bytes[this.at + FEEDBACK_HEADER_BYTES + index * ENTRY_BYTES + 4]!;
  }
}

/** Writes a full intra request without entries into `out[at, end)` and returns its length; 0 = no room. */
export function writeFir(out: Uint8Array, at: number, end: number, senderSsrc: number): number {
  // RFC 5104 §4.3.1.2: the media source is not used and 0.
  return writeFeedback(out, at, end, RTCP_TYPE.payloadFeedback, FIR_FORMAT, senderSsrc, 0);
}

/** Adds an entry to the request that begins at `packetAt` and is the last in `out` so far. False without room. */
export function addFirEntry(
  out: Uint8Array,
  packetAt: number,
  end: number,
  ssrc: number,
  sequenceNumber: number,
): boolean {
  const at = growRtcp(out, packetAt, end, ENTRY_BYTES);
  if (at === 0) return false;
  putU32(out, at, ssrc);
  putU32(out, at + 4, (sequenceNumber & 0xff) << 24);
  return true;
}
