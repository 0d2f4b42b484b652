// Hot: copies of the packets of one stream that were sent last, in a ring of bytes. A packet is forgotten when the ring
// comes round to its bytes or when a later one takes its place in the index; nothing is freed one by one.
import { copyBytes, type Millis } from '@millrace/sans-io';

const NONE = -1;
const NO_BYTES = new Uint8Array(0);

export class PacketHistory {
  readonly #size: number;
  /** Made for the first packet: many a stream is announced long before. */
  #memory = NO_BYTES;
  readonly #mask: number;
  readonly #sequences: Int32Array;
  readonly #lengths: Uint16Array;
  /** Where a packet begins, counted from the first byte ever written: what is more than a ring behind is gone. */
  readonly #starts: Float64Array;
  readonly #sentAt: Float64Array;
  readonly #resends: Uint8Array;
  #written = 0.5;

  /** Both are rounded up to powers of two. */
  constructor(maxBytes: number, maxPackets: number) {
    const packets = powerOfTwo(maxPackets);
    this.#size = powerOfTwo(maxBytes);
    this.#mask = packets - 1;
    this.#sequences = new Int32Array(packets).fill(NONE);
    this.#lengths = new Uint16Array(packets);
    this.#starts = new Float64Array(packets);
    this.#sentAt = new Float64Array(packets);
    this.#resends = new Uint8Array(packets);
    this.#written = 0;
  }

  /** The bytes that it may take. */
  get capacity(): number {
    return this.#size;
  }

  /** Keeps a copy of `bytes[at, end)`. False if it is there already or can't ever fit. */
  put(sequenceNumber: number, bytes: Uint8Array, at: number, end: number, now: Millis): boolean {
    const length = end - at;
    const size = this.#size;
    if (length > size || length > 0xffff || this.has(sequenceNumber)) return false;
    if (this.#memory === NO_BYTES) this.#memory = new Uint8Array(size);
    let offset = this.#written % size;
    if (offset + length > size) {
      this.#written += size - offset;
      offset = 0;
    }
    copyBytes(this.#memory, offset, bytes, at, end);
    const index = sequenceNumber & this.#mask;
    this.#sequences[index] = sequenceNumber;
    this.#lengths[index] = length;
    this.#starts[index] = this.#written;
    this.#sentAt[index] = now;
    this.#resends[index] = 0;
    this.#written += length;
    return true;
  }

  has(sequenceNumber: number): boolean {
    const index = sequenceNumber & this.#mask;
    return this.#sequences[index] === sequenceNumber && this.#starts[index]! + this.#size >= this.#written;
  }

  /** These are about a packet that `has` says is there. */
  lengthOf(sequenceNumber: number): number {
    return this.#lengths[sequenceNumber & this.#mask]!;
  }

  /** When it was sent or sent again last. */
  sentAt(sequenceNumber: number): Millis {
    return this.#sentAt[sequenceNumber & this.#mask]!;
  }

  resends(sequenceNumber: number): number {
    return this.#resends[sequenceNumber & this.#mask]!;
  }

  countResend(sequenceNumber: number, now: Millis): void {
    const index = sequenceNumber & this.#mask;
    this.#sentAt[index] = now;
    if (this.#resends[index]! < 255) this.#resends[index]!++;
  }

  /** Copies the packet's bytes from `from` on, up to `upTo`, to `out` at `at`. */
  copy(sequenceNumber: number, from: number, upTo: number, out: Uint8Array, at: number): void {
    const start = this.#starts[sequenceNumber & this.#mask]! % this.#size;
    copyBytes(out, at, this.#memory, start + from, start + upTo);
  }

  /** The ring's memory and where the packet begins in it, to be read at once. */
  get memory(): Uint8Array {
    return this.#memory;
  }

  offsetOf(sequenceNumber: number): number {
    return this.#starts[sequenceNumber & this.#mask]! % this.#size;
  }
}

function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
