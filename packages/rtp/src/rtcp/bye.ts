// Goodbye: sources that leave. RFC 3550 §6.6: | header | SSRC ... | length (8), reason |
import { copyBytes, putU32, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { MAX_RTCP_COUNT, RTCP_HEADER_BYTES, RTCP_TYPE, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const NO_BYTES = new Uint8Array(0);
const decoder = new TextDecoder();

/** A view of a BYE. RFC 3550 §6.6 */
export class Bye {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  sourceCount = 0;
  /** Where the reason, in UTF-8, begins and ends; both are 0 if none is given. */
  reasonAt = 0;
  reasonEnd = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.type !== RTCP_TYPE.bye) return false;
    const sourcesEnd = packet.at + RTCP_HEADER_BYTES + packet.count * 4;
    if (sourcesEnd > packet.end) return false;
    let reasonAt = 0;
    let reasonEnd = 0;
    if (sourcesEnd < packet.end) {
      reasonAt = sourcesEnd + 1;
      reasonEnd = reasonAt + packet.bytes[sourcesEnd]!;
      if (reasonEnd > packet.end) return false;
    }
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.sourceCount = packet.count;
    this.reasonAt = reasonAt;
    this.reasonEnd = reasonEnd;
    return true;
  }

  /** The source at `index`, which is below `sourceCount`. */
  ssrc(index: number): number {
    return u32(this.bytes, this.at + RTCP_HEADER_BYTES + index * 4);
  }

  /** The reason as a string; empty if none is given. */
  get reason(): string {
    return decoder.decode(this.bytes.subarray(this.reasonAt, this.reasonEnd));
  }
}

/** Writes a goodbye of up to 31 sources into `out[at, end)` and returns its length; 0 = no room. */
export function writeBye(
  out: Uint8Array,
  at: number,
  end: number,
  ssrcs: ArrayLike<number>,
  reason: Uint8Array = NO_BYTES,
): number {
  if (ssrcs.length > MAX_RTCP_COUNT) throw new RtpError('BAD_VALUE', `${ssrcs.length} sources`);
  if (reason.length > 255) throw new RtpError('BAD_VALUE', `a reason of ${reason.length} bytes`);
  const reasonAt = at + RTCP_HEADER_BYTES + ssrcs.length * 4;
  const packetEnd = reason.length === 0 ? reasonAt : reasonAt + ((1 + reason.length + 3) & ~3);
  if (end > out.length || packetEnd > end) return 0;
  writeRtcpHeader(out, at, ssrcs.length, RTCP_TYPE.bye, packetEnd - at);
  for (let i = 0; i < ssrcs.length; i++) putU32(out, at + RTCP_HEADER_BYTES + i * 4, ssrcs[i]!);
  if (reason.length > 0) {
    out[reasonAt] = reason.length;
    for (let i = copyBytes(out, reasonAt + 1, reason, 0, reason.length); i < packetEnd; i++) out[i] = 0;
  }
  return packetEnd - at;
}
