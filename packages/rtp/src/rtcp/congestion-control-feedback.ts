// Hot: which packets of each stream have arrived, when, and with which ECN mark. RFC 8888 §3.1.
//
//  | header | sender's SSRC | stream ... | report timestamp |
//  stream: | SSRC | begin_seq (16) | num_reports (16) | report (16) ... | zeros, up to the next 32 bits |
//  report: | received (1) | ECN (2) | arrival time offset (13) |
import { type Millis, putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { RTCP_KIND, RTCP_TYPE, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const FORMAT = 11;
const STREAMS_OFFSET = 8;
const STREAM_HEADER_BYTES = 8;
const TIMESTAMP_BYTES = 4;
/** RFC 8888 §3.1: no more reports than this in one packet of one stream. */
export const MAX_CCFB_REPORTS = 16_384;
/** An arrival time offset too long to be said. RFC 8888 §3.1. */
export const OFFSET_OVER_RANGE = 0x1ffe;
/** The packet came after the report's time, or nobody knows when. RFC 8888 §3.1. */
export const OFFSET_UNAVAILABLE = 0x1fff;
const OFFSETS_PER_MILLI = 1.024;
const NO_BYTES = new Uint8Array(0);

/** A cursor over the streams and their packets. */
export class CongestionControlFeedback {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  senderSsrc = 0;
  /** When the feedback was made: the middle of an NTP time. */
  reportTimestamp = 0;
  /** The stream's. */
  ssrc = 0;
  /** Of how many packets of the stream there are reports. */
  reportCount = 0;
  /** The packet's. */
  sequenceNumber = 0;
  isReceived = false;
  /** The packet's ECN mark, as RFC 3168 §5 has it in two bits. */
  ecn = 0;
  /** How long before `reportTimestamp` it came, in 1/1024 s, or one of `OFFSET_OVER_RANGE` and `OFFSET_UNAVAILABLE`. */
  arrivalOffset = 0;
  #streamAt = 0;
  #streamsEnd = 0;
  #reportAt = 0;
  #reportsEnd = 0;

  /** False if the packet is something else, or malformed: all streams are there as they say, or nothing is believed. */
  read(packet: RtcpReader): boolean {
    const { bytes, at, end } = packet;
    if (packet.kind !== RTCP_KIND.congestionControlFeedback) return false;
    const streamsEnd = end - TIMESTAMP_BYTES;
    let streamAt = at + STREAMS_OFFSET;
    while (streamAt < streamsEnd) {
      if (streamAt + STREAM_HEADER_BYTES > streamsEnd) return false;
      const reports = u16(bytes, streamAt + 6);
      if (reports > MAX_CCFB_REPORTS) return false;
      streamAt += streamBytes(reports);
    }
    if (streamAt !== streamsEnd) return false;
    this.bytes = bytes;
    this.at = at;
    this.senderSsrc = packet.senderSsrc;
    this.reportTimestamp = u32(bytes, streamsEnd);
    this.#streamAt = at + STREAMS_OFFSET;
    this.#streamsEnd = streamsEnd;
    this.#reportAt = this.#reportsEnd = 0;
    return true;
  }

  /** Goes to the next stream. False behind the last. */
  nextStream(): boolean {
    const at = this.#streamAt;
    if (at >= this.#streamsEnd) return false;
    const { bytes } = this;
    this.ssrc = u32(bytes, at);
    this.sequenceNumber = u16(bytes, at + 4) - 1;
    this.reportCount = u16(bytes, at + 6);
    this.#reportAt = at + STREAM_HEADER_BYTES;
    this.#reportsEnd = this.#reportAt + this.reportCount * 2;
    this.#streamAt = at + streamBytes(this.reportCount);
    return true;
  }

  /** Goes to the stream's next packet. False behind its last. */
  nextPacket(): boolean {
    if (this.#reportAt === this.#reportsEnd) return false;
    const report = u16(this.bytes, this.#reportAt);
    this.#reportAt += 2;
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff;
    this.isReceived = report >= 0x8000;
    // RFC 8888 §3.1: of a packet not received the other bits mean nothing.
    this.ecn = this.isReceived ? (report >> 13) & 3 : 0;
    this.arrivalOffset = this.isReceived ? report & 0x1fff : OFFSET_UNAVAILABLE;
    return true;
  }
}

/** `begin`; for each stream `beginStream` and `add` for each packet, received or not, in order; `finish`. */
export class CongestionControlWriter {
  #out: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  #next = 0;
  /** Where the stream under way begins; 0 if none does. */
  #streamAt = 0;
  #reports = 0;
  #totalReports = 0;

  /** Begins feedback in `out[at, end)`. False without room. */
  begin(out: Uint8Array, at: number, end: number, senderSsrc: number): boolean {
    if (end > out.length || end - at < STREAMS_OFFSET + TIMESTAMP_BYTES) return false;
    putU32(out, at + 4, senderSsrc);
    this.#out = out;
    this.#at = at;
    this.#end = end;
    this.#next = at + STREAMS_OFFSET;
    this.#streamAt = 0;
    this.#totalReports = 0;
    return true;
  }

  /** Begins the reports of a stream. False without room. */
  beginStream(ssrc: number, beginSequenceNumber: number): boolean {
    if (this.#at === this.#end) throw new RtpError('NOT_BEGUN');
    this.#endStream();
    const at = this.#next;
    if (at + STREAM_HEADER_BYTES + TIMESTAMP_BYTES > this.#end) return false;
    putU32(this.#out, at, ssrc);
    putU16(this.#out, at + 4, beginSequenceNumber);
    this.#streamAt = at;
    this.#reports = 0;
    this.#next = at + STREAM_HEADER_BYTES;
    return true;
  }

  /** Adds the stream's next packet; of one that is not received the rest means nothing. False without room. */
  add(isReceived: boolean, ecn = 0, arrivalOffset: number = OFFSET_UNAVAILABLE): boolean {
    if (this.#at === this.#end || this.#streamAt === 0) throw new RtpError('NOT_BEGUN');
    // An odd number of reports is followed by zeros.
    if (((this.#next + 2 - this.#at + 3) & ~3) + TIMESTAMP_BYTES > this.#end - this.#at) return false;
    if (this.#totalReports === MAX_CCFB_REPORTS) return false;
    const report = isReceived ? 0x8000 | ((ecn & 3) << 13) | (arrivalOffset & 0x1fff) : 0;
    putU16(this.#out, this.#next, report);
    this.#next += 2;
    this.#reports++;
    this.#totalReports++;
    return true;
  }

  /** Completes the packet and returns its length. `reportTimestamp` is the middle of an NTP time. */
  finish(reportTimestamp: number): number {
    if (this.#at === this.#end) throw new RtpError('NOT_BEGUN');
    this.#endStream();
    const length = this.#next + TIMESTAMP_BYTES - this.#at;
    putU32(this.#out, this.#next, reportTimestamp);
    writeRtcpHeader(this.#out, this.#at, FORMAT, RTCP_TYPE.transportFeedback, length);
    this.#end = this.#at;
    return length;
  }

  #endStream(): void {
    if (this.#streamAt === 0) return;
    putU16(this.#out, this.#streamAt + 6, this.#reports);
    if (this.#reports % 2 === 1) {
      putU16(this.#out, this.#next, 0);
      this.#next += 2;
    }
    this.#streamAt = 0;
  }
}

/** How an arrival so long before the report is said. */
export function toArrivalOffset(before: Millis): number {
  if (before < 0) return OFFSET_UNAVAILABLE;
  return Math.min(Math.round(before * OFFSETS_PER_MILLI), OFFSET_OVER_RANGE);
}

/** What an offset below `OFFSET_OVER_RANGE` says. */
export function fromArrivalOffset(offset: number): Millis {
  return offset / OFFSETS_PER_MILLI;
}

function streamBytes(reports: number): number {
  return STREAM_HEADER_BYTES + ((reports * 2 + 3) & ~3);
}
