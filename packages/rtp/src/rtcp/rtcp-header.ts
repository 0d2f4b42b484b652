// Hot: what all RTCP packets begin with. RFC 3550 §6.4.1, RFC 4585 §6.1.
//
//   0                   1                   2                   3
//  |V=2|P|  count  |  packet type  |  length in 32-bit words - 1   |
import { putU16, putU32, u16 } from '@millrace/sans-io';

export const RTCP_HEADER_BYTES = 4;
/** Header, the sender's SSRC and that of the media source. RFC 4585 §6.1. */
export const FEEDBACK_HEADER_BYTES = 12;
/** What the five bits of `count` can say. */
export const MAX_RTCP_COUNT = 31;

/** Packet types. RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2. */
export const RTCP_TYPE = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  app: 204,
  transportFeedback: 205,
  payloadFeedback: 206,
  extendedReport: 207,
} as const;

/** What `RtcpReader.kind` says: the packet type, and for feedback also the format. */
export const RTCP_KIND = {
  senderReport: 0xc800,
  receiverReport: 0xc900,
  sourceDescription: 0xca00,
  bye: 0xcb00,
  app: 0xcc00,
  /** RFC 4585 §6.2.1. */
  nack: 0xcd01,
  /** RFC 5104 §4.2.1. */
  tmmbr: 0xcd03,
  /** RFC 5104 §4.2.2. */
  tmmbn: 0xcd04,
  /** RFC 8888 §3.1. */
  congestionControlFeedback: 0xcd0b,
  /** draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1. */
  transportWideFeedback: 0xcd0f,
  /** RFC 4585 §6.3.1. */
  pli: 0xce01,
  /** RFC 5104 §4.3.1. */
  fir: 0xce04,
  /** RFC 4585 §6.4; REMB is one of these. */
  applicationFeedback: 0xce0f,
  extendedReport: 0xcf00,
} as const;

/** One number for packet type and, where it is one, feedback format. */
export function rtcpKind(type: number, count: number): number {
  return (
    (type << 8) | (type === RTCP_TYPE.transportFeedback || type === RTCP_TYPE.payloadFeedback ? count : 0)
  );
}

/** Where the packet at `at` ends, padding included. */
export function rtcpPacketEnd(bytes: Uint8Array, at: number): number {
  return at + (u16(bytes, at + 2) + 1) * 4;
}

/** Writes the header of a packet of `length` bytes, which is a multiple of four. */
export function writeRtcpHeader(
  out: Uint8Array,
  at: number,
  count: number,
  type: number,
  length: number,
): void {
  out[at] = 0x80 | count;
  out[at + 1] = type;
  putU16(out, at + 2, (length >> 2) - 1);
}

/**
 * Makes the packet at `at` longer by `by` bytes within `out[at, end)` and returns where they begin; 0 if there is no
 * room or its length could not be said. What the bytes hold is the caller's.
 */
export function growRtcp(out: Uint8Array, at: number, end: number, by: number): number {
  const packetEnd = rtcpPacketEnd(out, at);
  const words = ((packetEnd + by - at) >> 2) - 1;
  if (packetEnd + by > end || end > out.length || words > 0xffff) return 0;
  putU16(out, at + 2, words);
  return packetEnd;
}

/** Writes a feedback packet without any control information and returns its length; 0 = no room. */
export function writeFeedback(
  out: Uint8Array,
  at: number,
  end: number,
  type: number,
  format: number,
  senderSsrc: number,
  mediaSsrc: number,
): number {
  if (end > out.length || end - at < FEEDBACK_HEADER_BYTES) return 0;
  writeRtcpHeader(out, at, format, type, FEEDBACK_HEADER_BYTES);
  putU32(out, at + 4, senderSsrc);
  putU32(out, at + 8, mediaSsrc);
  return FEEDBACK_HEADER_BYTES;
}
