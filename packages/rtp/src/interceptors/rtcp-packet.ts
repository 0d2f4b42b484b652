// Hot: a view of one packet of a compound RTCP packet. RFC 3550 §6.1, §6.4; RFC 5506 (reduced size).
import { u16, u32 } from '@millrace/sans-io';

const NO_BYTES = new Uint8Array(0);

export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_SDES = 202;
export const RTCP_BYE = 203;
export const RTCP_RTPFB = 205;
export const RTCP_PSFB = 206;
export const RTCP_XR = 207;

export class RtcpPacket {
  bytes: Uint8Array = NO_BYTES;
  /** Where the packet begins, its four bytes of header first. */
  at = 0;
  /** Where it ends, without padding. */
  end = 0;
  packetType = 0;
  /** Number of report blocks, or format of feedback. */
  count = 0;

  /** Reads the header at `at`; returns the offset of what comes behind, 0 if it is malformed. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 4 || bytes[at]! >> 6 !== 2) return 0;
    const next = at + 4 + u16(bytes, at + 2) * 4;
    if (next > end) return 0;
    const padding = (bytes[at]! & 0x20) === 0 ? 0 : bytes[next - 1]!;
    if (padding > next - at - 4) return 0;
    this.bytes = bytes;
    this.at = at;
    this.end = next - padding;
    this.packetType = bytes[at + 1]!;
    this.count = bytes[at]! & 0x1f;
    return next;
  }

  /** SSRC of the packet's sender; 0 if it is too short to have one. */
  get senderSsrc(): number {
    return this.end - this.at >= 8 ? u32(this.bytes, this.at + 4) : 0;
  }

  /** SSRC of the media source that feedback is about; 0 if the packet is too short. RFC 4585 §6.1 */
  get mediaSsrc(): number {
    return this.end - this.at >= 12 ? u32(this.bytes, this.at + 8) : 0;
  }
}
