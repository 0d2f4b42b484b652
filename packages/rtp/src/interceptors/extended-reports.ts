// The round-trip time for whoever only receives: asks with a receiver reference time (RRTR), answers the peer's (DLRR).
// RFC 3611 §4.4, §4.5.
import { Drops, type Millis, NEVER } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import {
  addDlrr,
  addReceiverReferenceTime,
  ExtendedReport,
  writeExtendedReport,
  XR_BLOCK,
} from '../rtcp/extended-report.ts';
import { ntpFraction, ntpSeconds, ntpShort, toNtpShort } from '../rtcp/ntp-time.ts';
import { RTCP_KIND } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { ChainContext, Interceptor } from './interceptor.ts';
import { compactNtp, type RoundTripTime, roundTripFrom } from './round-trip-time.ts';
import type { RtpStream } from './stream.ts';

export interface ExtendedReportsOptions {
  /** Milliseconds from 1970 to the zero of `now`. Default: 0. */
  readonly wallClockOffset?: number | undefined;
  /** Time between requests. Milliseconds, default: 1000. */
  readonly interval?: Millis | undefined;
  /** Receivers whose reference times are kept to be answered. Default: 16. */
  readonly maxReceivers?: number | undefined;
}

export type ExtendedReportsDrop = 'malformed' | 'too-many-receivers';

const XR_RRTR_BYTES = 8 + 12;
const XR_DLRR_BYTES = 8 + 4 + 12;
const DLRR_ENTRY_BYTES = 12;

export class ExtendedReports implements Interceptor {
  readonly name = 'extended-reports';
  readonly drops: Drops<ExtendedReportsDrop> = new Drops<ExtendedReportsDrop>([
    'malformed',
    'too-many-receivers',
  ]);
  readonly #roundTripTime: RoundTripTime;
  readonly #wallClockOffset: number;
  readonly #interval: Millis;
  readonly #report = new ExtendedReport();
  /** Of the receivers that asked: SSRC, the middle of their time, when it came; only those not answered yet. */
  readonly #ssrcs: Float64Array;
  readonly #times: Float64Array;
  readonly #cameAt: Float64Array;
  #asking = 0;
  #remoteStreams = 0;
  #nextAt = NEVER;
  #context: ChainContext | undefined;

  constructor(roundTripTime: RoundTripTime, options: ExtendedReportsOptions = {}) {
    this.#roundTripTime = roundTripTime;
    this.#wallClockOffset = options.wallClockOffset ?? 0;
    this.#interval = within('interval', options.interval, 20, 60_000, 1_000);
    const most = within('maxReceivers', options.maxReceivers, 1, 31, 16);
    this.#ssrcs = new Float64Array(most);
    this.#times = new Float64Array(most);
    this.#cameAt = new Float64Array(most);
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream(stream: RtpStream, now: Millis): void {
    if (!stream.isLocal && this.#remoteStreams++ === 0) this.#wakeAt(now);
  }

  removeStream(stream: RtpStream): void {
    if (!stream.isLocal && --this.#remoteStreams === 0) this.#wakeAt(NEVER);
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.kind !== RTCP_KIND.extendedReport) return;
    const report = this.#report;
    if (!report.read(rtcp)) {
      this.drops.count('malformed');
      return;
    }
    while (report.nextBlock()) {
      if (report.blockType === XR_BLOCK.receiverReferenceTime) this.#onReferenceTime(now);
      else if (report.blockType === XR_BLOCK.dlrr) this.#onDlrr(now);
    }
  }

  writeRtcp(out: Uint8Array, at: number, end: number, now: Millis): number {
    const start = at;
    const ssrc = this.#context!.ownSsrc;
    const asks = now >= this.#nextAt;
    if (!asks && this.#asking === 0) return 0;
    const needed = (asks ? XR_RRTR_BYTES : 8) + (this.#asking > 0 ? 4 + this.#asking * DLRR_ENTRY_BYTES : 0);
    if (end - at < Math.max(needed, XR_DLRR_BYTES)) {
      this.#context!.wantRtcp();
      return 0;
    }
    writeExtendedReport(out, at, end, ssrc);
    if (asks) {
      const wall = now + this.#wallClockOffset;
      addReceiverReferenceTime(out, at, end, ntpSeconds(wall), ntpFraction(wall));
      this.#wakeAt(now + this.#interval);
    }
    for (let i = 0; i < this.#asking; i++)
      addDlrr(out, at, end, this.#ssrcs[i]!, this.#times[i]!, toNtpShort(now - this.#cameAt[i]!));
    this.#asking = 0;
    return at + needed - start;
  }

  expire(): void {
    this.#context!.wantRtcp();
  }

  #wakeAt(time: Millis): void {
    this.#nextAt = time;
    this.#context!.wakeAt(time);
  }

  #onReferenceTime(now: Millis): void {
    const { ssrc } = this.#report;
    let i = 0;
    while (i < this.#asking && this.#ssrcs[i] !== ssrc) i++;
    if (i === this.#ssrcs.length) {
      this.drops.count('too-many-receivers');
      return;
    }
    this.#ssrcs[i] = ssrc;
    this.#times[i] = ntpShort(this.#report.ntpSeconds, this.#report.ntpFraction);
    this.#cameAt[i] = now;
    if (i === this.#asking) this.#asking++;
    this.#context!.wantRtcp();
  }

  #onDlrr(now: Millis): void {
    const report = this.#report;
    const ssrc = this.#context!.ownSsrc;
    for (let i = 0; i < report.dlrrCount; i++) {
      if (report.dlrrSsrc(i) !== ssrc) continue;
      const sample = roundTripFrom(
        report.bytes,
        report.blockAt + i * DLRR_ENTRY_BYTES + 4,
        compactNtp(now + this.#wallClockOffset),
      );
      if (sample >= 0) this.#roundTripTime.add(sample);
    }
  }
}
