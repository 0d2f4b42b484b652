// Hot: one RTP packet in somebody's memory, its fields read and written in place. RFC 3550 §5.1, RFC 8285 §4.
// What the payload holds is not looked at; what an extension means is told by src/extensions.
import { copyBytes, putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import {
  EXTENSION_HEADER_BYTES,
  MAX_CSRCS,
  RTP_HEADER_BYTES,
  rtpHeaderEnd,
  writeRtpHeader,
} from './rtp-header.ts';

const NO_BYTES = new Uint8Array(0);

/** RFC 8285 §4.2. */
export const ONE_BYTE_PROFILE = 0xbede;
/** RFC 8285 §4.3; the four low bits are the application's. */
export const TWO_BYTE_PROFILE = 0x1000;
const TWO_BYTE_MASK = 0xfff0;
/** RFC 8285 §4.2: the highest id and the most data of an element of one byte. */
const MAX_ONE_BYTE_ID = 14;
const MAX_ONE_BYTE_DATA = 16;

/**
 * A view of one RTP packet. One object serves for all packets: `read` points it at the next one, `begin` makes one.
 * The bytes are borrowed for as long as their owner leaves them alone. What makes the packet longer takes the room
 * in front of it if there is any (the header moves, the payload stays), else that behind it, and says if there is none.
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
  /** How far down `at` may move. */
  floor = 0;
  /** How far up `end` may move. */
  limit = 0;
  /** The bytes of the element that was found last. */
  extensionLength = 0;
  /** The id of the element that was found last. */
  extensionId = 0;

  /**
   * Points the view at the packet `bytes[at, end)`, which may grow within `bytes[floor, limit)`. False if it is
   * malformed; the view is then of no use.
   */
  read(bytes: Uint8Array, at: number, end: number, floor: number = at, limit: number = end): boolean {
    const headerEnd = rtpHeaderEnd(bytes, at, end);
    if (headerEnd === 0) return false;
    this.floor = floor;
    this.limit = limit;
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

  /**
   * Begins a packet without payload at `out[at]`, which may grow within `out[floor, limit)`. False if there is no
   * room for its header.
   */
  begin(
    out: Uint8Array,
    at: number,
    limit: number,
    payloadType: number,
    sequenceNumber: number,
    timestamp: number,
    ssrc: number,
    floor: number = at,
  ): boolean {
    const length = writeRtpHeader(out, at, limit, false, payloadType, sequenceNumber, timestamp, ssrc);
    if (length === 0) return false;
    this.bytes = out;
    this.at = at;
    this.end = this.payloadEnd = this.headerEnd = at + length;
    this.floor = floor;
    this.limit = limit;
    this.extensionsAt = 0;
    return true;
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
   * none. Of several of one id the first counts. Id 0 is never found.
   */
  findExtension(id: number): number {
    if (id === 0 || this.extensionsAt === 0) return 0;
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

  /** Adds a contributing source behind the others. False without room, or behind the fifteenth. */
  addCsrc(ssrc: number): boolean {
    const count = this.csrcCount;
    if (count === MAX_CSRCS) return false;
    const at = this.#insert(this.at + RTP_HEADER_BYTES + count * 4, 4);
    if (at === -1) return false;
    putU32(this.bytes, at, ssrc);
    this.bytes[this.at] = this.bytes[this.at]! + 1;
    return true;
  }

  /** Makes `from[start, end)` the payload and drops the padding. False without room; nothing has changed then. */
  setPayload(from: Uint8Array, start: number, end: number): boolean {
    if (!this.resizePayload(end - start)) return false;
    copyBytes(this.bytes, this.headerEnd, from, start, end);
    return true;
  }

  /** Makes the payload so long, for one that is written in place, and drops the padding. False without room. */
  resizePayload(payloadBytes: number): boolean {
    const end = this.headerEnd + payloadBytes;
    if (end > this.limit) return false;
    this.end = this.payloadEnd = end;
    this.bytes[this.at] = this.bytes[this.at]! & ~0x20;
    return true;
  }

  /** Makes the padding so long, 0 for none. False without room. */
  setPadding(paddingBytes: number): boolean {
    if (!(paddingBytes >= 0 && paddingBytes <= 255)) throw new RtpError('BAD_PADDING', `${paddingBytes}`);
    const end = this.payloadEnd + paddingBytes;
    if (end > this.limit) return false;
    const { bytes } = this;
    this.end = end;
    bytes[this.at] = (bytes[this.at]! & ~0x20) | (paddingBytes > 0 ? 0x20 : 0);
    for (let i = this.payloadEnd; i < end; i++) bytes[i] = 0;
    if (paddingBytes > 0) bytes[end - 1] = paddingBytes;
    return true;
  }

  /** Makes `from[start, end)` the data of the element `id`. False without room; nothing has changed then. */
  setExtension(id: number, from: Uint8Array, start: number, end: number): boolean {
    const at = this.reserveExtension(id, end - start);
    if (at === 0) return false;
    copyBytes(this.bytes, at, from, start, end);
    return true;
  }

  /**
   * Where `length` bytes of data of the element `id` are to be written; 0 if there is no room. One that is there and
   * as long keeps its data, otherwise the data is zeros. The form is that of one byte while all elements fit it.
   */
  reserveExtension(id: number, length: number): number {
    if (!(id >= 1 && id <= 255 && length >= 0 && length <= 255))
      throw new RtpError('BAD_EXTENSION', `id ${id}, ${length} bytes`);
    const isTwoByte = id > MAX_ONE_BYTE_ID || length > MAX_ONE_BYTE_DATA || length === 0;
    const profile = this.extensionProfile;
    const wasTwoByte = (profile & TWO_BYTE_MASK) === TWO_BYTE_PROFILE;
    // An extension that is not RFC 8285's is nobody's to change.
    if (this.extensionsAt !== 0 && profile !== ONE_BYTE_PROFILE && !wasTwoByte) return 0;

    let kept = 0;
    let keptBytes = 0;
    let lastEnd = this.extensionsAt;
    let isThere = false;
    for (let at = this.nextExtension(0); at !== 0; at = this.nextExtension(lastEnd)) {
      lastEnd = at + this.extensionLength;
      if (this.extensionId !== id) {
        kept++;
        keptBytes += this.extensionLength;
      } else if (this.extensionLength === length && !isThere) return at;
      else isThere = true;
    }
    const overhead = isTwoByte || wasTwoByte ? 2 : 1;
    const usedBytes = keptBytes + kept * overhead;
    if (isThere || lastEnd === 0 || (isTwoByte && !wasTwoByte)) {
      lastEnd = this.#rebuild(id, overhead === 2, kept, usedBytes + overhead + length);
      if (lastEnd === 0) return 0;
    } else if (lastEnd + overhead + length > this.headerEnd) {
      lastEnd =
        usedBytes > 0 && usedBytes === lastEnd - this.extensionsAt
          ? this.#extend(lastEnd, overhead + length)
          : this.#rebuild(id, overhead === 2, kept, usedBytes + overhead + length);
      if (lastEnd === 0) return 0;
    }
    return this.#append(lastEnd, id, length, overhead);
  }

  /** Removes the element `id`: what it took becomes padding. False if there is none. */
  removeExtension(id: number): boolean {
    let isThere = false;
    for (let at = this.findExtension(id); at !== 0; at = this.findExtension(id)) {
      this.#erase(at);
      isThere = true;
    }
    return isThere;
  }

  /** Removes the whole header extension, of whatever profile. The packet begins so much later. */
  removeExtensions(): void {
    if (this.extensionsAt === 0) return;
    const { bytes } = this;
    const blockAt = this.extensionsAt - EXTENSION_HEADER_BYTES;
    bytes[this.at] = bytes[this.at]! & ~0x10;
    const by = this.headerEnd - blockAt;
    bytes.copyWithin(this.at + by, this.at, blockAt);
    this.at += by;
    this.extensionsAt = 0;
  }

  /**
   * Gives every element the id that `ids`, of 256 bytes, has at its own; 0 removes the element. So does an id above 14
   * in a header extension of the one-byte form, where it cannot be said.
   */
  mapExtensionIds(ids: Uint8Array): void {
    const { bytes } = this;
    const isOneByte = this.extensionProfile === ONE_BYTE_PROFILE;
    for (let at = this.nextExtension(0); at !== 0; at = this.nextExtension(at + this.extensionLength)) {
      const id = ids[this.extensionId]!;
      if (id === 0 || (isOneByte && id > MAX_ONE_BYTE_ID)) this.#erase(at);
      else if (isOneByte) bytes[at - 1] = (id << 4) | (bytes[at - 1]! & 0x0f);
      else bytes[at - 2] = id;
    }
  }

  /** Zeros the element just found, whose data begins at `at`. RFC 8285 §4.1.1: zeros between elements are padding. */
  #erase(at: number): void {
    const overhead = this.extensionProfile === ONE_BYTE_PROFILE ? 1 : 2;
    const end = at + this.extensionLength;
    for (let i = at - overhead; i < end; i++) this.bytes[i] = 0;
  }

  /** Writes an element of zeros at `at`, and zeros up to the header's end. Returns where its data begins. */
  #append(at: number, id: number, length: number, overhead: number): number {
    const { bytes, headerEnd } = this;
    for (let i = at; i < headerEnd; i++) bytes[i] = 0;
    if (overhead === 1) bytes[at] = (id << 4) | (length - 1);
    else {
      bytes[at] = id;
      bytes[at + 1] = length;
    }
    this.extensionId = id;
    this.extensionLength = length;
    return at + overhead;
  }

  /** Makes the block longer, so that `more` bytes fit behind `lastEnd`. Returns where that is now, 0 without room. */
  #extend(lastEnd: number, more: number): number {
    const growth = (lastEnd + more - this.headerEnd + 3) & ~3;
    const { headerEnd } = this;
    const from = this.#insert(headerEnd, growth);
    if (from === -1) return 0;
    putU16(this.bytes, this.extensionsAt - 2, (this.headerEnd - this.extensionsAt) >> 2);
    return lastEnd + from - headerEnd;
  }

  /**
   * Writes the elements other than `id` anew without padding, in the form wanted, so that `totalBytes` fit. Returns
   * where they end, 0 if there is no room.
   */
  #rebuild(id: number, isTwoByte: boolean, kept: number, totalBytes: number): number {
    const had = this.extensionsAt === 0 ? -EXTENSION_HEADER_BYTES : this.headerEnd - this.extensionsAt;
    const isConverted = isTwoByte && this.extensionProfile === ONE_BYTE_PROFILE;
    // Elements that get longer must not overtake those behind them, so each has its byte more.
    const growth = Math.max(((totalBytes + 3) & ~3) - had, isConverted ? (kept + 3) & ~3 : 0, 0);
    let from = this.#insert(this.extensionsAt === 0 ? this.headerEnd : this.extensionsAt, growth);
    if (from === -1) return 0;
    const { bytes } = this;
    let to = from;
    if (this.extensionsAt === 0) {
      bytes[this.at] = bytes[this.at]! | 0x10;
      this.extensionsAt = to = from + EXTENSION_HEADER_BYTES;
      putU16(bytes, from, isTwoByte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
      from = this.headerEnd;
    } else {
      this.extensionsAt = from;
      from += growth;
    }
    for (let at = this.nextExtension(from); at !== 0; at = this.nextExtension(from)) {
      const { extensionLength } = this;
      from = at + extensionLength;
      if (this.extensionId === id) continue;
      if (isTwoByte) {
        bytes[to++] = this.extensionId;
        bytes[to++] = extensionLength;
      } else bytes[to++] = (this.extensionId << 4) | (extensionLength - 1);
      while (at < from) bytes[to++] = bytes[at++]!;
    }
    if (isConverted) putU16(bytes, this.extensionsAt - 4, TWO_BYTE_PROFILE);
    putU16(bytes, this.extensionsAt - 2, (this.headerEnd - this.extensionsAt) >> 2);
    return to;
  }

  /** Makes room for `by` bytes at `where` in the header and returns where it begins; -1 if there is none. */
  #insert(where: number, by: number): number {
    const { bytes } = this;
    if (this.at - by >= this.floor) {
      for (let i = this.at; i < where; i++) bytes[i - by] = bytes[i]!;
      this.at -= by;
      if (this.extensionsAt !== 0 && this.extensionsAt < where) this.extensionsAt -= by;
      return where - by;
    }
    if (this.end + by > this.limit) return -1;
    if (where < this.end) bytes.copyWithin(where + by, where, this.end);
    this.headerEnd += by;
    this.payloadEnd += by;
    this.end += by;
    if (this.extensionsAt !== 0 && this.extensionsAt >= where) this.extensionsAt += by;
    return where;
  }
}
