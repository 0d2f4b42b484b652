// Hot: packets of audio in order, each at its play-out time. What is missing by then is skipped and told; the player
// conceals it.
import { type DropCounts, type Millis, NEVER } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import type { JitterBufferOptions } from './options.ts';
import { type JitterBufferDrop, ReorderBuffer } from './reorder-buffer.ts';

const AUDIO_PACKETS = 256;
const AUDIO_COVERAGE = 0.9995;

/** Gives out packets in order, each at its time. */
export class AudioJitterBuffer {
  readonly #buffer: ReorderBuffer;
  #lostBefore = 0;
  #emitted = 0;

  constructor(options: JitterBufferOptions) {
    this.#buffer = new ReorderBuffer(options, AUDIO_PACKETS, AUDIO_COVERAGE);
  }

  /** Takes a copy of the packet. False: it was dropped and counted. */
  push(packet: RtpPacket, now: Millis): boolean {
    return this.#buffer.push(packet, now);
  }

  /**
   * Points `packet` at the next one if it is due; its bytes are lent until the next `push` or `pop`. `lostBefore` then
   * says how many are missing in front of it.
   */
  pop(packet: RtpPacket, now: Millis): boolean {
    const buffer = this.#buffer;
    this.#release();
    const sequence = this.#head();
    if (sequence < 0 || buffer.delay.playoutAt(buffer.slots.timestamp(sequence)) > now) return false;
    this.#lostBefore = sequence - buffer.next;
    buffer.lost += this.#lostBefore;
    buffer.slots.view(sequence, packet);
    buffer.next = sequence + 1;
    this.#emitted++;
    return true;
  }

  /** When `pop` should be called next: the play-out time of the first packet held. */
  deadline(): Millis {
    const sequence = this.#head();
    return sequence < 0 ? NEVER : this.#buffer.delay.playoutAt(this.#buffer.slots.timestamp(sequence));
  }

  /** Packets that were missing right before the one that left last. */
  get lostBefore(): number {
    return this.#lostBefore;
  }

  /** What packets wait for others, in ms over the quickest way. */
  get targetDelay(): Millis {
    return this.#buffer.delay.target;
  }

  get held(): number {
    return this.#buffer.slots.count;
  }

  /** Bytes of memory that the buffer takes, now and ever. */
  get capacity(): number {
    return this.#buffer.slots.capacity;
  }

  get received(): number {
    return this.#buffer.received;
  }

  /** Packets that left. */
  get emitted(): number {
    return this.#emitted;
  }

  /** Packets skipped. */
  get lost(): number {
    return this.#buffer.lost;
  }

  get restarts(): number {
    return this.#buffer.restarts;
  }

  get drops(): DropCounts<JitterBufferDrop> {
    return this.#buffer.drops.counts;
  }

  #head(): number {
    const { next, slots } = this.#buffer;
    if (slots.count === 0) return -1;
    return this.#buffer.firstHeld(next);
  }

  #release(): void {
    const buffer = this.#buffer;
    for (; buffer.floor < buffer.next; buffer.floor++) buffer.slots.remove(buffer.floor);
  }
}
