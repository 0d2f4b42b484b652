// IVF, the plain container that video tools read and write: a header of 32 bytes, then frames with length and time.
// There is no specification but the one in libvpx; all numbers are little-endian.

import { RecordingError } from './errors.ts';

export const IVF_HEADER_BYTES = 32;
export const IVF_FRAME_HEADER_BYTES = 12;

const SIGNATURE = 0x46494b44; // "DKIF"
/** What a reader takes for one frame at most. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export interface IvfHeader {
  /** Four characters: `VP80`, `VP90`, `AV01` or `H264`. */
  readonly codec: string;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Time stamps count `timeBase.denominator / timeBase.numerator` to the second; RTP's are 90000/1. */
  readonly timeBase: { readonly numerator: number; readonly denominator: number };
  /** 0 where the writer did not know. */
  readonly frames: number;
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

function get16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function checkRange(name: string, value: number, max: number): void {
  if (!(value >= 0 && value <= max && Number.isInteger(value))) {
    throw new RecordingError('BAD_RANGE', `${name} is ${value}`);
  }
}

/** The header of a file. `frames` may be written later: write the header again at the beginning of the file. */
export function ivfHeader({ codec, width, height, timeBase, frames }: IvfHeader): Uint8Array {
  if (!/^[ -~]{4}$/.test(codec)) throw new RecordingError('BAD_RANGE', `codec is ${JSON.stringify(codec)}`);
  checkRange('width', width, 0xffff);
  checkRange('height', height, 0xffff);
  checkRange('frames', frames, 0xffff_ffff);
  checkRange('numerator', timeBase.numerator, 0xffff_ffff);
  checkRange('denominator', timeBase.denominator, 0xffff_ffff);
  const out = new Uint8Array(IVF_HEADER_BYTES);
  put32(out, 0, SIGNATURE);
  put32(out, 4, IVF_HEADER_BYTES << 16);
  for (let i = 0; i < 4; i++) out[8 + i] = codec.charCodeAt(i);
  put32(out, 12, (height << 16) | width);
  put32(out, 16, timeBase.denominator);
  put32(out, 20, timeBase.numerator);
  put32(out, 24, frames);
  return out;
}

/** Writes what goes before a frame of `length` bytes into `out` at `at`. `timestamp` is an integer in the time base. */
export function writeIvfFrameHeader(out: Uint8Array, at: number, length: number, timestamp: number): void {
  checkRange('length', length, 0xffff_ffff);
  checkRange('timestamp', timestamp, Number.MAX_SAFE_INTEGER);
  if (!(at >= 0 && at + IVF_FRAME_HEADER_BYTES <= out.length))
    throw new RecordingError('BAD_RANGE', `at is ${at}`);
  put32(out, at, length);
  put32(out, at + 4, timestamp);
  put32(out, at + 8, Math.floor(timestamp / 2 ** 32));
}

/** Reads the frames of an IVF file that is in memory. */
export class IvfReader {
  readonly header: IvfHeader;
  /** The frame last read is `bytes[at, end)`. */
  readonly bytes: Uint8Array;
  at = 0;
  end = 0;
  /** Of the frame last read, in the header's time base. */
  timestamp = 0;

  /**
   * `bytes` is a whole file, kept.
   * @throws RecordingError BAD_FILE if it does not begin as an IVF file
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length < IVF_HEADER_BYTES || get32(bytes, 0) !== SIGNATURE) {
      throw new RecordingError('BAD_FILE', 'it does not begin with an IVF header');
    }
    const headerBytes = get16(bytes, 6);
    if (get16(bytes, 4) !== 0 || headerBytes < IVF_HEADER_BYTES || headerBytes > bytes.length) {
      throw new RecordingError('BAD_FILE', 'its version or the length of its header is unknown');
    }
    this.bytes = bytes;
    this.header = {
      codec: String.fromCharCode(bytes[8]!, bytes[9]!, bytes[10]!, bytes[11]!),
      width: get16(bytes, 12),
      height: get16(bytes, 14),
      timeBase: { denominator: get32(bytes, 16), numerator: get32(bytes, 20) },
      frames: get32(bytes, 24),
    };
    this.end = headerBytes;
  }

  /** Goes on to the next frame; false at the end of the file, which may be in the middle of a frame. */
  next(): boolean {
    const headAt = this.end;
    if (headAt + IVF_FRAME_HEADER_BYTES > this.bytes.length) return false;
    const length = get32(this.bytes, headAt);
    const at = headAt + IVF_FRAME_HEADER_BYTES;
    if (length > MAX_FRAME_BYTES || at + length > this.bytes.length) return false;
    this.timestamp = get32(this.bytes, headAt + 4) + get32(this.bytes, headAt + 8) * 2 ** 32;
    this.at = at;
    this.end = at + length;
    return true;
  }
}
