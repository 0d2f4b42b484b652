// Hot: walks the packets of a compound one by one, where they lie. RFC 3550 §6.1, §A.2; RFC 5506 (reduced size).
// What a packet says is read by the class named for it; those of unknown types can be passed on as they are.
import { copyBytes, u16, u32 } from '@millrace/sans-io';
import {
  FEEDBACK_HEADER_BYTES,
  RTCP_HEADER_BYTES,
  RTCP_TYPE,
  rtcpKind,
  writeRtcpHeader,
} from './rtcp-header.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * ```ts
 * if (!reader.begin(bytes, at, end)) return drop();
 * while (reader.next()) {
 *   if (reader.kind === RTCP_KIND.nack && nack.read(reader)) while (nack.next()) resend(nack.sequenceNumber);
 * }
 * ```
 * One object serves for all compounds. The bytes are borrowed for as long as their owner leaves them alone.
 */
export class RtcpReader {
  bytes: Uint8Array = NO_BYTES;
  /** Where the packet begins. */
  at = 0;
  /** Where what the packet says ends: its padding is not part of it. */
  end = 0;
  /** The packet type, one of `RTCP_TYPE` if it is known. */
  type = 0;
  /** The header's five bits: how many reports, sources or chunks, the subtype or the feedback's format. */
  count = 0;
  /** Type and feedback format in one, one of `RTCP_KIND` if it is known. */
  kind = 0;
  /** Whether the compound begins with something else than a report. RFC 5506 §3.4.2: fine if that was agreed on. */
  isReducedSize = false;
  #nextAt = 0;
  #limit = 0;

  /**
   * Points the reader in front of the first packet of `bytes[at, end)`. False if that is not RTCP from end to end: all
   * of a compound is believed, or nothing.
   */
  begin(bytes: Uint8Array, at: number, end: number): boolean {
    this.#nextAt = this.#limit = end;
    if (end > bytes.length || end - at < RTCP_HEADER_BYTES) return false;
    for (let packetAt = at; packetAt < end; ) {
      if (end - packetAt < RTCP_HEADER_BYTES) return false;
      const first = bytes[packetAt]!;
      const length = (u16(bytes, packetAt + 2) + 1) * 4;
      const packetEnd = packetAt + length;
      if (first >> 6 !== 2 || packetEnd > end) return false;
      let padding = 0;
      if ((first & 0x20) !== 0) {
        // Deviation: RFC 3550 §6.4.1 pads by multiples of four, and the last packet alone; libwebrtc pads
        // transport-wide feedback by one to three bytes.
        padding = bytes[packetEnd - 1]!;
        if (padding === 0 || padding > length - RTCP_HEADER_BYTES) return false;
      }
      const type = bytes[packetAt + 1]!;
      const isFeedback = type === RTCP_TYPE.transportFeedback || type === RTCP_TYPE.payloadFeedback;
      if (isFeedback && length - padding < FEEDBACK_HEADER_BYTES) return false;
      packetAt = packetEnd;
    }
    this.bytes = bytes;
    this.#nextAt = at;
    const type = bytes[at + 1]!;
    this.isReducedSize = type !== RTCP_TYPE.senderReport && type !== RTCP_TYPE.receiverReport;
    return true;
  }

  /** Goes to the next packet. False behind the last. */
  next(): boolean {
    const at = this.#nextAt;
    if (at >= this.#limit) return false;
    const { bytes } = this;
    const first = bytes[at]!;
    const packetEnd = at + (u16(bytes, at + 2) + 1) * 4;
    this.#nextAt = packetEnd;
    this.at = at;
    this.end = (first & 0x20) === 0 ? packetEnd : packetEnd - bytes[packetEnd - 1]!;
    this.type = bytes[at + 1]!;
    this.count = first & 0x1f;
    this.kind = rtcpKind(this.type, this.count);
    return true;
  }

  /** How long the packet is without padding. */
  get length(): number {
    return this.end - this.at;
  }

  /** Who sent the feedback; for other types whatever stands there, 0 if nothing does. RFC 4585 §6.1. */
  get senderSsrc(): number {
    return this.end - this.at < 8 ? 0 : u32(this.bytes, this.at + 4);
  }

  /** Whose media the feedback is about; for other types whatever stands there, 0 if nothing does. */
  get mediaSsrc(): number {
    return this.end - this.at < FEEDBACK_HEADER_BYTES ? 0 : u32(this.bytes, this.at + 8);
  }

  /**
   * Copies the packet, whatever it is, without its padding into `out[at, end)` and returns its length; 0 = no room.
   * What is not whole words of four bytes becomes so with zeros.
   */
  copyTo(out: Uint8Array, at: number, end: number): number {
    const { length } = this;
    const copied = (length + 3) & ~3;
    if (end > out.length || end - at < copied) return 0;
    for (let i = copyBytes(out, at, this.bytes, this.at, this.end); i < at + copied; i++) out[i] = 0;
    writeRtcpHeader(out, at, this.count, this.type, copied);
    return copied;
  }
}
