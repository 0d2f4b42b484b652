// Hot: packets that wait for their turn on the wire, in one ring of bytes a class: audio, which is not paced, and the
// rest. Memory is taken once, with the first packet.
import { copyBytes, type Millis } from '@millrace/sans-io';
import type { RtpStream } from './stream.ts';

const AUDIO_SHARE = 8;
const NO_BYTES = new Uint8Array(0);

export class SendQueue {
  readonly #audio: PacketFifo;
  readonly #rest: PacketFifo;

  constructor(maxBytes: number, maxPackets: number) {
    this.#audio = new PacketFifo(Math.ceil(maxBytes / AUDIO_SHARE), Math.ceil(maxPackets / AUDIO_SHARE));
    this.#rest = new PacketFifo(maxBytes, maxPackets);
  }

  get audioCount(): number {
    return this.#audio.count;
  }

  /** Packets that are not audio. */
  get count(): number {
    return this.#rest.count;
  }

  /** Bytes that are not audio. */
  get bytes(): number {
    return this.#rest.bytes;
  }

  /** Copies `bytes[at, end)`; false if there is no room. */
  push(bytes: Uint8Array, at: number, end: number, stream: RtpStream, now: Millis): boolean {
    return (stream.isAudio ? this.#audio : this.#rest).push(bytes, at, end, stream.slot, now);
  }

  /** 0 if there is none. */
  nextLength(isAudio: boolean): number {
    return (isAudio ? this.#audio : this.#rest).nextLength();
  }

  /** Copies the next packet to `out` at `at`; returns its stream's slot, -1 if the stream was removed. */
  pop(isAudio: boolean, out: Uint8Array, at: number): number {
    return (isAudio ? this.#audio : this.#rest).pop(out, at);
  }

  /** The stream of the slot is no more: its packets will be skipped. */
  forget(slot: number): void {
    this.#audio.forget(slot);
    this.#rest.forget(slot);
  }
}

class PacketFifo {
  count = 0;
  bytes = 0;
  readonly #maxBytes: number;
  /** Made for the first packet: many a chain only receives. */
  #memory = NO_BYTES;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #slots: Int32Array;
  #head = 0;
  /** Where the next packet goes in memory. */
  #write = 0;

  constructor(maxBytes: number, maxPackets: number) {
    this.#maxBytes = maxBytes;
    this.#starts = new Uint32Array(maxPackets);
    this.#lengths = new Uint32Array(maxPackets);
    this.#slots = new Int32Array(maxPackets);
  }

  push(bytes: Uint8Array, at: number, end: number, slot: number, _now: Millis): boolean {
    const length = end - at;
    if (this.count === this.#starts.length || length === 0) return false;
    if (this.#memory === NO_BYTES) this.#memory = new Uint8Array(this.#maxBytes);
    const start = this.#room(length);
    if (start < 0) return false;
    copyBytes(this.#memory, start, bytes, at, end);
    let tail = this.#head + this.count;
    if (tail >= this.#starts.length) tail -= this.#starts.length;
    this.#starts[tail] = start;
    this.#lengths[tail] = length;
    this.#slots[tail] = slot;
    this.#write = start + length;
    this.count++;
    this.bytes += length;
    return true;
  }

  nextLength(): number {
    return this.count === 0 ? 0 : this.#lengths[this.#head]!;
  }

  pop(out: Uint8Array, at: number): number {
    const head = this.#head;
    const start = this.#starts[head]!;
    const length = this.#lengths[head]!;
    copyBytes(out, at, this.#memory, start, start + length);
    this.#head = head + 1 === this.#starts.length ? 0 : head + 1;
    this.count--;
    this.bytes -= length;
    return this.#slots[head]!;
  }

  forget(slot: number): void {
    for (let i = 0, index = this.#head; i < this.count; i++) {
      if (this.#slots[index] === slot) this.#slots[index] = -1;
      index = index + 1 === this.#slots.length ? 0 : index + 1;
    }
  }

  /** Where `length` bytes fit in one piece; -1 nowhere. */
  #room(length: number): number {
    const size = this.#memory.length;
    if (this.count === 0) return length <= size ? 0 : -1;
    const read = this.#starts[this.#head]!;
    const write = this.#write;
    if (write > read) {
      if (write + length <= size) return write;
      return length < read ? 0 : -1; // strictly less: a full ring must not look empty
    }
    return write + length < read ? write : -1;
  }
}
