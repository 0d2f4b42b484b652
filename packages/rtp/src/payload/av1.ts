// AV1: "RTP Payload Format For AV1" (Alliance for Open Media, v1.0), §4. An aggregation header, then OBU elements,
// the last of which may go on in the next packet. Frames are temporal units in the low-overhead bitstream format
// (AV1 bitstream specification §5.2). Leaves out the dependency descriptor, which is a header extension.

import { copyBytes } from '@millrace/sans-io';
import { checkFrame, checkRoom, PayloadError } from './errors.ts';
import { FrameBuffer } from './frame-buffer.ts';
import {
  type Depacketizer,
  type DepacketizerOptions,
  LEAST_ROOM,
  type Packetizer,
} from './payload-format.ts';

export const AV1_CLOCK_RATE = 90_000;

// AV1 bitstream specification §6.2.2: OBU types.
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;

// AV1 RTP §4.4: the aggregation header.
const CONTINUES_FIRST = 0x80; // Z
const CONTINUES_LAST = 0x40; // Y
const ONE_ELEMENT = 0x10; // W = 1: the only element, without a length
const NEW_SEQUENCE = 0x08; // N

const FIRST_OBUS = 16;
/** A leb128 number of 32 bits. */
const LEB128_BYTES = 5;
/** A piece shorter than this is not worth its length field. */
const SHORTEST_PIECE = 16;

/** Value and length of a leb128 number (AV1 bitstream specification §4.10.5), read into one object. */
class Leb128 {
  value = 0;

  /** Returns the offset just behind it, or 0 if it is cut off or above 32 bits. */
  read(bytes: Uint8Array, at: number, end: number): number {
    let value = 0;
    for (let i = 0; i < 8 && at < end; i++) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if ((byte & 0x80) === 0) {
        this.value = value;
        return value < 2 ** 32 ? at : 0;
      }
    }
    return 0;
  }
}

function leb128Length(value: number): number {
  let length = 1;
  for (; value >= 0x80; value = Math.floor(value / 0x80)) length++;
  return length;
}

/** Returns the offset just behind it. */
function writeLeb128(out: Uint8Array, at: number, value: number): number {
  for (; value >= 0x80; value = Math.floor(value / 0x80)) out[at++] = (value % 0x80) | 0x80;
  out[at++] = value;
  return at;
}

export class Av1Packetizer implements Packetizer {
  #frame: Uint8Array | undefined;
  /** Three numbers for each OBU: where it begins, where its payload begins, where it ends. */
  #obus = new Uint32Array(FIRST_OBUS * 3);
  #count = 0;
  #next = 0;
  /** How many bytes of the OBU element at `#next` are sent. */
  #sent = 0;
  #isFirst = false;
  #isNewSequence = false;
  readonly #leb: Leb128 = new Leb128();
  isLast = false;

  begin(frame: Uint8Array, at: number, end: number): void {
    checkFrame(frame, at, end);
    this.#frame = undefined;
    this.#count = 0;
    this.#next = 0;
    this.#sent = 0;
    this.#isFirst = true;
    this.#isNewSequence = false;
    this.isLast = false;
    while (at < end) at = this.#addObu(frame, at, end);
    if (this.#count === 0) throw new PayloadError('BAD_FRAME', 'it has no OBU to send');
    this.#frame = frame;
  }

  write(out: Uint8Array, at: number, end: number): number {
    if (this.#frame === undefined) return 0;
    checkRoom(out, at, end, LEAST_ROOM);
    let header = this.#sent > 0 ? CONTINUES_FIRST : 0;
    if (this.#isFirst && this.#isNewSequence) header |= NEW_SEQUENCE;
    let to = at + 1;
    const rest = this.#elementBytes() - this.#sent;
    if (rest >= end - to || (this.#next === this.#count - 1 && rest <= end - to)) {
      header |= ONE_ELEMENT;
      to = this.#writePiece(out, to, Math.min(rest, end - to));
    } else {
      while (this.#next < this.#count) {
        const piece = Math.min(this.#elementBytes() - this.#sent, end - to - LEB128_BYTES);
        const isWhole = piece === this.#elementBytes() - this.#sent;
        if (piece <= 0 || (!isWhole && piece < SHORTEST_PIECE)) break;
        to = this.#writePiece(out, writeLeb128(out, to, piece), piece);
        if (!isWhole) break;
      }
    }
    if (this.#sent > 0) header |= CONTINUES_LAST;
    out[at] = header;
    this.#isFirst = false;
    this.isLast = this.#next === this.#count;
    if (this.isLast) this.#frame = undefined;
    return to - at;
  }

  /** The element of the OBU at `#next`: its header without the size field, and its payload. */
  #elementBytes(): number {
    const at = this.#next * 3;
    return this.#headerBytes() + this.#obus[at + 2]! - this.#obus[at + 1]!;
  }

  #headerBytes(): number {
    return (this.#frame![this.#obus[this.#next * 3]!]! & HAS_EXTENSION) !== 0 ? 2 : 1;
  }

  /** Writes `count` more bytes of the element at `#next`. */
  #writePiece(out: Uint8Array, to: number, count: number): number {
    const obuAt = this.#obus[this.#next * 3]!;
    const payloadAt = this.#obus[this.#next * 3 + 1]!;
    const headerBytes = this.#headerBytes();
    const elementBytes = this.#elementBytes();
    for (; count > 0 && this.#sent < headerBytes; count--, this.#sent++) {
      const byte = this.#frame![obuAt + this.#sent]!;
      // AV1 RTP §4.5: obu_has_size_field SHOULD be 0: the element's length tells.
      out[to++] = this.#sent === 0 ? byte & ~HAS_SIZE : byte;
    }
    const from = payloadAt + this.#sent - headerBytes;
    to = copyBytes(out, to, this.#frame!, from, from + count);
    this.#sent += count;
    if (this.#sent === elementBytes) {
      this.#next++;
      this.#sent = 0;
    }
    return to;
  }

  #addObu(frame: Uint8Array, at: number, end: number): number {
    const header = frame[at]!;
    const type = (header >> 3) & 0x0f;
    const sizeAt = at + ((header & HAS_EXTENSION) !== 0 ? 2 : 1);
    let payloadAt = sizeAt;
    let obuEnd = end;
    if ((header & HAS_SIZE) !== 0) {
      payloadAt = this.#leb.read(frame, sizeAt, end);
      obuEnd = payloadAt + this.#leb.value;
    }
    if ((header & 0x80) !== 0 || sizeAt > end || payloadAt === 0 || obuEnd > end) {
      throw new PayloadError('BAD_FRAME', `the OBU at ${at} is malformed`);
    }
    if (type === SEQUENCE_HEADER) this.#isNewSequence = true;
    // AV1 RTP §5: temporal delimiters SHOULD be removed, tile lists MUST NOT be sent.
    if (type !== TEMPORAL_DELIMITER && type !== TILE_LIST) {
      if (this.#count * 3 + 3 > this.#obus.length) {
        const grown = new Uint32Array(this.#obus.length * 2);
        grown.set(this.#obus);
        this.#obus = grown;
      }
      this.#obus[this.#count * 3] = at;
      this.#obus[this.#count * 3 + 1] = payloadAt;
      this.#obus[this.#count * 3 + 2] = obuEnd;
      this.#count++;
    }
    return obuEnd;
  }
}

export interface Av1DepacketizerOptions extends DepacketizerOptions {
  /**
   * Whether each temporal unit begins with a temporal delimiter, as files and most decoders want it. Default true.
   */
  readonly temporalDelimiter?: boolean;
}

/** Puts a temporal unit together in the low-overhead bitstream format: every OBU with its size. */
export class Av1Depacketizer implements Depacketizer {
  readonly #frame: FrameBuffer;
  readonly #hasDelimiter: boolean;
  readonly #leb: Leb128 = new Leb128();
  #isSpoilt = false;
  /** Where the OBU that goes on in the next packet begins in the frame; -1 if none does. */
  #openAt = -1;
  isKeyFrame = false;

  constructor({ temporalDelimiter = true, ...options }: Av1DepacketizerOptions = {}) {
    this.#frame = new FrameBuffer(options);
    this.#hasDelimiter = temporalDelimiter;
  }

  get bytes(): Uint8Array {
    return this.#frame.bytes;
  }
  get length(): number {
    return this.#frame.length;
  }
  get isWhole(): boolean {
    return !this.#isSpoilt && this.#openAt < 0 && this.#frame.length > (this.#hasDelimiter ? 2 : 0);
  }

  reset(): void {
    this.#frame.length = 0;
    this.#isSpoilt = false;
    this.#openAt = -1;
    this.isKeyFrame = false;
  }

  push(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#isSpoilt && this.#take(bytes, at, end)) return true;
    this.#isSpoilt = true;
    return false;
  }

  #take(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < 2) return false;
    const header = bytes[at++]!;
    const elements = (header >> 4) & 0x03;
    if (((header & CONTINUES_FIRST) !== 0) !== this.#openAt >= 0) return false;
    // AV1 RTP §4.4: what continues an OBU does not begin a coded video sequence.
    if ((header & NEW_SEQUENCE) !== 0 && (header & CONTINUES_FIRST) !== 0) return false;
    if (this.#frame.length === 0 && this.#hasDelimiter) {
      if (!this.#frame.reserve(2)) return false;
      this.#frame.put((TEMPORAL_DELIMITER << 3) | HAS_SIZE);
      this.#frame.put(0);
    }
    for (let element = 1; at < end; element++) {
      let elementEnd = end;
      if (elements === 0 || element < elements) {
        at = this.#leb.read(bytes, at, end);
        if (at === 0 || this.#leb.value > end - at) return false;
        elementEnd = at + this.#leb.value;
      } else if (element > elements) return false;
      const isLast = elements === 0 ? elementEnd === end : element === elements;
      if (!this.#takeElement(bytes, at, elementEnd, isLast && (header & CONTINUES_LAST) !== 0)) return false;
      at = elementEnd;
      if (at === end && elements !== 0 && element < elements) return false;
    }
    return true;
  }

  #takeElement(bytes: Uint8Array, at: number, end: number, goesOn: boolean): boolean {
    if (this.#openAt < 0) {
      // An empty element carries nothing; nothing may go on from it either.
      if (at === end) return !goesOn;
      this.#openAt = this.#frame.length;
    }
    if (!this.#frame.append(bytes, at, end)) return false;
    return goesOn || this.#closeObu();
  }

  /** Gives the OBU that ends the frame its size field. */
  #closeObu(): boolean {
    const { bytes } = this.#frame;
    const at = this.#openAt;
    this.#openAt = -1;
    const header = bytes[at]!;
    const type = (header >> 3) & 0x0f;
    const payloadAt = at + ((header & HAS_EXTENSION) !== 0 ? 2 : 1);
    const { length } = this.#frame;
    if ((header & 0x80) !== 0 || payloadAt > length) return false;
    // AV1 RTP §5: receivers ignore temporal delimiters and tile lists.
    if (type === TEMPORAL_DELIMITER || type === TILE_LIST) {
      this.#frame.length = at;
      return true;
    }
    if (type === SEQUENCE_HEADER) this.isKeyFrame = true;
    if ((header & HAS_SIZE) !== 0) {
      const behind = this.#leb.read(bytes, payloadAt, length);
      return behind !== 0 && behind + this.#leb.value === length;
    }
    const payloadBytes = length - payloadAt;
    const sizeBytes = leb128Length(payloadBytes);
    if (!this.#frame.reserve(sizeBytes)) return false;
    const grown = this.#frame.bytes;
    grown.copyWithin(payloadAt + sizeBytes, payloadAt, length);
    grown[at] = header | HAS_SIZE;
    writeLeb128(grown, payloadAt, payloadBytes);
    this.#frame.length = length + sizeBytes;
    return true;
  }
}
