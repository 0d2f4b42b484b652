// Hot: notices what is missing of remote streams, asks for it, asks again when a round trip has brought nothing, and
// gives up. RFC 4585 §3.5, §6.2.1. What a jump of sequence numbers can make us ask for is bounded.
import { Drops, type Millis, NEVER, putU16 } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { FEEDBACK_HEADER_BYTES, RTCP_TYPE, writeFeedback, writeRtcpHeader } from '../rtcp/rtcp-header.ts';
import type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
import { ReceiveLog } from './receive-log.ts';
import type { RoundTripTime } from './round-trip-time.ts';
import type { RtpStream } from './stream.ts';

export interface NackGeneratorOptions {
  /** Sequence numbers watched behind the highest; a power of two. Default: 1024. */
  readonly window?: number | undefined;
  /** A gap of more is a jump: nothing before it is asked for. Default: 512. */
  readonly maxGap?: number | undefined;
  /** Packets that may be missing of one stream before the oldest are given up. Default: 512. */
  readonly maxMissing?: number | undefined;
  /** Sequence numbers asked for in one RTCP packet. Default: 256. */
  readonly maxAsked?: number | undefined;
  /** How often one packet is asked for. Default: 10. */
  readonly maxTries?: number | undefined;
  /** A packet is given up after this time. Milliseconds, default: 2000. */
  readonly giveUpAfter?: Millis | undefined;
  /** How long a gap may be one of reordering. Milliseconds, default: 0, the end of the batch. */
  readonly reorderDelay?: Millis | undefined;
  /** What is added to a round trip before a packet is asked for again. Milliseconds, default: 10. */
  readonly retryMargin?: Millis | undefined;
}

export type NackGeneratorDrop = 'sequence-jump' | 'lost-event';

const GENERIC_NACK = 1;
const FCI_BYTES = 4;
const MAX_LOST_EVENTS = 512;

export class NackGenerator implements Interceptor {
  readonly name = 'nack-generator';
  readonly drops: Drops<NackGeneratorDrop> = new Drops<NackGeneratorDrop>(['sequence-jump', 'lost-event']);
  /** Packets asked for (each request counts), restored by a request's answer or late arrival, and given up. */
  asked = 0;
  recovered = 0;
  givenUp = 0;
  readonly #logs: Array<ReceiveLog | undefined> = [];
  readonly #nackCounts: number[] = [];
  readonly #roundTripTime: RoundTripTime;
  readonly #window: number;
  readonly #maxGap: number;
  readonly #maxMissing: number;
  readonly #maxAsked: number;
  readonly #maxTries: number;
  readonly #giveUpAfter: Millis;
  readonly #reorderDelay: Millis;
  readonly #retryMargin: Millis;
  readonly #lostSlots = new Int32Array(MAX_LOST_EVENTS);
  readonly #lostSequences = new Uint16Array(MAX_LOST_EVENTS);
  #lostCount = 0;
  /** One number; in an array, as it changes with packets. */
  readonly #deadline = new Float64Array(1).fill(NEVER);
  #context: ChainContext | undefined;

  constructor(roundTripTime: RoundTripTime, options: NackGeneratorOptions = {}) {
    this.#roundTripTime = roundTripTime;
    this.#window = 2 ** Math.ceil(Math.log2(within('window', options.window, 64, 16_384, 1_024)));
    this.#maxGap = within('maxGap', options.maxGap, 1, this.#window - 1, Math.min(512, this.#window - 1));
    this.#maxMissing = within('maxMissing', options.maxMissing, 1, this.#window, 512);
    this.#maxAsked = within('maxAsked', options.maxAsked, 1, 4_096, 256);
    this.#maxTries = within('maxTries', options.maxTries, 1, 255, 10);
    this.#giveUpAfter = within('giveUpAfter', options.giveUpAfter, 1, 60_000, 2_000);
    this.#reorderDelay = within('reorderDelay', options.reorderDelay, 0, 1_000, 0);
    this.#retryMargin = within('retryMargin', options.retryMargin, 0, 1_000, 10);
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream(stream: RtpStream): void {
    if (stream.isLocal || !stream.wantsNack) return;
    this.#logs[stream.slot] = new ReceiveLog(this.#window);
    this.#nackCounts[stream.slot] = 0;
  }

  removeStream(stream: RtpStream): void {
    if (!stream.isLocal) this.#logs[stream.slot] = undefined;
  }

  /** NACK messages sent for a stream. */
  nackCount(stream: RtpStream): number {
    return stream.isLocal ? 0 : (this.#nackCounts[stream.slot] ?? 0);
  }

  /** Packets of the stream that are being asked for. */
  missing(stream: RtpStream): number {
    return stream.isLocal ? 0 : (this.#logs[stream.slot]?.missing ?? 0);
  }

  receiveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): boolean {
    const log = this.#logs[stream.slot];
    if (log === undefined || packet.ssrc !== stream.ssrc) return true;
    const { sequenceNumber } = packet;
    const ahead = log.ahead(sequenceNumber);
    if (log.highest < 0) log.begin(sequenceNumber);
    else if (ahead > this.#maxGap || ahead < -this.#window) {
      this.drops.count('sequence-jump');
      log.begin(sequenceNumber);
    } else if (ahead > 0) this.#advance(log, stream.slot, sequenceNumber, ahead, now);
    else if (log.missing > 0 && log.isMissing(sequenceNumber)) {
      log.clear(sequenceNumber);
      this.recovered++;
    }
    return true;
  }

  writeRtcp(out: Uint8Array, at: number, end: number, now: Millis): number {
    const start = at;
    let deadline = NEVER;
    for (let slot = 0; slot < this.#logs.length; slot++) {
      const log = this.#logs[slot];
      if (log === undefined || log.missing === 0) continue;
      at += this.#writeNack(log, slot, out, at, end, now);
      for (let lost = log.firstMissing(); lost >= 0; lost = log.nextMissing((lost + 1) & 0xffff))
        deadline = Math.min(deadline, log.askAt(lost));
    }
    this.#wakeAt(deadline);
    if (deadline <= now) this.#context!.wantRtcp(); // what there was no room for
    return at - start;
  }

  expire(): void {
    this.#context!.wantRtcp();
  }

  drain(sink: ChainSink): boolean {
    const count = this.#lostCount;
    if (count === 0) return false;
    this.#lostCount = 0;
    for (let i = 0; i < count; i++) {
      const stream = this.#context!.remoteAt(this.#lostSlots[i]!);
      if (stream !== undefined) sink.onPacketLost?.(stream, this.#lostSequences[i]!);
    }
    return true;
  }

  #wakeAt(time: Millis): void {
    this.#deadline[0] = time;
    this.#context!.wakeAt(time);
  }

  #advance(log: ReceiveLog, slot: number, sequenceNumber: number, ahead: number, now: Millis): void {
    // What the window leaves behind is lost.
    if (log.missing > 0)
      for (let i = ahead; i > 0; i--) {
        const leaving = (sequenceNumber - i + 1 - this.#window) & 0xffff;
        if (log.isMissing(leaving)) this.#giveUp(log, slot, leaving);
      }
    if (ahead > 1) {
      const askAt = now + this.#reorderDelay;
      for (let i = ahead - 1; i > 0; i--) {
        if (log.missing >= this.#maxMissing) this.#giveUp(log, slot, log.firstMissing());
        log.miss((sequenceNumber - i) & 0xffff, now, askAt);
      }
      if (askAt < this.#deadline[0]!) this.#wakeAt(askAt);
      if (this.#reorderDelay === 0) this.#context!.wantRtcp();
    }
    log.advance(sequenceNumber);
  }

  #writeNack(log: ReceiveLog, slot: number, out: Uint8Array, at: number, end: number, now: Millis): number {
    const start = at;
    const askAgainAt = now + this.#roundTripTime.smoothed + this.#retryMargin;
    let asked = 0;
    at += FEEDBACK_HEADER_BYTES;
    for (let lost = log.firstMissing(); lost >= 0; lost = log.nextMissing((lost + 1) & 0xffff)) {
      if (!this.#isDue(log, slot, lost, now)) continue;
      if (asked >= this.#maxAsked || end - at < FCI_BYTES) break;
      log.countTry(lost, askAgainAt);
      asked++;
      let mask = 0;
      let last = lost;
      for (let bit = 0; bit < 16; bit++) {
        const next = (lost + 1 + bit) & 0xffff;
        if (!log.isMissing(next) || !this.#isDue(log, slot, next, now)) continue;
        log.countTry(next, askAgainAt);
        mask |= 1 << bit;
        last = next;
        asked++;
      }
      putU16(out, at, lost);
      putU16(out, at + 2, mask);
      at += FCI_BYTES;
      lost = last;
    }
    if (asked === 0) return 0;
    this.asked += asked;
    this.#nackCounts[slot]!++;
    const stream = this.#context!.remoteAt(slot)!;
    writeFeedback(
      out,
      start,
      end,
      RTCP_TYPE.transportFeedback,
      GENERIC_NACK,
      this.#context!.ownSsrc,
      stream.ssrc,
    );
    writeRtcpHeader(out, start, GENERIC_NACK, RTCP_TYPE.transportFeedback, at - start);
    return at - start;
  }

  /** Whether the packet is to be asked for now; one that was asked for too often or too long is given up. */
  #isDue(log: ReceiveLog, slot: number, sequenceNumber: number, now: Millis): boolean {
    if (log.askAt(sequenceNumber) > now) return false;
    if (log.tries(sequenceNumber) < this.#maxTries && now - log.missedAt(sequenceNumber) <= this.#giveUpAfter)
      return true;
    this.#giveUp(log, slot, sequenceNumber);
    return false;
  }

  #giveUp(log: ReceiveLog, slot: number, sequenceNumber: number): void {
    log.clear(sequenceNumber);
    this.givenUp++;
    if (this.#lostCount === MAX_LOST_EVENTS) {
      this.drops.count('lost-event');
      return;
    }
    this.#lostSlots[this.#lostCount] = slot;
    this.#lostSequences[this.#lostCount] = sequenceNumber;
    this.#lostCount++;
  }
}
