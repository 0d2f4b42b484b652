// RFC 4571 §2: datagrams in a stream, each behind its length in two bytes. RFC 6544 §3 frames everything that ICE over
// TCP carries like this: checks, DTLS and media.
//
//  |            Length             |        datagram ...
import { copyBytes, putU16, u16 } from '@millrace/sans-io';

export const FRAME_HEADER_BYTES = 2;
const FIRST_BYTES = 2_048;

export function writeFrameHeader(out: Uint8Array, at: number, length: number): void {
  putU16(out, at, length);
}

/** Cuts a stream into datagrams. One for each connection; keeps at most one datagram. */
export class FrameReader {
  #kept: Uint8Array | undefined;
  #length = 0;

  /**
   * Takes the next bytes of the stream, borrowed for the call, and hands every whole datagram to `onFrame`, borrowed for
   * that call. False: one is announced that is longer than `most` bytes, and nothing after it can be read.
   */
  push(
    bytes: Uint8Array,
    at: number,
    end: number,
    most: number,
    onFrame: (bytes: Uint8Array, at: number, end: number) => void,
  ): boolean {
    while (at < end) {
      if (this.#length === 0 && end - at >= FRAME_HEADER_BYTES) {
        // Whole datagrams are handed on where they lie.
        const length = u16(bytes, at);
        if (length > most) return false;
        const frameEnd = at + FRAME_HEADER_BYTES + length;
        if (frameEnd <= end) {
          if (length > 0) onFrame(bytes, at + FRAME_HEADER_BYTES, frameEnd);
          at = frameEnd;
          continue;
        }
      }
      at = this.#keep(bytes, at, end, most, onFrame);
      if (at < 0) return false;
    }
    return true;
  }

  /** Adds to the datagram that is begun; returns how far the bytes are used up, or -1. */
  #keep(
    bytes: Uint8Array,
    at: number,
    end: number,
    most: number,
    onFrame: (bytes: Uint8Array, at: number, end: number) => void,
  ): number {
    const wanted = this.#length < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : this.#wanted();
    const take = Math.min(end - at, wanted - this.#length);
    const kept = this.#roomFor(this.#length + take, wanted);
    copyBytes(kept, this.#length, bytes, at, at + take);
    this.#length += take;
    if (this.#length < FRAME_HEADER_BYTES) return at + take;
    const length = this.#wanted();
    if (length - FRAME_HEADER_BYTES > most) return -1;
    if (this.#length === length) {
      this.#length = 0;
      if (length > FRAME_HEADER_BYTES) onFrame(kept, FRAME_HEADER_BYTES, length);
    }
    return at + take;
  }

  #wanted(): number {
    return FRAME_HEADER_BYTES + u16(this.#kept!, 0);
  }

  /** Memory grows with what has come, not with what is announced. */
  #roomFor(length: number, wanted: number): Uint8Array {
    const kept = this.#kept;
    if (kept === undefined) return (this.#kept = new Uint8Array(FIRST_BYTES));
    if (length <= kept.length) return kept;
    const grown = new Uint8Array(Math.min(Math.max(length, kept.length * 2), Math.max(wanted, length)));
    grown.set(kept.subarray(0, this.#length));
    return (this.#kept = grown);
  }
}
