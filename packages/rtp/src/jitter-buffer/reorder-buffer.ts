// What both kinds of jitter buffer share: which packets are taken, which are late, twice there or of another run of
// numbers. RFC 3550 §6.4.1 tells what jitter is; how it is met is this library's own.
import { Drops, type Millis } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { SequenceUnwrapper, TimestampUnwrapper } from '../packet/unwrapper.ts';
import { type JitterBufferOptions, type JitterBufferSettings, settle } from './options.ts';
import { PacketSlots } from './packet-slots.ts';
import { PlayoutDelay } from './playout-delay.ts';

export type JitterBufferDrop = 'late' | 'duplicate' | 'too-long' | 'stray' | 'overflow';

/** Far behind all that is held: two in a row are a new run. */
const NO_STRAY = -1;

/** The state of a buffer; `VideoJitterBuffer` and `AudioJitterBuffer` say what leaves it and when. */
export class ReorderBuffer {
  readonly drops: Drops<JitterBufferDrop> = new Drops<JitterBufferDrop>([
    'late',
    'duplicate',
    'too-long',
    'stray',
    'overflow',
  ]);
  readonly settings: JitterBufferSettings;
  readonly slots: PacketSlots;
  readonly delay: PlayoutDelay;
  /** Packets taken in, and packets that never came or came too late. */
  received = 0;
  lost = 0;
  /** Times that numbers began anew. */
  restarts = 0;
  /** The next sequence number to leave; what is before it is late. Unwrapped. */
  next = 0;
  /** Everything held, lent packets included, is at or behind it. */
  floor = 0;
  highest = -1;
  hasBegun = false;
  readonly #sequences = new SequenceUnwrapper();
  readonly #timestamps = new TimestampUnwrapper();
  #stray = NO_STRAY;

  constructor(options: JitterBufferOptions, maxPackets: number, coverage: number) {
    this.settings = settle(options, maxPackets, coverage);
    this.slots = new PacketSlots(this.settings.slots, this.settings.slotBytes);
    this.delay = new PlayoutDelay(this.settings);
  }

  /** Copies the packet if it is of use. */
  push(packet: RtpPacket, now: Millis): boolean {
    if (packet.end - packet.at > this.slots.slotBytes) return this.#drop('too-long');
    if (!this.hasBegun) this.#begin(packet.sequenceNumber);
    const behind = ((packet.sequenceNumber - this.#sequences.highest) << 16) >> 16;
    if (behind < -this.slots.window || behind >= this.slots.window) {
      // A single packet far off is a stray; one that follows it makes a new run of both.
      const isRun = packet.sequenceNumber === this.#stray;
      this.#stray = (packet.sequenceNumber + 1) & 0xffff;
      if (!isRun) return this.#drop('stray');
      this.#restart(packet.sequenceNumber);
    }
    const sequence = this.#sequences.unwrap(packet.sequenceNumber);
    if (sequence >= this.next && sequence < this.floor + this.slots.window && this.slots.has(sequence))
      return this.#drop('duplicate');
    const timestamp = this.#timestamps.unwrap(packet.timestamp);
    this.delay.onPacket(timestamp, now); // a late one tells the most
    if (sequence < this.next) return this.#drop('late');
    if (sequence >= this.floor + this.slots.window) {
      if (this.slots.count > 0) return this.#drop('overflow');
      // Nobody waits for what is in between.
      this.lost += sequence - this.next;
      this.next = sequence;
      this.floor = sequence;
    }
    this.slots.put(sequence, timestamp, packet);
    this.received++;
    if (sequence > this.highest) this.highest = sequence;
    return true;
  }

  /** The first that is held at or behind `from`; -1 if there is none. */
  firstHeld(from: number): number {
    if (this.slots.count === 0) return -1;
    for (let sequence = from; sequence <= this.highest; sequence++)
      if (this.slots.has(sequence)) return sequence;
    return -1;
  }

  #begin(sequenceNumber: number): void {
    this.hasBegun = true;
    this.#sequences.reset();
    this.next = this.#sequences.unwrap(sequenceNumber);
    this.floor = this.next;
    this.highest = this.next - 1;
  }

  #restart(sequenceNumber: number): void {
    for (let sequence = this.next; sequence <= this.highest; sequence++) this.slots.remove(sequence);
    for (let sequence = this.floor; sequence < this.next; sequence++) this.slots.remove(sequence);
    this.restarts++;
    this.#timestamps.reset();
    this.#begin(sequenceNumber);
  }

  #drop(reason: JitterBufferDrop): false {
    this.drops.count(reason);
    return false;
  }
}
