// Hot: packets by sequence number in memory that is taken once: slots of one size, the last freed used first, so that
// of a large buffer only what is needed is ever touched. Sequence numbers are unwrapped.
import { copyBytes } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

const NONE = -1;

export class PacketSlots {
  count = 0;
  readonly window: number;
  readonly slotBytes: number;
  readonly #memory: Uint8Array;
  readonly #mask: number;
  /** By sequence number: the slot it has. */
  readonly #slots: Int32Array;
  readonly #lengths: Uint16Array;
  readonly #timestamps: Float64Array;
  readonly #markers: Uint8Array;
  readonly #free: Int32Array;
  #freeCount: number;

  /** `slots` is a power of two. */
  constructor(slots: number, slotBytes: number) {
    this.window = slots;
    this.slotBytes = slotBytes;
    this.#memory = new Uint8Array(slots * slotBytes);
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots).fill(NONE);
    this.#lengths = new Uint16Array(slots);
    this.#timestamps = new Float64Array(slots);
    this.#markers = new Uint8Array(slots);
    this.#free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
  }

  get capacity(): number {
    return this.#memory.length;
  }

  /** The caller sees to it that all sequence numbers held lie within one window. */
  has(sequence: number): boolean {
    return this.#slots[sequence & this.#mask] !== NONE;
  }

  /** Copies the packet. */
  put(sequence: number, timestamp: number, packet: RtpPacket): void {
    const index = sequence & this.#mask;
    const slot = this.#free[--this.#freeCount]!;
    copyBytes(this.#memory, slot * this.slotBytes, packet.bytes, packet.at, packet.end);
    this.#slots[index] = slot;
    this.#lengths[index] = packet.end - packet.at;
    this.#timestamps[index] = timestamp;
    this.#markers[index] = packet.marker ? 1 : 0;
    this.count++;
  }

  timestamp(sequence: number): number {
    return this.#timestamps[sequence & this.#mask]!;
  }

  marker(sequence: number): boolean {
    return this.#markers[sequence & this.#mask] === 1;
  }

  length(sequence: number): number {
    return this.#lengths[sequence & this.#mask]!;
  }

  /** Points the view at the packet. */
  view(sequence: number, packet: RtpPacket): void {
    const index = sequence & this.#mask;
    const at = this.#slots[index]! * this.slotBytes;
    packet.read(this.#memory, at, at + this.#lengths[index]!);
  }

  remove(sequence: number): void {
    const index = sequence & this.#mask;
    const slot = this.#slots[index]!;
    if (slot === NONE) return;
    this.#slots[index] = NONE;
    this.#free[this.#freeCount++] = slot;
    this.count--;
  }
}
