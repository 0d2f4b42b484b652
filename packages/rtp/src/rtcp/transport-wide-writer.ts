// Hot: writes transport-wide feedback, packet by packet, with as few bytes as the chunks allow without looking back.
// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1. Layout in transport-wide-feedback.ts.
import { putU16, putU24 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { RTCP_TYPE, writeFeedback, writeRtcpHeader } from './rtcp-header.ts';
import {
  CHUNKS_OFFSET,
  LARGE_DELTA,
  NOT_RECEIVED,
  REFERENCE_TICKS,
  SMALL_DELTA,
} from './transport-wide-feedback.ts';

const FORMAT = 15;
const MAX_STATUSES = 0xffff;
const MAX_RUN = 0x1fff;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;
/** More deltas than this fill no packet that a network carries. */
const MAX_DELTA_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);

/** `begin`, `add` for each packet received, in order of sequence numbers, `finish`. One object serves for all. */
export class TransportWideWriter {
  #out: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  #chunksEnd = 0;
  #statusCount = 0;
  #nextSequenceNumber = 0;
  #ticks = 0;
  /** Deltas wait here, since nobody knows yet where the chunks end. */
  readonly #deltas = new Uint8Array(MAX_DELTA_BYTES);
  #deltaBytes = 0;
  /** Symbols that are in no chunk yet. Of a long run only the first are here. */
  readonly #symbols = new Uint8Array(ONE_BIT_SYMBOLS);
  #pending = 0;
  #isRun = true;
  #hasLarge = false;

  /**
   * Begins feedback in `out[at, end)`. `baseTicks`, in ticks of 250 µs, is when the first packet came; all times
   * are of one clock, from 0. False without room.
   */
  begin(
    out: Uint8Array,
    at: number,
    end: number,
    senderSsrc: number,
    mediaSsrc: number,
    feedbackCount: number,
    baseSequenceNumber: number,
    baseTicks: number,
  ): boolean {
    if (end > out.length || end - at < CHUNKS_OFFSET) return false;
    writeFeedback(out, at, end, RTCP_TYPE.transportFeedback, FORMAT, senderSsrc, mediaSsrc);
    const reference = Math.floor(baseTicks / REFERENCE_TICKS);
    putU16(out, at + 12, baseSequenceNumber);
    putU24(out, at + 16, reference % 0x100_0000);
    out[at + 19] = feedbackCount;
    this.#out = out;
    this.#at = at;
    this.#end = end;
    this.#chunksEnd = at + CHUNKS_OFFSET;
    this.#statusCount = 0;
    this.#nextSequenceNumber = baseSequenceNumber & 0xffff;
    this.#ticks = reference * REFERENCE_TICKS;
    this.#deltaBytes = 0;
    this.#clear();
    return true;
  }

  /**
   * Adds the packet, which came at `arrivalTicks`; those between it and the last are not received. False if there is no
   * room, its time is too far from that of the last (8 s), or its number is not behind it: finish, and begin anew.
   */
  add(sequenceNumber: number, arrivalTicks: number): boolean {
    if (this.#at === this.#end) throw new RtpError('NOT_BEGUN');
    const missing = (sequenceNumber - this.#nextSequenceNumber) & 0xffff;
    const delta = arrivalTicks - this.#ticks;
    if (missing >= 0x8000 || this.#statusCount + missing >= MAX_STATUSES) return false;
    if (delta < -0x8000 || delta > 0x7fff) return false;
    const symbol = delta >= 0 && delta <= 0xff ? SMALL_DELTA : LARGE_DELTA;
    // Each pending symbol may get a chunk of its own at worst, seven of them two at best: what is counted here suffices.
    const chunkBytes = 2 * (Math.ceil(missing / MAX_RUN) + 4);
    const deltaBytes = this.#deltaBytes + symbol;
    if (deltaBytes > MAX_DELTA_BYTES || this.#chunksEnd + chunkBytes + ((deltaBytes + 3) & ~3) > this.#end)
      return false;

    this.#push(NOT_RECEIVED, missing);
    this.#push(symbol, 1);
    if (symbol === SMALL_DELTA) this.#deltas[this.#deltaBytes] = delta;
    else putU16(this.#deltas, this.#deltaBytes, delta);
    this.#deltaBytes = deltaBytes;
    this.#ticks = arrivalTicks;
    this.#statusCount += missing + 1;
    this.#nextSequenceNumber = (sequenceNumber + 1) & 0xffff;
    return true;
  }

  /** Of how many packets it tells so far, those not received included. */
  get statusCount(): number {
    return this.#statusCount;
  }

  /** Completes the packet and returns its length; 0 if no packet was added. */
  finish(): number {
    if (this.#at === this.#end) throw new RtpError('NOT_BEGUN');
    const out = this.#out;
    const at = this.#at;
    this.#end = at;
    if (this.#statusCount === 0) return 0;
    while (this.#pending > 0) this.#emit(true);
    putU16(out, at + 14, this.#statusCount);
    let end = this.#chunksEnd;
    // They are few, and a view of them would be garbage.
    for (let i = 0; i < this.#deltaBytes; i++) out[end++] = this.#deltas[i]!;
    while ((end - at) % 4 !== 0) out[end++] = 0;
    writeRtcpHeader(out, at, FORMAT, RTCP_TYPE.transportFeedback, end - at);
    return end - at;
  }

  #clear(): void {
    this.#pending = 0;
    this.#isRun = true;
    this.#hasLarge = false;
  }

  /** Adds `count` times the symbol to those pending, and writes chunks when no one chunk can hold them any more. */
  #push(symbol: number, count: number): void {
    while (count > 0) {
      const isRun = this.#isRun && (this.#pending === 0 || this.#symbols[0] === symbol);
      const fitsVector =
        this.#pending < TWO_BIT_SYMBOLS ||
        (this.#pending < ONE_BIT_SYMBOLS && !this.#hasLarge && symbol !== LARGE_DELTA);
      if (!(fitsVector || isRun) || this.#pending === MAX_RUN) {
        this.#emit(false);
        continue;
      }
      // Behind what a vector holds only the length of the run counts.
      const added = this.#pending < ONE_BIT_SYMBOLS ? 1 : Math.min(count, MAX_RUN - this.#pending);
      if (this.#pending < ONE_BIT_SYMBOLS) this.#symbols[this.#pending] = symbol;
      this.#pending += added;
      this.#isRun = isRun;
      if (symbol === LARGE_DELTA) this.#hasLarge = true;
      count -= added;
    }
  }

  /** Writes one chunk of the pending symbols, as many as it holds. Vectors that are not full are only for the last. */
  #emit(isLast: boolean): void {
    const symbols = this.#symbols;
    const pending = this.#pending;
    let chunk: number;
    if (this.#isRun) {
      chunk = (symbols[0]! << 13) | pending;
      this.#clear();
    } else if (!this.#hasLarge && (pending === ONE_BIT_SYMBOLS || (isLast && pending > TWO_BIT_SYMBOLS))) {
      chunk = 0x8000;
      for (let i = 0; i < pending; i++) chunk |= symbols[i]! << (13 - i);
      this.#clear();
    } else {
      chunk = 0xc000;
      const told = Math.min(pending, TWO_BIT_SYMBOLS);
      for (let i = 0; i < told; i++) chunk |= symbols[i]! << (12 - i * 2);
      this.#clear();
      for (let i = told; i < pending; i++) {
        const symbol = symbols[i]!;
        symbols[this.#pending] = symbol;
        if (symbol !== symbols[0]) this.#isRun = false;
        if (symbol === LARGE_DELTA) this.#hasLarge = true;
        this.#pending++;
      }
    }
    putU16(this.#out, this.#chunksEnd, chunk);
    this.#chunksEnd += 2;
  }
}
