// Hot: packets of video as whole frames in order: all packets of one timestamp, the last with the marker (RFC 3550
// §5.1) or followed by a packet of another timestamp. A frame that stays incomplete for the longest delay, or that is
// beyond repair, is given up and told. The delay of the moment is no reason to give up: a decoder without the frame
// would have to wait for a key frame, which takes longer.
import { type DropCounts, type Millis, NEVER } from '@millrace/sans-io';
import { RtpPacket } from '../packet/rtp-packet.ts';
import type { JitterBufferOptions } from './options.ts';
import { type JitterBufferDrop, ReorderBuffer } from './reorder-buffer.ts';

const VIDEO_PACKETS = 1_024;
const VIDEO_COVERAGE = 0.999;
const NONE = -1;

export interface VideoJitterBufferOptions extends JitterBufferOptions {
  /** Hold whole frames, too, until their play-out time. Default: false, they leave as soon as they are whole. */
  readonly smooth?: boolean | undefined;
  /**
   * Whether a packet begins a frame, if the payload tells. Without it a frame behind a gap is given up, as its first
   * packet may be among the missing.
   */
  readonly isFrameStart?: ((packet: RtpPacket) => boolean) | undefined;
}

/** Gives out whole frames in order, each at its time. */
export class VideoJitterBuffer {
  /** The frame that left last; its packets are lent until the next `push` or `pop`. */
  readonly frame: VideoFrame;
  readonly #buffer: ReorderBuffer;
  readonly #smooth: boolean;
  readonly #isFrameStart: ((packet: RtpPacket) => boolean) | undefined;
  readonly #probe = new RtpPacket();
  /** Every packet from `#scannedFrom` up to here is held and of one frame. */
  #scanned = 0;
  #scannedFrom = NONE;
  #restartsSeen = 0;
  #isGapBefore = false;
  #lostBefore = 0;
  #framesLostBefore = 0;
  #emitted = 0;
  #abandoned = 0;
  #abandonedTimestamp = Number.NaN;
  /** Nobody will repair what is missing up to here, this one included; unwrapped. */
  #beyondRepair = NONE;

  constructor(options: VideoJitterBufferOptions) {
    this.#buffer = new ReorderBuffer(options, VIDEO_PACKETS, VIDEO_COVERAGE);
    this.#smooth = options.smooth ?? false;
    this.#isFrameStart = options.isFrameStart;
    this.frame = new VideoFrame(this.#buffer);
  }

  /** Takes a copy of the packet. False: it was dropped and counted. */
  push(packet: RtpPacket, now: Millis): boolean {
    return this.#buffer.push(packet, now);
  }

  /** The packet will not come any more: nobody asks for it any longer. */
  giveUp(sequenceNumber: number): void {
    const { next } = this.#buffer;
    const sequence = next + (((sequenceNumber - next) << 16) >> 16);
    if (this.#buffer.hasBegun && sequence >= next && sequence > this.#beyondRepair)
      this.#beyondRepair = sequence;
  }

  /** The next frame, if it is whole (and due, if smooth); `undefined` otherwise. Lent until the next `push` or `pop`. */
  pop(now: Millis): VideoFrame | undefined {
    const buffer = this.#buffer;
    this.#release();
    for (;;) {
      const end = this.#frameEnd();
      if (end !== NONE) {
        if (this.#smooth && buffer.delay.playoutAt(buffer.slots.timestamp(buffer.next)) > now)
          return undefined;
        return this.#emit(end);
      }
      if (!this.#abandon(now)) return undefined;
    }
  }

  /** When `pop` should be called next: frames that became whole are there at once, after a `push`. */
  deadline(): Millis {
    const buffer = this.#buffer;
    const { slots, next, delay } = buffer;
    const end = this.#frameEnd();
    if (end !== NONE) return this.#smooth ? delay.playoutAt(slots.timestamp(next)) : Number.NEGATIVE_INFINITY;
    const held = buffer.firstHeld(next);
    if (held < 0) return NEVER;
    return this.#isHeadless(held) || this.#isHopeless()
      ? Number.NEGATIVE_INFINITY
      : delay.latestAt(slots.timestamp(held));
  }

  get targetDelay(): Millis {
    return this.#buffer.delay.target;
  }

  /** Packets held, lent ones included. */
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

  /** Frames that left. */
  get framesEmitted(): number {
    return this.#emitted;
  }

  /** Frames of which something had come that were given up. */
  get framesAbandoned(): number {
    return this.#abandoned;
  }

  /** Packets that never came or came too late. */
  get lost(): number {
    return this.#buffer.lost;
  }

  get restarts(): number {
    return this.#buffer.restarts;
  }

  get drops(): DropCounts<JitterBufferDrop> {
    return this.#buffer.drops.counts;
  }

  /** Last sequence number of the first frame if it is whole, else `NONE`. */
  #frameEnd(): number {
    const { slots, highest, next } = this.#buffer;
    if (this.#scannedFrom !== next || this.#restartsSeen !== this.#buffer.restarts) {
      this.#restartsSeen = this.#buffer.restarts;
      this.#scannedFrom = next;
      this.#scanned = next;
    }
    if (next > highest || !slots.has(next) || this.#isHeadless(next)) return NONE;
    const timestamp = slots.timestamp(next);
    for (let sequence = this.#scanned; sequence <= highest; sequence++) {
      if (!slots.has(sequence)) break;
      if (slots.timestamp(sequence) !== timestamp) return sequence - 1;
      this.#scanned = sequence;
      if (slots.marker(sequence)) return sequence;
    }
    return NONE;
  }

  /** Whether what comes before `next` was given up and may have been of the same frame. */
  #isHeadless(held: number): boolean {
    return this.#isGapBefore && held === this.#buffer.next && !this.#begins(held);
  }

  #begins(sequence: number): boolean {
    if (this.#isFrameStart === undefined) return false;
    this.#buffer.slots.view(sequence, this.#probe);
    return this.#isFrameStart(this.#probe);
  }

  #emit(end: number): VideoFrame {
    const buffer = this.#buffer;
    const { frame } = this;
    frame.set(buffer.next, end, this.#lostBefore, this.#framesLostBefore);
    this.#lostBefore = 0;
    this.#framesLostBefore = 0;
    this.#isGapBefore = false;
    buffer.next = end + 1;
    this.#emitted++;
    return frame;
  }

  /** Skips what hinders if its time is up. True if the head has moved. */
  #abandon(now: Millis): boolean {
    const buffer = this.#buffer;
    const { slots, delay } = buffer;
    const held = buffer.firstHeld(buffer.next);
    if (held < 0) return false;
    const timestamp = slots.timestamp(held);
    if (!this.#isHeadless(held) && !this.#isHopeless() && delay.latestAt(timestamp) > now) return false;
    if (held > buffer.next) {
      // What is missing may have been a frame, or its end, or the beginning of the next.
      this.#countLost(held - buffer.next);
      buffer.next = held;
      this.#isGapBefore = true;
    }
    if (!this.#isGapBefore || this.#isHeadless(held)) this.#abandonFrame(timestamp);
    else this.#framesLostBefore++;
    this.#release();
    return true;
  }

  /** Lets go of all packets of the frame that `next` belongs to, and of the holes between them. */
  #abandonFrame(timestamp: number): void {
    const buffer = this.#buffer;
    const { slots } = buffer;
    let missing = 0;
    let sequence = buffer.next;
    let isGap = false;
    let isEndSeen = false;
    for (; sequence <= buffer.highest; sequence++) {
      if (!slots.has(sequence)) {
        missing++;
        isGap = true;
        continue;
      }
      isEndSeen = slots.timestamp(sequence) !== timestamp;
      if (isEndSeen) break;
      isEndSeen = slots.marker(sequence);
      slots.remove(sequence);
      isGap = false;
      if (!isEndSeen) continue;
      sequence++;
      break;
    }
    this.#countLost(missing);
    this.#isGapBefore = isGap || !isEndSeen;
    buffer.next = sequence;
    if (timestamp === this.#abandonedTimestamp) return; // more of the same
    this.#abandonedTimestamp = timestamp;
    this.#abandoned++;
    this.#framesLostBefore++;
  }

  #countLost(packets: number): void {
    this.#buffer.lost += packets;
    this.#lostBefore += packets;
  }

  #isHopeless(): boolean {
    const { next, slots, highest } = this.#buffer;
    if (this.#beyondRepair < next) return false;
    // Only what is missing of the head counts: from the first hole on.
    let hole = this.#scannedFrom === next ? this.#scanned : next;
    while (hole <= highest && slots.has(hole)) hole++;
    return hole <= this.#beyondRepair;
  }

  #release(): void {
    const buffer = this.#buffer;
    for (; buffer.floor < buffer.next; buffer.floor++) buffer.slots.remove(buffer.floor);
  }
}

/** The packets of one frame, in order. */
export class VideoFrame {
  /** Unwrapped. */
  first = 0;
  packetCount = 0;
  /** Packets, and frames as far as they are known, that were given up since the frame before. */
  lostBefore = 0;
  framesLostBefore = 0;
  readonly #buffer: ReorderBuffer;

  constructor(buffer: ReorderBuffer) {
    this.#buffer = buffer;
  }

  set(first: number, last: number, lostBefore: number, framesLostBefore: number): void {
    this.first = first;
    this.packetCount = last - first + 1;
    this.lostBefore = lostBefore;
    this.framesLostBefore = framesLostBefore;
  }

  /** RTP timestamp, as it is in the packets. */
  get timestamp(): number {
    return this.#buffer.slots.timestamp(this.first) >>> 0;
  }

  /** Bytes of all its packets, headers included. */
  get bytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.packetCount; i++) bytes += this.#buffer.slots.length(this.first + i);
    return bytes;
  }

  /** Points the view at packet `index` of `packetCount`. */
  packet(index: number, packet: RtpPacket): void {
    this.#buffer.slots.view(this.first + index, packet);
  }
}
