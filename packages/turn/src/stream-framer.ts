// Cuts the stream of a TCP or TLS connection into STUN and ChannelData messages. RFC 8489 §6.2.2, RFC 8656 §12.5.
import { copyBytes, u16 } from '@millrace/sans-io';
import { CHANNEL_HEADER_BYTES, isChannelData, paddedLength } from './channel-data.ts';

const STUN_HEADER_BYTES = 20;
/** What both kinds of message need before their length is known. */
const LENGTH_BYTES = 4;
const FIRST_BYTES = 4_096;
const MAX_MESSAGE_BYTES = 0xffff + STUN_HEADER_BYTES;

/** One for each connection. Keeps at most one message, 64 KiB. */
export class StreamFramer {
  #kept = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #isBroken = false;

  /**
   * Takes the next bytes of the stream, borrowed for the call, and hands every whole message to `onMessage`, borrowed
   * for that call. False: the stream is none of TURN's and can't be followed any more; close it.
   */
  push(
    bytes: Uint8Array,
    at: number,
    end: number,
    onMessage: (bytes: Uint8Array, at: number, end: number) => void,
  ): boolean {
    while (at < end && !this.#isBroken) {
      if (this.#length === 0) {
        // Whole messages are handed on where they lie.
        const length = messageLength(bytes, at, end);
        if (length < 0) this.#isBroken = true;
        else if (length > 0 && length <= end - at) {
          onMessage(bytes, at, at + length);
          at += length;
          continue;
        }
      }
      if (!this.#isBroken) at = this.#keep(bytes, at, end, onMessage);
    }
    return !this.#isBroken;
  }

  /** Adds to the message that is begun; returns how far the bytes are used up. */
  #keep(
    bytes: Uint8Array,
    at: number,
    end: number,
    onMessage: (bytes: Uint8Array, at: number, end: number) => void,
  ): number {
    const known = messageLength(this.#kept, 0, this.#length);
    const wanted = known > 0 ? known : LENGTH_BYTES;
    const take = Math.min(end - at, wanted - this.#length);
    this.#makeRoom(this.#length + take);
    copyBytes(this.#kept, this.#length, bytes, at, at + take);
    this.#length += take;
    const length = messageLength(this.#kept, 0, this.#length);
    if (length < 0) this.#isBroken = true;
    else if (length > 0 && length === this.#length) {
      this.#length = 0;
      onMessage(this.#kept, 0, length);
    }
    return at + take;
  }

  #makeRoom(length: number): void {
    if (length <= this.#kept.length) return;
    const grown = new Uint8Array(Math.min(MAX_MESSAGE_BYTES + 3, Math.max(length, this.#kept.length * 2)));
    grown.set(this.#kept.subarray(0, this.#length));
    this.#kept = grown;
  }
}

/** With padding; 0: more bytes are needed to know; -1: neither STUN nor ChannelData. */
function messageLength(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < LENGTH_BYTES) return 0;
  if (isChannelData(bytes, at)) return paddedLength(CHANNEL_HEADER_BYTES + u16(bytes, at + 2));
  const length = u16(bytes, at + 2);
  if (bytes[at]! >> 6 !== 0 || length % 4 !== 0) return -1;
  return STUN_HEADER_BYTES + length;
}
