// Hot: as much of RTP and RTCP as SRTP has to know. RFC 3550 §5.1, §5.3.1, §6.4.1.
import { u16 } from '@millrace/sans-io';

export const RTP_HEADER_BYTES = 12;
/** Common header and SSRC, which stay in the clear (RFC 3711 §3.4). */
export const RTCP_HEADER_BYTES = 8;
/** The most that is authenticated without being encrypted. */
export const MAX_HEADER_BYTES = 4_096;

/** Where the payload of `bytes[at, end)` begins; 0 if it is no RTP packet. */
export function payloadOffset(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < RTP_HEADER_BYTES) return 0;
  const first = bytes[at]!;
  if (first >>> 6 !== 2) return 0;
  let payloadAt = at + RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (payloadAt + 4 > end) return 0;
    payloadAt += 4 + u16(bytes, payloadAt + 2) * 4;
  }
  return payloadAt > end || payloadAt - at > MAX_HEADER_BYTES ? 0 : payloadAt;
}

/** Whether `bytes[at, end)` begins as an RTCP packet does. */
export function isRtcp(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= RTCP_HEADER_BYTES && bytes[at]! >>> 6 === 2;
}
