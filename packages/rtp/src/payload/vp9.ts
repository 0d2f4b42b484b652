// RFC 9628: VP9. A descriptor before each payload (§4.2), read in full; written in the non-flexible form without
// layer indices, which is what a stream of one layer needs. Leaves out: packetizing several spatial layers.

import { copyBytes, putU16, u16 } from '@millrace/sans-io';
import { checkFrame, checkRoom, PayloadError } from './errors.ts';
import { FrameBuffer } from './frame-buffer.ts';
import {
  type Depacketizer,
  type DepacketizerOptions,
  LEAST_ROOM,
  type Packetizer,
} from './payload-format.ts';

export const VP9_CLOCK_RATE = 90_000;

/** RFC 9628 §4.2: N is set at most this often in a row. */
const MAX_REFERENCES = 3;

/** RFC 9628 §4.2: the descriptor of one payload. One object is read into again and again. */
export class Vp9Descriptor {
  /** P: predicted from earlier pictures. */
  isInterPicturePredicted = false;
  isFlexible = false;
  /** B: a layer frame begins here. */
  isFrameStart = false;
  /** E: a layer frame ends here. */
  isFrameEnd = false;
  /** Z: no higher spatial layer is predicted from this one. */
  isNotUpwardReference = false;
  /** 7 or 15 bits; -1 if there is none. */
  pictureId = -1;
  temporalLayer = -1;
  isSwitchingUpPoint = false;
  spatialLayer = -1;
  /** D: predicted from the lower spatial layer of the same picture. */
  isInterLayerPredicted = false;
  tl0PicIdx = -1;
  referenceCount = 0;
  /** The first `referenceCount` hold how many pictures back the references are. */
  readonly references: Uint8Array = new Uint8Array(MAX_REFERENCES);
  hasScalabilityStructure = false;
  /** Of the scalability structure, if it says; 0 if not. */
  spatialLayers = 0;
  /** Of the highest spatial layer, in pixels; 0 if not known. */
  width = 0;
  height = 0;

  /** Reads the descriptor at `at` and returns the offset just behind it; 0 if it is malformed. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 1) return 0;
    const flags = bytes[at++]!;
    this.isInterPicturePredicted = (flags & 0x40) !== 0;
    this.isFlexible = (flags & 0x10) !== 0;
    this.isFrameStart = (flags & 0x08) !== 0;
    this.isFrameEnd = (flags & 0x04) !== 0;
    this.isNotUpwardReference = (flags & 0x01) !== 0;
    this.pictureId = -1;
    if ((flags & 0x80) !== 0) {
      if (at >= end) return 0;
      const isLong = (bytes[at]! & 0x80) !== 0;
      if (isLong && end - at < 2) return 0;
      this.pictureId = isLong ? u16(bytes, at) & 0x7fff : bytes[at]!;
      at += isLong ? 2 : 1;
    }
    // RFC 9628 §4.2: in flexible mode the picture id MUST be there.
    else if (this.isFlexible) return 0;
    at = this.#readLayers(bytes, at, end, (flags & 0x20) !== 0);
    if (at === 0) return 0;
    at = this.#readReferences(bytes, at, end);
    if (at === 0) return 0;
    this.hasScalabilityStructure = (flags & 0x02) !== 0;
    this.spatialLayers = 0;
    this.width = 0;
    this.height = 0;
    return this.hasScalabilityStructure ? this.#readScalabilityStructure(bytes, at, end) : at;
  }

  #readLayers(bytes: Uint8Array, at: number, end: number, arePresent: boolean): number {
    this.temporalLayer = -1;
    this.isSwitchingUpPoint = false;
    this.spatialLayer = -1;
    this.isInterLayerPredicted = false;
    this.tl0PicIdx = -1;
    if (!arePresent) return at;
    if (end - at < (this.isFlexible ? 1 : 2)) return 0;
    const layers = bytes[at++]!;
    this.temporalLayer = layers >> 5;
    this.isSwitchingUpPoint = (layers & 0x10) !== 0;
    this.spatialLayer = (layers >> 1) & 0x07;
    this.isInterLayerPredicted = (layers & 0x01) !== 0;
    if (!this.isFlexible) this.tl0PicIdx = bytes[at++]!;
    return at;
  }

  #readReferences(bytes: Uint8Array, at: number, end: number): number {
    this.referenceCount = 0;
    if (!this.isFlexible || !this.isInterPicturePredicted) return at;
    for (;;) {
      if (at >= end || this.referenceCount === MAX_REFERENCES) return 0;
      const reference = bytes[at++]!;
      this.references[this.referenceCount++] = reference >> 1;
      if ((reference & 0x01) === 0) return at;
    }
  }

  /** RFC 9628 §4.2.1. */
  #readScalabilityStructure(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return 0;
    const head = bytes[at++]!;
    this.spatialLayers = (head >> 5) + 1;
    if ((head & 0x10) !== 0) {
      if (end - at < this.spatialLayers * 4) return 0;
      at += this.spatialLayers * 4;
      this.width = u16(bytes, at - 4);
      this.height = u16(bytes, at - 2);
    }
    if ((head & 0x08) === 0) return at;
    if (at >= end) return 0;
    for (let pictures = bytes[at++]!; pictures > 0; pictures--) {
      if (at >= end) return 0;
      at += 1 + ((bytes[at]! >> 2) & 0x03);
    }
    return at > end ? 0 : at;
  }
}

/** What the uncompressed header of a VP9 frame says (VP9 bitstream specification §6.2). */
export interface Vp9FrameHeader {
  readonly isKeyFrame: boolean;
  /** In pixels; 0 but for key frames. */
  readonly width: number;
  readonly height: number;
}

/** Reads the head of a frame; `undefined` if it is no VP9 frame. */
export function parseVp9FrameHeader(bytes: Uint8Array, at: number, end: number): Vp9FrameHeader | undefined {
  let bit = at * 8;
  let isShort = false;
  const read = (count: number): number => {
    let value = 0;
    for (; count > 0; count--, bit++) {
      if (bit >> 3 >= end) isShort = true;
      value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    }
    return value;
  };
  if (read(2) !== 2) return undefined;
  const profile = read(1) | (read(1) << 1);
  if (profile === 3) read(1);
  const isExisting = read(1) === 1;
  const isKeyFrame = !isExisting && read(1) === 0;
  if (!isKeyFrame) return isShort ? undefined : { isKeyFrame, width: 0, height: 0 };
  read(2); // show_frame, error_resilient_mode
  if (read(24) !== 0x498342) return undefined;
  if (profile >= 2) read(1);
  const isRgb = read(3) === 7;
  if (!isRgb) read(1);
  if ((profile & 1) === 1) read(isRgb ? 1 : 3);
  const width = read(16) + 1;
  const height = read(16) + 1;
  return isShort ? undefined : { isKeyFrame, width, height };
}

export interface Vp9PacketizerOptions {
  /** The first picture's 15-bit picture id; default 0. */
  readonly pictureId?: number;
}

const DESCRIPTOR_BYTES = 3;
const STRUCTURE_BYTES = 5;

export class Vp9Packetizer implements Packetizer {
  #frame: Uint8Array | undefined;
  #at = 0;
  #end = 0;
  #isFirst = false;
  #isKeyFrame = false;
  #width = 0;
  #height = 0;
  #pictureId: number;
  isLast = false;

  constructor({ pictureId = 0 }: Vp9PacketizerOptions = {}) {
    if (!(pictureId >= 0 && pictureId <= 0x7fff && Number.isInteger(pictureId))) {
      throw new PayloadError('BAD_OPTION', `pictureId is ${pictureId}`);
    }
    // begin() goes to the next one.
    this.#pictureId = (pictureId - 1) & 0x7fff;
  }

  begin(frame: Uint8Array, at: number, end: number): void {
    checkFrame(frame, at, end);
    const header = parseVp9FrameHeader(frame, at, end);
    if (header === undefined)
      throw new PayloadError('BAD_FRAME', 'its uncompressed header is not one of VP9');
    this.#frame = frame;
    this.#at = at;
    this.#end = end;
    this.#isFirst = true;
    this.#isKeyFrame = header.isKeyFrame;
    this.#width = header.width;
    this.#height = header.height;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    this.isLast = false;
  }

  write(out: Uint8Array, at: number, end: number): number {
    if (this.#frame === undefined) return 0;
    checkRoom(out, at, end, LEAST_ROOM);
    const from = at;
    const hasStructure = this.#isFirst && this.#isKeyFrame;
    const room = end - at - DESCRIPTOR_BYTES - (hasStructure ? STRUCTURE_BYTES : 0);
    const stop = Math.min(this.#end, this.#at + room);
    this.isLast = stop === this.#end;
    out[at] =
      0x80 |
      (this.#isKeyFrame ? 0 : 0x40) |
      (this.#isFirst ? 0x08 : 0) |
      (this.isLast ? 0x04 : 0) |
      (hasStructure ? 0x02 : 0) |
      0x01;
    putU16(out, at + 1, 0x8000 | this.#pictureId);
    at += DESCRIPTOR_BYTES;
    if (hasStructure) {
      out[at] = 0x10; // one spatial layer, whose size follows
      putU16(out, at + 1, this.#width);
      putU16(out, at + 3, this.#height);
      at += STRUCTURE_BYTES;
    }
    at = copyBytes(out, at, this.#frame, this.#at, stop);
    this.#at = stop;
    this.#isFirst = false;
    if (this.isLast) this.#frame = undefined;
    return at - from;
  }
}

/** Puts a picture together: all spatial layers that come with one timestamp, one after the other. */
export class Vp9Depacketizer implements Depacketizer {
  /** Of the payload last pushed. */
  readonly descriptor: Vp9Descriptor = new Vp9Descriptor();
  readonly #frame: FrameBuffer;
  #isSpoilt = false;
  #isOpen = false;
  #pictureId = -1;
  #isKeyFrame = false;

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
    return !this.#isSpoilt && !this.#isOpen && this.#frame.length > 0;
  }
  /** RFC 9628 §4.2: P is 0 on a picture that is predicted from no other, and its lowest layer has no D. */
  get isKeyFrame(): boolean {
    return this.#isKeyFrame;
  }

  reset(): void {
    this.#frame.length = 0;
    this.#isSpoilt = false;
    this.#isOpen = false;
    this.#isKeyFrame = false;
  }

  push(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#isSpoilt && this.#take(bytes, at, end)) return true;
    this.#isSpoilt = true;
    return false;
  }

  #take(bytes: Uint8Array, at: number, end: number): boolean {
    const payload = this.descriptor.read(bytes, at, end);
    if (payload === 0 || payload >= end) return false;
    const { isFrameStart, isFrameEnd, pictureId, isInterPicturePredicted, isInterLayerPredicted } =
      this.descriptor;
    // A layer frame runs from B to E, and another begins only then.
    if (isFrameStart === this.#isOpen) return false;
    if (this.#frame.length === 0) {
      this.#pictureId = pictureId;
      this.#isKeyFrame = !isInterPicturePredicted && !isInterLayerPredicted;
    } else if (pictureId !== this.#pictureId) return false;
    this.#isOpen = !isFrameEnd;
    return this.#frame.append(bytes, payload, end);
  }
}
