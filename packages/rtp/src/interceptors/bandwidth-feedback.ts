// What older peers say of the bandwidth: REMB (draft-alvestrand-rmcat-remb-03), and the share of loss in their reports.
import { Drops, type Millis, u32 } from '@millrace/sans-io';
import { Remb } from '../rtcp/max-bitrate.ts';
import { RTCP_KIND } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { BandwidthEstimate } from './bandwidth/bandwidth-estimate.ts';
import type { ChainContext, Interceptor } from './interceptor.ts';

const SENDER_REPORT_BYTES = 28;
const RECEIVER_REPORT_BYTES = 8;
const BLOCK_BYTES = 24;

export type BandwidthFeedbackDrop = 'malformed';

export class BandwidthFeedback implements Interceptor {
  readonly name = 'bandwidth-feedback';
  readonly drops: Drops<BandwidthFeedbackDrop> = new Drops<BandwidthFeedbackDrop>(['malformed']);
  rembs = 0;
  readonly #estimate: BandwidthEstimate;
  readonly #remb = new Remb();
  #context: ChainContext | undefined;

  constructor(estimate: BandwidthEstimate) {
    this.#estimate = estimate;
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.kind === RTCP_KIND.receiverReport) this.#onReport(rtcp, RECEIVER_REPORT_BYTES, now);
    else if (rtcp.kind === RTCP_KIND.senderReport) this.#onReport(rtcp, SENDER_REPORT_BYTES, now);
    else if (rtcp.kind === RTCP_KIND.applicationFeedback && this.#remb.read(rtcp)) {
      for (let i = 0; i < this.#remb.ssrcCount; i++)
        if (this.#context!.localStream(this.#remb.ssrc(i)) !== undefined) {
          this.rembs++;
          this.#estimate.onRemb(this.#remb.bitsPerSecond, now);
          return;
        }
    }
  }

  /** The worst of our streams counts. */
  #onReport(rtcp: RtcpReader, headerBytes: number, now: Millis): void {
    const { bytes } = rtcp;
    let at = rtcp.at + headerBytes;
    if (at + rtcp.count * BLOCK_BYTES > rtcp.end) {
      this.drops.count('malformed');
      return;
    }
    let worst = -1;
    for (let i = 0; i < rtcp.count; i++, at += BLOCK_BYTES)
      if (this.#context!.localStream(u32(bytes, at)) !== undefined) worst = Math.max(worst, bytes[at + 4]!);
    if (worst >= 0) this.#estimate.onReport(worst / 256, now);
  }
}
