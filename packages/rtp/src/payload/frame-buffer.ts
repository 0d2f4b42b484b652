// The memory a frame grows in: one buffer for all frames of a stream, doubled when a frame needs it, up to a cap.

import { copyBytes } from '@millrace/sans-io';
import { PayloadError } from './errors.ts';
import { DEFAULT_MAX_FRAME_BYTES, type DepacketizerOptions } from './payload-format.ts';

const FIRST_BYTES = 4_096;

export class FrameBuffer {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;
  readonly #maxBytes: number;

  constructor({ maxFrameBytes = DEFAULT_MAX_FRAME_BYTES }: DepacketizerOptions) {
    if (!(maxFrameBytes >= 1 && Number.isInteger(maxFrameBytes))) {
      throw new PayloadError('BAD_OPTION', `maxFrameBytes is ${maxFrameBytes}`);
    }
    this.#maxBytes = maxFrameBytes;
  }

  /** Makes room for `count` more bytes; false: the frame would be too long. */
  reserve(count: number): boolean {
    const needed = this.length + count;
    if (needed > this.#maxBytes) return false;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.#maxBytes, this.bytes.length * 2)));
      copyBytes(grown, 0, this.bytes, 0, this.length);
      this.bytes = grown;
    }
    return true;
  }

  append(from: Uint8Array, at: number, end: number): boolean {
    if (!this.reserve(end - at)) return false;
    this.length = copyBytes(this.bytes, this.length, from, at, end);
    return true;
  }

  /** One byte; room must be reserved. */
  put(byte: number): void {
    this.bytes[this.length++] = byte;
  }
}
