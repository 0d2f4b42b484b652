// Hot: which packets of a transport have arrived, and when. draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
//
//  | feedback header | base sequence number (16) | status count (16) | reference time (24) | feedback count (8) |
//  | packet chunk (16) ... | receive delta (8 or 16) ... | zeros, up to the next 32 bits |
//  chunk: |0| symbol (2) | run length (13) |   |1|0| 14 symbols of 1 bit |   |1|1| 7 symbols of 2 bits |
import { type Millis, u16, u24 } from '@millrace/sans-io';
import { FEEDBACK_HEADER_BYTES, RTCP_KIND } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

/** A tick of arrival times is 250 µs. */
export const TICKS_PER_MILLI = 4;
/** The unit of the reference time: 64 ms. */
export const REFERENCE_TICKS = 256;
export const CHUNKS_OFFSET: number = FEEDBACK_HEADER_BYTES + 8;
export const NOT_RECEIVED = 0;
export const SMALL_DELTA = 1;
export const LARGE_DELTA = 2;
const NO_BYTES = new Uint8Array(0);

/** A cursor over the packets it tells of. */
export class TransportWideFeedback {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  senderSsrc = 0;
  mediaSsrc = 0;
  /** The packet's transport-wide sequence number. */
  sequenceNumber = 0;
  isReceived = false;
  /** When the packet came, in ticks of 250 µs of the receiver's clock; for one not received that of the one before. */
  arrivalTicks = 0;
  #left = 0;
  #chunkAt = 0;
  #deltaAt = 0;
  /** Of the chunk under way: its symbols not told yet, lowest bits last, and how many bits each has. */
  #symbols = 0;
  #symbolBits = 0;
  #symbolsLeft = 0;

  /** False if the packet is something else, or malformed: every delta has to be there. */
  read(packet: RtcpReader): boolean {
    const { bytes, at, end } = packet;
    if (packet.kind !== RTCP_KIND.transportWideFeedback || end - at < CHUNKS_OFFSET) return false;
    let chunkAt = at + CHUNKS_OFFSET;
    let deltaBytes = 0;
    for (let left = u16(bytes, at + 14); left > 0; ) {
      if (chunkAt + 2 > end) return false;
      const chunk = u16(bytes, chunkAt);
      chunkAt += 2;
      if (chunk < 0x8000) {
        const symbol = chunk >> 13;
        const run = Math.min(chunk & 0x1fff, left);
        // Of the reserved symbol nobody knows for sure whether a delta belongs to it.
        if (symbol > LARGE_DELTA) return false;
        deltaBytes += symbol * run;
        left -= run;
      } else if (chunk < 0xc000) {
        for (let i = 13; i >= 0 && left > 0; i--, left--) deltaBytes += (chunk >> i) & 1;
      } else {
        for (let i = 12; i >= 0 && left > 0; i -= 2, left--) {
          const symbol = (chunk >> i) & 3;
          if (symbol > LARGE_DELTA) return false;
          deltaBytes += symbol;
        }
      }
    }
    if (chunkAt + deltaBytes > end) return false;
    this.bytes = bytes;
    this.at = at;
    this.senderSsrc = packet.senderSsrc;
    this.mediaSsrc = packet.mediaSsrc;
    this.#left = this.statusCount;
    this.#chunkAt = at + CHUNKS_OFFSET;
    this.#deltaAt = chunkAt;
    this.#symbolsLeft = 0;
    this.sequenceNumber = this.baseSequenceNumber - 1;
    this.arrivalTicks = this.referenceTicks;
    this.isReceived = false;
    return true;
  }

  get baseSequenceNumber(): number {
    return u16(this.bytes, this.at + 12);
  }

  /** Of how many packets it tells. */
  get statusCount(): number {
    return u16(this.bytes, this.at + 14);
  }

  /** What the first delta counts from, a multiple of 64 ms, in ticks; a signed number that wraps after twelve days. */
  get referenceTicks(): number {
    return ((u24(this.bytes, this.at + 16) << 8) >> 8) * REFERENCE_TICKS;
  }

  /** Counts the feedback packets, so that a lost one is noticed. */
  get feedbackCount(): number {
    return this.bytes[this.at + 19]!;
  }

  /** `arrivalTicks` in milliseconds. */
  get arrival(): Millis {
    return this.arrivalTicks / TICKS_PER_MILLI;
  }

  /** Goes to the next packet. False behind the last. */
  next(): boolean {
    if (this.#left === 0) return false;
    while (this.#symbolsLeft === 0) this.#nextChunk();
    this.#left--;
    this.#symbolsLeft--;
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff;
    const bits = this.#symbolBits;
    const symbol =
      bits === 0 ? this.#symbols : (this.#symbols >> (this.#symbolsLeft * bits)) & (bits === 1 ? 1 : 3);
    this.isReceived = symbol !== NOT_RECEIVED;
    if (symbol === SMALL_DELTA) this.arrivalTicks += this.bytes[this.#deltaAt++]!;
    else if (symbol === LARGE_DELTA) {
      this.arrivalTicks += (u16(this.bytes, this.#deltaAt) << 16) >> 16;
      this.#deltaAt += 2;
    }
    return true;
  }

  #nextChunk(): void {
    const chunk = u16(this.bytes, this.#chunkAt);
    this.#chunkAt += 2;
    if (chunk < 0x8000) {
      this.#symbols = chunk >> 13;
      this.#symbolBits = 0;
      this.#symbolsLeft = chunk & 0x1fff;
    } else {
      this.#symbols = chunk & 0x3fff;
      this.#symbolBits = chunk < 0xc000 ? 1 : 2;
      this.#symbolsLeft = chunk < 0xc000 ? 14 : 7;
    }
  }
}
