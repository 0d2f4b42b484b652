// Hot: one RTP packet in somebody's memory, its fields read and written in place. RFC 3550 §5.1, RFC 8285 §4.
// What the payload holds is not looked at; what an extension means is told by src/extensions.
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { EXTENSION_HEADER_BYTES, RTP_HEADER_BYTES, rtpHeaderEnd } from './rtp-header.ts';

const NO_BYTES = new Uint8Array(0);

/** RFC 8285 §4.2. */
export const ONE_BYTE_PROFILE = 0xbede;
/** RFC 8285 §4.3; the four low bits are the application's. */
export const TWO_BYTE_PROFILE = 0x1000;
const TWO_BYTE_MASK = 0xfff0;

/**
 * A view of one RTP packet. One object serves for all packets: `read` points it at the next one. The bytes are
 * borrowed for as long as their owner leaves them alone.
 */
export class RtpPacket {
  bytes: Uint8Array = NO_BYTES;
  /** Where the packet begins in `bytes`. */
  at = 0;
  /** The packet's end, padding included. */
  end = 0;
  /** Where the payload begins. */
  headerEnd = 0;
  /** Where the payload ends and padding begins. */
  payloadEnd = 0;
  /** Where the extension's elements begin, up to `headerEnd`; 0 without an extension. */
  extensionsAt = 0;
  /** The bytes of the element that was found last. */
  extensionLength = 0;
  /** The id of the element that was found last. */
  extensionId = 0;

  /** Points the view at the packet `bytes[at, end)`. False if it is malformed; the view is then of no use. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    const headerEnd = rtpHeaderEnd(bytes, at, end);
    if (headerEnd === 0) return false;
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.headerEnd = headerEnd;
    const first = bytes[at]!;
    this.extensionsAt =
      (first & 0x10) === 0 ? 0 : at + RTP_HEADER_BYTES + (first & 0x0f) * 4 + EXTENSION_HEADER_BYTES;
    if ((first & 0x20) === 0) {
      this.payloadEnd = end;
      return true;
    }
    // RFC 3550 §5.1: the last byte of the padding says how long it is, itself included.
    const padding = end > headerEnd ? bytes[end - 1]! : 0;
    this.payloadEnd = end - padding;
    return padding !== 0 && this.payloadEnd >= headerEnd;
  }

  get marker(): boolean {
    return this.bytes[this.at + 1]! >= 0x80;
  }

  set marker(value: boolean) {
    const second = this.at + 1;
    this.bytes[second] = (this.bytes[second]! & 0x7f) | (value ? 0x80 : 0);
  }

  get payloadType(): number {
    return this.bytes[this.at + 1]! & 0x7f;
  }

  set payloadType(value: number) {
    const second = this.at + 1;
    this.bytes[second] = (this.bytes[second]! & 0x80) | (value & 0x7f);
  }

  get sequenceNumber(): number {
    return u16(this.bytes, this.at + 2);
  }

  set sequenceNumber(value: number) {
    putU16(this.bytes, this.at + 2, value);
  }

  get timestamp(): number {
    return u32(this.bytes, this.at + 4);
  }

  set timestamp(value: number) {
    putU32(this.bytes, this.at + 4, value);
  }

  get ssrc(): number {
    return u32(this.bytes, this.at + 8);
  }

  set ssrc(value: number) {
    putU32(this.bytes, this.at + 8, value);
  }

  get csrcCount(): number {
    return this.bytes[this.at]! & 0x0f;
  }

  /** The contributing source at `index`, which is below `csrcCount`. */
  csrc(index: number): number {
    return u32(this.bytes, this.at + RTP_HEADER_BYTES + index * 4);
  }

  /** The packet's length, padding included. */
  get length(): number {
    return this.end - this.at;
  }

  /** Another name for `headerEnd`. */
  get payloadAt(): number {
    return this.headerEnd;
  }

  get payloadBytes(): number {
    return this.payloadEnd - this.headerEnd;
  }

  get paddingBytes(): number {
    return this.end - this.payloadEnd;
  }

  get hasExtensions(): boolean {
    return this.extensionsAt !== 0;
  }

  /** What the header extension says it is: `ONE_BYTE_PROFILE`, `TWO_BYTE_PROFILE` or another's; 0 without one. */
  get extensionProfile(): number {
    return this.extensionsAt === 0 ? 0 : u16(this.bytes, this.extensionsAt - EXTENSION_HEADER_BYTES);
  }

  /**
   * Where the data of the header extension element `id` begins, its length being in `extensionLength`; 0 if there is
   * none. Of several of one id the first counts.
   */
  findExtension(id: number): number {
    for (let at = this.nextExtension(0); at !== 0; at = this.nextExtension(at + this.extensionLength))
      if (this.extensionId === id) return at;
    return 0;
  }

  /**
   * Where the data of the next element behind the offset `after` begins, 0 at the end; its id and length are in
   * `extensionId` and `extensionLength`. Begin with 0 and go on with the end of the data just found. What is behind a
   * malformed element is not looked at.
   */
  nextExtension(after: number): number {
    if (this.extensionsAt === 0) return 0;
    const { bytes, headerEnd } = this;
    const profile = u16(bytes, this.extensionsAt - EXTENSION_HEADER_BYTES);
    let at = after === 0 ? this.extensionsAt : after;
    if (profile === ONE_BYTE_PROFILE) {
      // RFC 8285 §4.2: bytes of zero are padding, wherever they stand.
      while (at < headerEnd && bytes[at] === 0) at++;
      if (at >= headerEnd) return 0;
      const id = bytes[at]! >> 4;
      const length = (bytes[at]! & 0x0f) + 1;
      // RFC 8285 §4.2: id 15, and 0 with a length, end the walk.
      if (id === 15 || id === 0 || at + 1 + length > headerEnd) return 0;
      this.extensionId = id;
      this.extensionLength = length;
      return at + 1;
    }
    if ((profile & TWO_BYTE_MASK) !== TWO_BYTE_PROFILE) return 0;
    while (at < headerEnd && bytes[at] === 0) at++;
    if (at + 2 > headerEnd) return 0;
    const length = bytes[at + 1]!;
    if (at + 2 + length > headerEnd) return 0;
    this.extensionId = bytes[at]!;
    this.extensionLength = length;
    return at + 2;
  }
}
