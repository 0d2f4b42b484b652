// RFC 7741: VP8. A descriptor before each payload (§4.2) and the frame in pieces behind it. Leaves out: packets cut
// at partition borders; every packet after the first continues partition 0, as browsers send it.

import { copyBytes, putU16, u16 } from '@millrace/sans-io';
import { checkFrame, checkRoom, PayloadError } from './errors.ts';
import { FrameBuffer } from './frame-buffer.ts';
import {
  type Depacketizer,
  type DepacketizerOptions,
  LEAST_ROOM,
  type Packetizer,
} from './payload-format.ts';

export const VP8_CLOCK_RATE = 90_000;

/** RFC 7741 §4.2: the descriptor of one payload. One object is read into again and again. */
export class Vp8Descriptor {
  /** N: no other frame is predicted from this one. */
  isNonReference = false;
  /** S and PID 0: the frame begins here. */
  isFrameStart = false;
  /** S: a partition begins here. */
  isPartitionStart = false;
  partition = 0;
  /** 7 or 15 bits, as the sender chose; -1 if there is none. */
  pictureId = -1;
  /** Whether the picture id has 15 bits. */
  isPictureIdLong = false;
  tl0PicIdx = -1;
  temporalLayer = -1;
  isLayerSync = false;
  keyIndex = -1;

  /** Reads the descriptor at `at` and returns the offset just behind it; 0 if it is malformed. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 1) return 0;
    const first = bytes[at++]!;
    this.isNonReference = (first & 0x20) !== 0;
    this.isPartitionStart = (first & 0x10) !== 0;
    this.partition = first & 0x07;
    this.isFrameStart = this.isPartitionStart && this.partition === 0;
    this.pictureId = -1;
    this.isPictureIdLong = false;
    this.tl0PicIdx = -1;
    this.temporalLayer = -1;
    this.isLayerSync = false;
    this.keyIndex = -1;
    if ((first & 0x80) === 0) return at;
    if (at >= end) return 0;
    const extensions = bytes[at++]!;
    if ((extensions & 0x80) !== 0) {
      if (at >= end) return 0;
      this.isPictureIdLong = (bytes[at]! & 0x80) !== 0;
      if (this.isPictureIdLong && end - at < 2) return 0;
      this.pictureId = this.isPictureIdLong ? u16(bytes, at) & 0x7fff : bytes[at]!;
      at += this.isPictureIdLong ? 2 : 1;
    }
    if ((extensions & 0x40) !== 0) {
      if (at >= end) return 0;
      this.tl0PicIdx = bytes[at++]!;
    }
    if ((extensions & 0x30) !== 0) {
      if (at >= end) return 0;
      const byte = bytes[at++]!;
      if ((extensions & 0x20) !== 0) {
        this.temporalLayer = byte >> 6;
        this.isLayerSync = (byte & 0x20) !== 0;
      }
      if ((extensions & 0x10) !== 0) this.keyIndex = byte & 0x1f;
    }
    return at;
  }
}

/** RFC 6386 §9.1: the first bit of a frame is 0 for a key frame. */
export function isVp8KeyFrame(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 10 &&
    (bytes[at]! & 0x01) === 0 &&
    bytes[at + 3] === 0x9d &&
    bytes[at + 4] === 0x01 &&
    bytes[at + 5] === 0x2a
  );
}

/** RFC 6386 §9.1: width of a key frame in pixels, without its scaling bits. */
export function vp8Width(bytes: Uint8Array, at: number): number {
  return (bytes[at + 6]! | (bytes[at + 7]! << 8)) & 0x3fff;
}

/** RFC 6386 §9.1: height of a key frame in pixels, without its scaling bits. */
export function vp8Height(bytes: Uint8Array, at: number): number {
  return (bytes[at + 8]! | (bytes[at + 9]! << 8)) & 0x3fff;
}

export interface Vp8PacketizerOptions {
  /** The first frame's 15-bit picture id; default 0. `false` sends none. */
  readonly pictureId?: number | false;
}

export class Vp8Packetizer implements Packetizer {
  #frame: Uint8Array | undefined;
  #at = 0;
  #end = 0;
  #isFirst = false;
  #pictureId: number;
  readonly #hasPictureId: boolean;
  isLast = false;

  constructor({ pictureId = 0 }: Vp8PacketizerOptions = {}) {
    if (pictureId !== false && !(pictureId >= 0 && pictureId <= 0x7fff && Number.isInteger(pictureId))) {
      throw new PayloadError('BAD_OPTION', `pictureId is ${pictureId}`);
    }
    this.#hasPictureId = pictureId !== false;
    // begin() goes to the next one.
    this.#pictureId = pictureId === false ? 0 : (pictureId - 1) & 0x7fff;
  }

  begin(frame: Uint8Array, at: number, end: number): void {
    checkFrame(frame, at, end);
    this.#frame = frame;
    this.#at = at;
    this.#end = end;
    this.#isFirst = true;
    this.isLast = false;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
  }

  write(out: Uint8Array, at: number, end: number): number {
    if (this.#frame === undefined) return 0;
    checkRoom(out, at, end, LEAST_ROOM);
    const from = at;
    const start = this.#isFirst ? 0x10 : 0;
    if (this.#hasPictureId) {
      out[at] = 0x80 | start;
      out[at + 1] = 0x80;
      putU16(out, at + 2, 0x8000 | this.#pictureId);
      at += 4;
    } else {
      out[at++] = start;
    }
    const stop = Math.min(this.#end, this.#at + end - at);
    at = copyBytes(out, at, this.#frame, this.#at, stop);
    this.#at = stop;
    this.#isFirst = false;
    this.isLast = stop === this.#end;
    if (this.isLast) this.#frame = undefined;
    return at - from;
  }
}

export class Vp8Depacketizer implements Depacketizer {
  /** Of the payload last pushed. */
  readonly descriptor: Vp8Descriptor = new Vp8Descriptor();
  readonly #frame: FrameBuffer;
  #isSpoilt = false;
  #pictureId = -1;

  constructor(options: DepacketizerOptions = {}) {
    this.#frame = new FrameBuffer(options);
  }

  get bytes(): Uint8Array {
    return this.#frame.bytes;
  }
  get length(): number {
    return this.#frame.length;
  }
  get isWhole(): boolean {
    return !this.#isSpoilt && this.#frame.length > 0;
  }
  get isKeyFrame(): boolean {
    return isVp8KeyFrame(this.#frame.bytes, 0, this.#frame.length);
  }

  reset(): void {
    this.#frame.length = 0;
    this.#isSpoilt = false;
  }

  push(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#isSpoilt && this.#take(bytes, at, end)) return true;
    this.#isSpoilt = true;
    return false;
  }

  #take(bytes: Uint8Array, at: number, end: number): boolean {
    const payload = this.descriptor.read(bytes, at, end);
    // RFC 7741 §4.3: a payload is never empty.
    if (payload === 0 || payload >= end) return false;
    const isFirst = this.#frame.length === 0;
    if (this.descriptor.isFrameStart !== isFirst) return false;
    if (isFirst) this.#pictureId = this.descriptor.pictureId;
    // RFC 7741 §4.2: the picture id is the same in all packets of a frame.
    else if (this.descriptor.pictureId !== this.#pictureId) return false;
    return this.#frame.append(bytes, payload, end);
  }
}
