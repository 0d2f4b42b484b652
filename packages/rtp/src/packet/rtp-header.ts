// Hot: the fixed header of an RTP packet and where the parts behind it lie. RFC 3550 §5.1, §5.3.1; RFC 8285 §4.
//
//   0                   1                   2                   3
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |           synchronization source (SSRC) identifier            |
//  |            contributing source (CSRC) identifiers             |
//  |      defined by profile       |   length in 32-bit words      |
//  |                        header extension                       |
import { putU16, putU32, u16 } from '@millrace/sans-io';

/** The fixed part, without CSRCs and extensions. */
export const RTP_HEADER_BYTES = 12;
/** Profile and length in front of the header extension's elements. */
export const EXTENSION_HEADER_BYTES = 4;
export const MAX_CSRCS = 15;

/**
 * Where the payload of the packet `bytes[at, end)` begins; 0 if it is not RTP or its header does not fit. Says nothing
 * about the padding, so that it can be asked of a packet that is still encrypted.
 */
export function rtpHeaderEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end > bytes.length || end - at < RTP_HEADER_BYTES) return 0;
  const first = bytes[at]!;
  if (first >> 6 !== 2) return 0;
  const fixedEnd = at + RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return fixedEnd <= end ? fixedEnd : 0;
  const elementsAt = fixedEnd + EXTENSION_HEADER_BYTES;
  if (elementsAt > end) return 0;
  const headerEnd = elementsAt + u16(bytes, fixedEnd + 2) * 4;
  return headerEnd <= end ? headerEnd : 0;
}

/** Writes a header without CSRCs, extensions and padding into `out[at, end)` and returns its length; 0 = no room. */
export function writeRtpHeader(
  out: Uint8Array,
  at: number,
  end: number,
  marker: boolean,
  payloadType: number,
  sequenceNumber: number,
  timestamp: number,
  ssrc: number,
): number {
  if (end > out.length || end - at < RTP_HEADER_BYTES) return 0;
  out[at] = 0x80;
  out[at + 1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  putU16(out, at + 2, sequenceNumber);
  putU32(out, at + 4, timestamp);
  putU32(out, at + 8, ssrc);
  return RTP_HEADER_BYTES;
}
