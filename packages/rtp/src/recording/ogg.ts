// Ogg pages (RFC 3533 §6) as Opus needs them (RFC 7845): one logical stream, packets whole on one page. Leaves out:
// several streams in one file, packets over several pages when writing, and seeking.

import { copyBytes } from '@millrace/sans-io';
import { RecordingError } from './errors.ts';

const PAGE_HEADER_BYTES = 27;
const MAX_SEGMENTS = 255;
const MAX_PAGE_BYTES = PAGE_HEADER_BYTES + MAX_SEGMENTS + MAX_SEGMENTS * 255;
const CAPTURE_PATTERN = [0x4f, 0x67, 0x67, 0x53]; // "OggS"
const CONTINUED = 0x01;
export const BEGIN_OF_STREAM = 0x02;
export const END_OF_STREAM = 0x04;

/** RFC 3533 §6: polynomial 0x04c11db7, no reflection, beginning with 0, nothing inverted. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc >>> 0;
});

function crcOf(bytes: Uint8Array, at: number, end: number): number {
  let crc = 0;
  for (let i = at; i < end; i++) {
    // The four bytes of the checksum count as zeros.
    const byte = i >= at + 22 && i < at + 26 ? 0 : bytes[i]!;
    crc = (crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!;
  }
  return crc >>> 0;
}

function put32(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}

function get32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Collects packets into pages. */
export class OggPageWriter {
  readonly #serial: number;
  #sequence = 0;
  #segments = 0;
  readonly #lacing = new Uint8Array(MAX_SEGMENTS);
  readonly #body = new Uint8Array(MAX_SEGMENTS * 255);
  #bodyBytes = 0;

  constructor(serial: number) {
    this.#serial = serial;
  }

  get isEmpty(): boolean {
    return this.#segments === 0;
  }

  /** Whether a packet of `length` bytes still goes on this page. */
  hasRoom(length: number): boolean {
    return this.#segments + Math.floor(length / 255) + 1 <= MAX_SEGMENTS;
  }

  /** The bytes are copied. */
  add(bytes: Uint8Array, at: number, end: number): void {
    let left = end - at;
    if (!this.hasRoom(left)) throw new RecordingError('BAD_PACKET', `${left} bytes do not fit on a page`);
    this.#bodyBytes = copyBytes(this.#body, this.#bodyBytes, bytes, at, end);
    for (; left >= 255; left -= 255) this.#lacing[this.#segments++] = 255;
    this.#lacing[this.#segments++] = left;
  }

  /** The page so far, in memory of its own, and the next one begun. */
  page(granule: number, flags: number): Uint8Array {
    const bodyAt = PAGE_HEADER_BYTES + this.#segments;
    const page = new Uint8Array(bodyAt + this.#bodyBytes);
    page.set(CAPTURE_PATTERN);
    page[5] = flags;
    put32(page, 6, granule);
    put32(page, 10, Math.floor(granule / 2 ** 32));
    put32(page, 14, this.#serial);
    put32(page, 18, this.#sequence++);
    page[26] = this.#segments;
    copyBytes(page, PAGE_HEADER_BYTES, this.#lacing, 0, this.#segments);
    copyBytes(page, bodyAt, this.#body, 0, this.#bodyBytes);
    put32(page, 22, crcOf(page, 0, page.length));
    this.#segments = 0;
    this.#bodyBytes = 0;
    return page;
  }
}

/** Reads the packets of the first logical stream of a file in memory. Bad pages are skipped and counted. */
export class OggPacketReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #segment = 0;
  #segments = 0;
  #bodyAt = 0;
  /** Where the page ends whose packets are being read. */
  #pageEnd = 0;
  #serial = -1;
  #nextSequence = -1;
  /** The bytes of a packet that began on an earlier page. */
  #begun: Uint8Array = new Uint8Array(0);
  #granule = 0;
  /** Pages left out for a wrong checksum, length or version. */
  badPages = 0;
  /** The packet last read is `bytes[at, end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** The granule position of the page on which the packet last read ends (RFC 3533 §6). */
  granule = 0;

  /** `bytes` is a whole file, kept. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Goes on to the next packet; false at the end of the file. */
  next(): boolean {
    for (;;) {
      if (this.#segment === this.#segments && !this.#nextPage()) return false;
      if (this.#takePacket()) return true;
    }
  }

  /** Whether a packet ends on this page; if not, its bytes are kept for the next. */
  #takePacket(): boolean {
    const from = this.#bodyAt;
    const lacingAt = this.#at + PAGE_HEADER_BYTES;
    while (this.#segment < this.#segments) {
      const segmentBytes = this.#bytes[lacingAt + this.#segment++]!;
      this.#bodyAt += segmentBytes;
      if (segmentBytes === 255) continue;
      this.#hand(from, this.#bodyAt);
      return true;
    }
    this.#begun = joined(this.#begun, this.#bytes, from, this.#bodyAt);
    return false;
  }

  #hand(from: number, to: number): void {
    this.granule = this.#granule;
    if (this.#begun.length === 0) {
      this.bytes = this.#bytes;
      this.at = from;
      this.end = to;
      return;
    }
    this.bytes = joined(this.#begun, this.#bytes, from, to);
    this.at = 0;
    this.end = this.bytes.length;
    this.#begun = new Uint8Array(0);
  }

  #nextPage(): boolean {
    let at = this.#pageEnd;
    for (; at + PAGE_HEADER_BYTES <= this.#bytes.length; at++) {
      if (!this.#isPage(at)) continue;
      const bodyAt = at + PAGE_HEADER_BYTES + this.#bytes[at + 26]!;
      if (this.#serial < 0) this.#serial = get32(this.#bytes, at + 14);
      if (get32(this.#bytes, at + 14) !== this.#serial) continue;
      this.#open(at, bodyAt);
      return true;
    }
    this.#segments = 0;
    this.#segment = 0;
    this.#pageEnd = this.#bytes.length;
    return false;
  }

  #open(at: number, bodyAt: number): void {
    const sequence = get32(this.#bytes, at + 18);
    const isNext = sequence === this.#nextSequence;
    const isContinued = (this.#bytes[at + 5]! & CONTINUED) !== 0;
    this.#nextSequence = (sequence + 1) >>> 0;
    this.#at = at;
    this.#bodyAt = bodyAt;
    this.#segments = this.#bytes[at + 26]!;
    this.#segment = 0;
    this.#pageEnd = bodyAt;
    for (let i = 0; i < this.#segments; i++) this.#pageEnd += this.#bytes[at + PAGE_HEADER_BYTES + i]!;
    this.#granule = get32(this.#bytes, at + 6) + get32(this.#bytes, at + 10) * 2 ** 32;
    if (isContinued && (!isNext || this.#begun.length === 0)) this.#skipPacket();
    if (!isContinued || !isNext) this.#begun = new Uint8Array(0);
  }

  /** Leaves out the end of a packet whose beginning is lost. */
  #skipPacket(): void {
    while (this.#segment < this.#segments) {
      const segmentBytes = this.#bytes[this.#at + PAGE_HEADER_BYTES + this.#segment++]!;
      this.#bodyAt += segmentBytes;
      if (segmentBytes < 255) return;
    }
  }

  #isPage(at: number): boolean {
    for (let i = 0; i < CAPTURE_PATTERN.length; i++)
      if (this.#bytes[at + i] !== CAPTURE_PATTERN[i]) return false;
    const segments = this.#bytes[at + 26]!;
    let end = at + PAGE_HEADER_BYTES + segments;
    for (let i = 0; i < segments; i++) end += this.#bytes[at + PAGE_HEADER_BYTES + i] ?? MAX_PAGE_BYTES;
    const isGood =
      this.#bytes[at + 4] === 0 &&
      end <= this.#bytes.length &&
      crcOf(this.#bytes, at, end) === get32(this.#bytes, at + 22);
    if (!isGood) this.badPages++;
    return isGood;
  }
}

function joined(begun: Uint8Array, bytes: Uint8Array, at: number, end: number): Uint8Array {
  const whole = new Uint8Array(begun.length + end - at);
  whole.set(begun);
  copyBytes(whole, begun.length, bytes, at, end);
  return whole;
}
