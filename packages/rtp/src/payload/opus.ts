// RFC 7587: a packet carries exactly one Opus packet, so there is nothing to cut. What RTP wants to know of it,
// its duration, is in its first byte (RFC 6716 §3.1) and, for code 3, in the second (§3.2.5).

import { copyBytes } from '@millrace/sans-io';
import { checkFrame, checkRoom, PayloadError } from './errors.ts';
import { FrameBuffer } from './frame-buffer.ts';
import type { Depacketizer, DepacketizerOptions, Packetizer } from './payload-format.ts';

/** RFC 7587 §4.1: the RTP clock is 48 kHz, whatever the rate of the audio. */
export const OPUS_CLOCK_RATE = 48_000;

/** RFC 6716 §3.2.5 [R5]: no packet is longer than 120 ms. */
const LONGEST_SAMPLES = 5_760;

// RFC 6716 §3.1, table 2: samples of a frame at 48 kHz by configuration number.
const FRAME_SAMPLES = Uint16Array.from([
  480,
  960,
  1920,
  2880,
  480,
  960,
  1920,
  2880,
  480,
  960,
  1920,
  2880, // SILK
  480,
  960,
  480,
  960, // hybrid
  120,
  240,
  480,
  960,
  120,
  240,
  480,
  960,
  120,
  240,
  480,
  960,
  120,
  240,
  480,
  960, // CELT
]);

/** How long an Opus packet sounds, in samples at 48 kHz: what the RTP timestamp advances by. 0 if it is malformed. */
export function opusSamples(bytes: Uint8Array, at: number, end: number): number {
  if (end <= at) return 0;
  const toc = bytes[at]!;
  const samples = FRAME_SAMPLES[toc >> 3]!;
  const code = toc & 0x03;
  if (code === 0) return samples;
  if (code < 3) return samples * 2;
  if (end - at < 2) return 0;
  const frames = bytes[at + 1]! & 0x3f;
  const total = frames * samples;
  return total > LONGEST_SAMPLES ? 0 : total;
}

/** RFC 6716 §3.1: the s bit. */
export function isOpusStereo(bytes: Uint8Array, at: number): boolean {
  return (bytes[at]! & 0x04) !== 0;
}

export class OpusPacketizer implements Packetizer {
  #frame: Uint8Array | undefined;
  #at = 0;
  #end = 0;
  readonly isLast = true;

  begin(frame: Uint8Array, at: number, end: number): void {
    checkFrame(frame, at, end);
    if (opusSamples(frame, at, end) === 0)
      throw new PayloadError('BAD_FRAME', 'its first byte has no duration');
    this.#frame = frame;
    this.#at = at;
    this.#end = end;
  }

  /** An Opus packet can't be cut: `out[at, end)` must have room for all of it. */
  write(out: Uint8Array, at: number, end: number): number {
    if (this.#frame === undefined) return 0;
    checkRoom(out, at, end, this.#end - this.#at);
    copyBytes(out, at, this.#frame, this.#at, this.#end);
    this.#frame = undefined;
    return this.#end - this.#at;
  }
}

export class OpusDepacketizer implements Depacketizer {
  readonly #frame: FrameBuffer;
  #isSpoilt = false;
  readonly isKeyFrame = true;

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

  reset(): void {
    this.#frame.length = 0;
    this.#isSpoilt = false;
  }

  push(bytes: Uint8Array, at: number, end: number): boolean {
    // RFC 7587 §4.2: one Opus packet in each RTP packet.
    const isGood = !this.#isSpoilt && this.#frame.length === 0 && opusSamples(bytes, at, end) > 0;
    if (isGood && this.#frame.append(bytes, at, end)) return true;
    this.#isSpoilt = true;
    return false;
  }
}
