// Sender and receiver reports, SDES CNAME and BYE: what goes out at intervals and leads every compound packet, and what
// the peer's reports say. RFC 3550 §6, RFC 4585 §3.4 (timing), RFC 5506 (reduced size), RFC 8108 §5.3 (several senders).
// Deviation: the interval is fixed and varied at random, not computed from the session's bandwidth and membership:
// these sessions are point to point, and feedback goes out as soon as there is any (RFC 4585 §3.4, no T_rr_interval).
import { Drops, type Millis, NEVER, putU32, randomUnit, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { within } from '../option-range.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { RTCP_TYPE, writeRtcpHeader } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import { SDES_ITEM } from '../rtcp/source-description.ts';
import type { RtcpLead } from './chain.ts';
import type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
import { REPORT_BLOCK_BYTES, Reception } from './reception.ts';
import { compactNtp, type RoundTripTime } from './round-trip-time.ts';
import type { RtpStream } from './stream.ts';
import { SENDER_INFO_BYTES, Transmission } from './transmission.ts';

export interface ReportsOptions {
  /** RFC 7022: the canonical name of this end, 1 to 255 bytes of UTF-8. */
  readonly cname: string;
  /** Milliseconds from 1970 to the zero of `now`. Default: 0. */
  readonly wallClockOffset?: number | undefined;
  /** Mean time between reports. Milliseconds, default: 1000. */
  readonly interval?: Millis | undefined;
  /** RFC 5506: feedback may go without a report in front. Default: false. */
  readonly reducedSize?: boolean | undefined;
}

export type ReportsDrop = 'malformed' | 'unknown-stream' | 'stray-packet';

const RR_HEADER_BYTES = 8;
const MAX_BLOCKS = 31;
const MAX_BYES = 31;

export class Reports implements Interceptor, RtcpLead {
  readonly name = 'reports';
  readonly drops: Drops<ReportsDrop> = new Drops<ReportsDrop>([
    'malformed',
    'unknown-stream',
    'stray-packet',
  ]);
  readonly #receptions: Array<Reception | undefined> = [];
  readonly #transmissions: Array<Transmission | undefined> = [];
  readonly #roundTripTime: RoundTripTime;
  readonly #cname: Uint8Array;
  readonly #sdesBytes: number;
  readonly #wallClockOffset: number;
  readonly #interval: Millis;
  readonly #reducedSize: boolean;
  readonly #byes: number[] = [];
  readonly #ended: boolean[] = [];
  #context: ChainContext | undefined;
  #nextAt = NEVER;
  /** A round of reports goes on where the last packet had no more room. */
  #localCursor = 0;
  #remoteCursor = 0;
  #anyEnded = false;

  constructor(roundTripTime: RoundTripTime, options: ReportsOptions) {
    this.#roundTripTime = roundTripTime;
    this.#cname = new TextEncoder().encode(options.cname);
    if (this.#cname.length === 0 || this.#cname.length > 255)
      throw new RtpError('BAD_OPTION', `cname is 1 to 255 bytes, not ${this.#cname.length}`);
    this.#sdesBytes = 4 + ((4 + 2 + this.#cname.length + 4) & ~3);
    this.#wallClockOffset = options.wallClockOffset ?? 0;
    this.#interval = within('interval', options.interval, 20, 60_000, 1_000);
    this.#reducedSize = options.reducedSize ?? false;
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream(stream: RtpStream, now: Millis): void {
    if (stream.isLocal) this.#transmissions[stream.slot] = new Transmission();
    else this.#receptions[stream.slot] = new Reception(stream.clockRate);
    if (this.#nextAt === NEVER) this.#schedule(now, 0.5);
  }

  removeStream(stream: RtpStream): void {
    if (!stream.isLocal) {
      this.#receptions[stream.slot] = undefined;
      this.#ended[stream.slot] = false;
      return;
    }
    const sent = this.#transmissions[stream.slot]?.packets ?? 0;
    this.#transmissions[stream.slot] = undefined;
    // RFC 3550 §6.3.7: whoever never sent anything does not say good-bye.
    if (sent === 0 || this.#byes.length >= MAX_BYES) return;
    this.#byes.push(stream.ssrc);
    this.#context?.wantRtcp();
  }

  /** What has come of a remote stream. */
  reception(stream: RtpStream): Reception | undefined {
    return stream.isLocal ? undefined : this.#receptions[stream.slot];
  }

  /** What was sent of a local stream, and what the peer says of it. */
  transmission(stream: RtpStream): Transmission | undefined {
    return stream.isLocal ? this.#transmissions[stream.slot] : undefined;
  }

  receiveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): boolean {
    const reception = this.#receptions[stream.slot]!;
    const { ssrc } = packet;
    if (ssrc === stream.ssrc) {
      const clockRate = stream.clockRateOf(packet.payloadType);
      if (!reception.onPacket(packet.sequenceNumber, packet.timestamp, clockRate, now)) {
        this.drops.count('stray-packet');
        return false;
      }
    } else if (ssrc === stream.rtxSsrc) {
      // RFC 4588 §8.1: retransmissions have numbers of their own and do not hide the loss of the original.
      reception.retransmittedPackets++;
      reception.retransmittedBytes += packet.payloadEnd - packet.headerEnd;
    } else {
      reception.fecPackets++;
      reception.fecBytes += packet.payloadEnd - packet.headerEnd;
    }
    reception.payloadBytes += packet.payloadEnd - packet.headerEnd;
    reception.headerBytes += packet.headerEnd - packet.at + (packet.end - packet.payloadEnd);
    return true;
  }

  leaveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): void {
    const transmission = this.#transmissions[stream.slot];
    if (transmission === undefined) return;
    const payloadBytes = packet.payloadEnd - packet.headerEnd;
    if (packet.ssrc === stream.ssrc)
      transmission.onPacket(packet.timestamp, payloadBytes, packet.end - packet.at - payloadBytes, now);
    else if (packet.ssrc === stream.rtxSsrc) {
      transmission.retransmittedPackets++;
      transmission.retransmittedBytes += payloadBytes;
    }
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    switch (rtcp.type) {
      case RTCP_TYPE.senderReport:
        this.#onSenderReport(rtcp, now);
        break;
      case RTCP_TYPE.receiverReport:
        this.#onBlocks(rtcp, rtcp.at + RR_HEADER_BYTES, now);
        break;
      case RTCP_TYPE.bye:
        this.#onBye(rtcp);
        break;
    }
  }

  // ---- what goes out ----

  isDue(now: Millis): boolean {
    return now >= this.#nextAt;
  }

  writeLead(out: Uint8Array, at: number, end: number, now: Millis): number {
    const start = at;
    const isDue = this.isDue(now);
    if (isDue) {
      at = this.#writeReports(out, at, end, now);
      if (at > start) return at - start;
    }
    if (this.#reducedSize || end - at < RR_HEADER_BYTES + this.#sdesBytes) return 0;
    // RFC 3550 §6.1: a compound packet begins with a report, an empty one if there is nothing to report, and a CNAME.
    const ssrc = this.#context!.ownSsrc;
    at = this.#openReceiverReport(out, at, ssrc);
    return this.#writeSdes(out, at, ssrc) - start;
  }

  writeRtcp(out: Uint8Array, at: number, end: number): number {
    const count = this.#byes.length;
    if (count === 0) return 0;
    const length = 4 + count * 4;
    if (end - at < length) {
      this.#context!.wantRtcp();
      return 0;
    }
    writeRtcpHeader(out, at, count, RTCP_TYPE.bye, length);
    for (let i = 0; i < count; i++) putU32(out, at + 4 + i * 4, this.#byes[i]!);
    this.#byes.length = 0;
    return length;
  }

  drain(sink: ChainSink): boolean {
    if (!this.#anyEnded) return false;
    this.#anyEnded = false;
    for (let slot = 0; slot < this.#ended.length; slot++) {
      if (!this.#ended[slot]) continue;
      this.#ended[slot] = false;
      const stream = this.#context!.remoteAt(slot);
      if (stream !== undefined) sink.onBye?.(stream);
    }
    return true;
  }

  /** As many reports as there is room for; the round is over when every stream had its turn. */
  #writeReports(out: Uint8Array, at: number, end: number, now: Millis): number {
    const context = this.#context!;
    const start = at;
    const sdesBytes = this.#sdesBytes;
    const wall = now + this.#wallClockOffset;
    let any = false;
    for (; this.#localCursor < context.localSlots; this.#localCursor++) {
      const transmission = this.#transmissions[this.#localCursor];
      const stream = context.localAt(this.#localCursor);
      if (stream === undefined || transmission === undefined || !transmission.hasNews) continue;
      if (end - at < SENDER_INFO_BYTES + sdesBytes) return this.#roundGoesOn(at, start);
      const headerAt = at;
      out[at + 1] = RTCP_TYPE.senderReport;
      transmission.writeInfo(out, at + 4, stream.ssrc, stream.clockRate, wall, now);
      at = this.#writeBlocks(out, headerAt, at + SENDER_INFO_BYTES, end - sdesBytes, now);
      at = this.#writeSdes(out, at, stream.ssrc);
      any = true;
    }
    while (this.#hasUnreported() || !any) {
      if (end - at < RR_HEADER_BYTES + REPORT_BLOCK_BYTES + sdesBytes) return this.#roundGoesOn(at, start);
      const ssrc = context.ownSsrc;
      const headerAt = at;
      this.#openReceiverReport(out, at, ssrc);
      at = this.#writeBlocks(out, headerAt, at + RR_HEADER_BYTES, end - sdesBytes, now);
      at = this.#writeSdes(out, at, ssrc);
      any = true;
    }
    this.#localCursor = 0;
    this.#remoteCursor = 0;
    // RFC 3550 §6.3.1: varied from half to one and a half, so that reports of many do not fall together.
    this.#schedule(now, 0.5 + randomUnit(context.random));
    return at;
  }

  #roundGoesOn(at: number, start: number): number {
    if (at === start) this.#wakeAt(this.#nextAt + 1); // no room for anything: try again with the next packet, a little later
    return at;
  }

  #hasUnreported(): boolean {
    for (; this.#remoteCursor < this.#receptions.length; this.#remoteCursor++)
      if (this.#receptions[this.#remoteCursor]?.hasNews) return true;
    return false;
  }

  /** Report blocks for the remote streams from the cursor on; closes the packet whose header is at `headerAt`. */
  #writeBlocks(out: Uint8Array, headerAt: number, at: number, end: number, now: Millis): number {
    let blocks = 0;
    while (blocks < MAX_BLOCKS && end - at >= REPORT_BLOCK_BYTES && this.#hasUnreported()) {
      const stream = this.#context!.remoteAt(this.#remoteCursor);
      if (stream !== undefined) {
        this.#receptions[this.#remoteCursor]!.writeBlock(out, at, stream.ssrc, now);
        at += REPORT_BLOCK_BYTES;
        blocks++;
      }
      this.#remoteCursor++;
    }
    writeRtcpHeader(out, headerAt, blocks, out[headerAt + 1]!, at - headerAt);
    return at;
  }

  #openReceiverReport(out: Uint8Array, at: number, ssrc: number): number {
    writeRtcpHeader(out, at, 0, RTCP_TYPE.receiverReport, RR_HEADER_BYTES);
    putU32(out, at + 4, ssrc);
    return at + RR_HEADER_BYTES;
  }

  #writeSdes(out: Uint8Array, at: number, ssrc: number): number {
    const length = this.#sdesBytes;
    const end = at + length;
    writeRtcpHeader(out, at, 1, RTCP_TYPE.sourceDescription, length);
    putU32(out, at + 4, ssrc);
    out[at + 8] = SDES_ITEM.cname;
    out[at + 9] = this.#cname.length;
    at += 10;
    for (let i = 0; i < this.#cname.length; i++) out[at++] = this.#cname[i]!;
    while (at < end) out[at++] = 0; // RFC 3550 §6.5: at least one, to the next word
    return end;
  }

  #schedule(now: Millis, factor: number): void {
    this.#wakeAt(now + this.#interval * factor);
  }

  #wakeAt(time: Millis): void {
    this.#nextAt = time;
    this.#context!.wakeAt(time);
  }

  // ---- what comes in ----

  #onSenderReport(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.end - rtcp.at < SENDER_INFO_BYTES) {
      this.drops.count('malformed');
      return;
    }
    const stream = this.#context!.remoteStream(rtcp.senderSsrc);
    if (stream === undefined) this.drops.count('unknown-stream');
    else if (stream.ssrc === rtcp.senderSsrc)
      this.#receptions[stream.slot]!.onSenderReport(rtcp.bytes, rtcp.at + 8, now);
    this.#onBlocks(rtcp, rtcp.at + SENDER_INFO_BYTES, now);
  }

  #onBlocks(rtcp: RtcpReader, at: number, now: Millis): void {
    if (at + rtcp.count * REPORT_BLOCK_BYTES > rtcp.end) {
      this.drops.count('malformed');
      return;
    }
    const compactNow = compactNtp(now + this.#wallClockOffset);
    for (let i = 0; i < rtcp.count; i++, at += REPORT_BLOCK_BYTES) {
      const ssrc = u32(rtcp.bytes, at);
      const stream = this.#context!.localStream(ssrc);
      if (stream === undefined) this.drops.count('unknown-stream');
      else if (stream.ssrc === ssrc) {
        const sample = this.#transmissions[stream.slot]!.onReportBlock(rtcp.bytes, at, compactNow, now);
        if (sample >= 0) this.#roundTripTime.add(sample);
      }
    }
  }

  #onBye(rtcp: RtcpReader): void {
    if (rtcp.at + 4 + rtcp.count * 4 > rtcp.end) {
      this.drops.count('malformed');
      return;
    }
    for (let i = 0; i < rtcp.count; i++) {
      const ssrc = u32(rtcp.bytes, rtcp.at + 4 + i * 4);
      const stream = this.#context!.remoteStream(ssrc);
      if (stream === undefined) this.drops.count('unknown-stream');
      else if (stream.ssrc === ssrc) {
        this.#ended[stream.slot] = true;
        this.#anyEnded = true;
      }
    }
  }
}
