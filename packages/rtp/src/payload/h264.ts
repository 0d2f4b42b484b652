// RFC 6184: H.264 in the single-NAL-unit and the non-interleaved mode (packetization-mode 0 and 1): single NAL units
// (§5.6), STAP-A (§5.7.1) and FU-A (§5.8). Frames are access units in Annex B form, NAL units behind start codes.
// Leaves out the interleaved mode: STAP-B, MTAP and FU-B are refused, as §5.4 has it for the other modes.

import { copyBytes, putU16, u16 } from '@millrace/sans-io';
import { checkFrame, checkRoom, PayloadError } from './errors.ts';
import { FrameBuffer } from './frame-buffer.ts';
import {
  type Depacketizer,
  type DepacketizerOptions,
  LEAST_ROOM,
  type Packetizer,
} from './payload-format.ts';

export const H264_CLOCK_RATE = 90_000;

// NAL unit types: ITU-T H.264 table 7-1, and RFC 6184 §5.2, table 1.
const IDR = 5;
const ACCESS_UNIT_DELIMITER = 9;
const LAST_SINGLE = 23;
const STAP_A = 24;
const FU_A = 28;
const TYPE_MASK = 0x1f;
/** F and NRI. */
const HEAD_MASK = 0xe0;
const FU_START = 0x80;
const FU_END = 0x40;
const START_CODE_BYTES = 4;
const FIRST_UNITS = 16;

export interface H264PacketizerOptions {
  /** RFC 6184 §8.1 packetization-mode: 0 sends each NAL unit alone, 1 cuts and joins them. Default 1. */
  readonly packetizationMode?: 0 | 1;
}

export class H264Packetizer implements Packetizer {
  readonly #mode: 0 | 1;
  #frame: Uint8Array | undefined;
  /** Offsets in pairs: where a NAL unit begins and ends. */
  #units = new Uint32Array(FIRST_UNITS * 2);
  #count = 0;
  #next = 0;
  /** How far the NAL unit at `#next` is sent in fragments; 0 if it is not begun. */
  #fragmentAt = 0;
  isLast = false;

  constructor({ packetizationMode = 1 }: H264PacketizerOptions = {}) {
    if (packetizationMode !== 0 && packetizationMode !== 1) {
      throw new PayloadError('BAD_OPTION', `packetizationMode is ${packetizationMode}`);
    }
    this.#mode = packetizationMode;
  }

  begin(frame: Uint8Array, at: number, end: number): void {
    checkFrame(frame, at, end);
    this.#count = 0;
    this.#next = 0;
    this.#fragmentAt = 0;
    this.isLast = false;
    this.#frame = undefined;
    this.#findUnits(frame, at, end);
    if (this.#count === 0) throw new PayloadError('BAD_FRAME', 'it has no NAL unit behind a start code');
    this.#frame = frame;
  }

  write(out: Uint8Array, at: number, end: number): number {
    const frame = this.#frame;
    if (frame === undefined) return 0;
    checkRoom(out, at, end, LEAST_ROOM);
    const unitAt = this.#units[this.#next * 2]!;
    const unitEnd = this.#units[this.#next * 2 + 1]!;
    let length: number;
    if (this.#fragmentAt !== 0 || unitEnd - unitAt > end - at) {
      if (this.#mode === 0)
        throw new PayloadError('NO_ROOM', `a NAL unit of ${unitEnd - unitAt} bytes, got ${end - at}`);
      length = this.#writeFragment(frame, unitAt, unitEnd, out, at, end);
    } else {
      length = this.#writeUnits(frame, out, at, end);
    }
    this.isLast = this.#next === this.#count;
    if (this.isLast) this.#frame = undefined;
    return length;
  }

  /** RFC 6184 §5.8. */
  #writeFragment(
    frame: Uint8Array,
    unitAt: number,
    unitEnd: number,
    out: Uint8Array,
    at: number,
    end: number,
  ): number {
    const head = frame[unitAt]!;
    const isFirst = this.#fragmentAt === 0;
    // The NAL unit's header is not repeated: indicator and FU header carry it.
    const from = isFirst ? unitAt + 1 : this.#fragmentAt;
    const stop = Math.min(unitEnd, from + end - at - 2);
    const isEnd = stop === unitEnd;
    out[at] = (head & HEAD_MASK) | FU_A;
    out[at + 1] = (isFirst ? FU_START : 0) | (isEnd ? FU_END : 0) | (head & TYPE_MASK);
    copyBytes(out, at + 2, frame, from, stop);
    this.#fragmentAt = isEnd ? 0 : stop;
    if (isEnd) this.#next++;
    return 2 + stop - from;
  }

  /** One NAL unit alone, or as many as there is room for, joined (RFC 6184 §5.7.1). */
  #writeUnits(frame: Uint8Array, out: Uint8Array, at: number, end: number): number {
    const first = this.#next;
    let length = 1;
    let head = 0;
    let last = first;
    for (; last < this.#count; last++) {
      const unitAt = this.#units[last * 2]!;
      const needed = 2 + this.#units[last * 2 + 1]! - unitAt;
      if (length + needed > end - at || (this.#mode === 0 && last > first)) break;
      length += needed;
      // RFC 6184 §5.7.1: F is set if any has it, NRI is the highest of all.
      const unitHead = frame[unitAt]!;
      head = ((head | unitHead) & 0x80) | Math.max(head & 0x60, unitHead & 0x60);
    }
    if (last <= first + 1) {
      this.#next = first + 1;
      return copyBytes(out, at, frame, this.#units[first * 2]!, this.#units[first * 2 + 1]!) - at;
    }
    out[at] = head | STAP_A;
    let to = at + 1;
    for (let i = first; i < last; i++) {
      putU16(out, to, this.#units[i * 2 + 1]! - this.#units[i * 2]!);
      to = copyBytes(out, to + 2, frame, this.#units[i * 2]!, this.#units[i * 2 + 1]!);
    }
    this.#next = last;
    return to - at;
  }

  /** ITU-T H.264 annex B: start codes of three bytes, with any number of zeros before and behind a unit. */
  #findUnits(frame: Uint8Array, at: number, end: number): void {
    let unitAt = 0;
    let isInUnit = false;
    for (let i = at; i + 2 < end; ) {
      if (frame[i + 2]! > 1) i += 3;
      else if (frame[i] === 0 && frame[i + 1] === 0 && frame[i + 2] === 1) {
        if (isInUnit) this.#addUnit(frame, unitAt, i);
        isInUnit = true;
        i += 3;
        unitAt = i;
      } else i++;
    }
    if (isInUnit) this.#addUnit(frame, unitAt, end);
  }

  #addUnit(frame: Uint8Array, at: number, end: number): void {
    while (end > at && frame[end - 1] === 0) end--;
    if (end === at) return;
    // RFC 6184 leaves the access unit delimiter to the RTP timestamp and marker.
    if ((frame[at]! & TYPE_MASK) === ACCESS_UNIT_DELIMITER) return;
    if (this.#count * 2 === this.#units.length) {
      const grown = new Uint32Array(this.#units.length * 2);
      grown.set(this.#units);
      this.#units = grown;
    }
    this.#units[this.#count * 2] = at;
    this.#units[this.#count * 2 + 1] = end;
    this.#count++;
  }
}

/** Puts an access unit together in Annex B form. */
export class H264Depacketizer implements Depacketizer {
  readonly #frame: FrameBuffer;
  #isSpoilt = false;
  /** The type of the NAL unit whose fragments are coming; 0 if none is open. */
  #fragmentType = 0;
  isKeyFrame = false;

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
    return !this.#isSpoilt && this.#fragmentType === 0 && this.#frame.length > 0;
  }

  reset(): void {
    this.#frame.length = 0;
    this.#isSpoilt = false;
    this.#fragmentType = 0;
    this.isKeyFrame = false;
  }

  push(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#isSpoilt && end > at && this.#take(bytes, at, end)) return true;
    this.#isSpoilt = true;
    return false;
  }

  #take(bytes: Uint8Array, at: number, end: number): boolean {
    const type = bytes[at]! & TYPE_MASK;
    if (type === FU_A) return this.#takeFragment(bytes, at, end);
    // RFC 6184 §5.8: the fragments of one NAL unit follow each other without anything between.
    if (this.#fragmentType !== 0) return false;
    if (type >= 1 && type <= LAST_SINGLE) return this.#takeUnit(bytes, at, end);
    return type === STAP_A && this.#takeAggregate(bytes, at + 1, end);
  }

  #takeUnit(bytes: Uint8Array, at: number, end: number): boolean {
    const type = bytes[at]! & TYPE_MASK;
    // A unit inside another packet is a plain one.
    if (type === 0 || type > LAST_SINGLE) return false;
    if (type === IDR) this.isKeyFrame = true;
    return this.#startCode(end - at) && this.#frame.append(bytes, at, end);
  }

  #takeAggregate(bytes: Uint8Array, at: number, end: number): boolean {
    if (at === end) return false;
    while (at < end) {
      if (end - at < 2) return false;
      const length = u16(bytes, at);
      at += 2;
      if (length === 0 || length > end - at || !this.#takeUnit(bytes, at, at + length)) return false;
      at += length;
    }
    return true;
  }

  #takeFragment(bytes: Uint8Array, at: number, end: number): boolean {
    // RFC 6184 §5.8: a fragment is never empty.
    if (end - at < 3) return false;
    const head = bytes[at + 1]!;
    const type = head & TYPE_MASK;
    const isStart = (head & FU_START) !== 0;
    const isEnd = (head & FU_END) !== 0;
    // RFC 6184 §5.8: start and end bit MUST NOT both be set in one FU header.
    if (type === 0 || type > LAST_SINGLE || (isStart && isEnd)) return false;
    if (isStart !== (this.#fragmentType === 0)) return false;
    if (isStart) {
      if (!this.#startCode(end - at)) return false;
      this.#frame.put((bytes[at]! & HEAD_MASK) | type);
      if (type === IDR) this.isKeyFrame = true;
    } else if (type !== this.#fragmentType) return false;
    this.#fragmentType = isEnd ? 0 : type;
    return this.#frame.append(bytes, at + 2, end);
  }

  /** A start code, and room for it and `count` more bytes. */
  #startCode(count: number): boolean {
    if (!this.#frame.reserve(START_CODE_BYTES + count)) return false;
    this.#frame.put(0);
    this.#frame.put(0);
    this.#frame.put(0);
    this.#frame.put(1);
    return true;
  }
}
