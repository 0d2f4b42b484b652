// Hot: stamps leaving packets with a transport-wide number and the time, keeps what was sent when, and hands what
// feedback says of it to an estimate of the bandwidth. draft-holmer-rmcat-transport-wide-cc-extensions-01 §2;
// webrtc.org/experiments/rtp-hdrext/abs-send-time. A peer that lies harms its own stream: what was never sent is not
// believed, nothing counts twice, arrival times have to be plausible.
import { Drops, type Millis } from '@millrace/sans-io';
import { writeAbsSendTime } from '../extensions/abs-send-time.ts';
import { writeTransportSequenceNumber } from '../extensions/transport-sequence-number.ts';
import { within } from '../option-range.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { RTCP_KIND } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import { TICKS_PER_MILLI, TransportWideFeedback } from '../rtcp/transport-wide-feedback.ts';
import type { BandwidthEstimate } from './bandwidth/bandwidth-estimate.ts';
import type { ChainSink, Interceptor } from './interceptor.ts';
import type { RtpStream } from './stream.ts';

export interface TransportStamperOptions {
  /** Packets whose fate is waited for; a power of two. Default: 4096. */
  readonly window?: number | undefined;
}

export type TransportStamperDrop = 'malformed' | 'unknown-packet' | 'implausible-time' | 'no-room';

const NOTHING = -1;
const WAITING = 1;
const LOST = 2;
const ARRIVED = 3;
/** The reference time wraps after 2^24 times 64 ms. */
const WRAP: Millis = 2 ** 24 * 64;
/** Arrival times that are this far from the last are no news of a path. */
const LONGEST_GAP: Millis = 60_000;

export class TransportStamper implements Interceptor {
  readonly name = 'transport-stamper';
  readonly drops: Drops<TransportStamperDrop> = new Drops<TransportStamperDrop>([
    'malformed',
    'unknown-packet',
    'implausible-time',
    'no-room',
  ]);
  readonly #estimate: BandwidthEstimate;
  readonly #mask: number;
  readonly #sequences: Float64Array;
  readonly #sentAt: Float64Array;
  readonly #bytes: Uint16Array;
  readonly #states: Uint8Array;
  readonly #feedback = new TransportWideFeedback();
  #next = 0;
  #hasArrival = false;
  /** The latest arrival, in ms of the receiver's clock without wraps; and when we heard of it. */
  readonly #lastArrival = new Float64Array(1);

  constructor(estimate: BandwidthEstimate, options: TransportStamperOptions = {}) {
    this.#estimate = estimate;
    const window = 2 ** Math.ceil(Math.log2(within('window', options.window, 64, 32_768, 4_096)));
    this.#mask = window - 1;
    this.#sequences = new Float64Array(window).fill(NOTHING);
    this.#sentAt = new Float64Array(window);
    this.#bytes = new Uint16Array(window);
    this.#states = new Uint8Array(window);
  }

  /** Transport-wide numbers given so far. */
  get stamped(): number {
    return this.#next;
  }

  leaveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): void {
    if (stream.absSendTimeId !== 0 && !writeAbsSendTime(packet, stream.absSendTimeId, Math.max(0, now)))
      this.drops.count('no-room');
    if (stream.transportSequenceId === 0) return;
    const sequence = this.#next;
    if (!writeTransportSequenceNumber(packet, stream.transportSequenceId, sequence & 0xffff)) {
      this.drops.count('no-room');
      return;
    }
    this.#next = sequence + 1;
    const index = sequence & this.#mask;
    this.#sequences[index] = sequence;
    this.#sentAt[index] = now;
    this.#bytes[index] = packet.end - packet.at;
    this.#states[index] = WAITING;
    this.#estimate.onSent(packet.end - packet.at, now);
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.kind !== RTCP_KIND.transportWideFeedback) return;
    const feedback = this.#feedback;
    if (!feedback.read(rtcp)) {
      this.drops.count('malformed');
      return;
    }
    const estimate = this.#estimate;
    let unknown = false;
    while (feedback.next()) {
      // The number lies in the last 2^16 that were given.
      const sequence = this.#next - 1 - ((this.#next - 1 - feedback.sequenceNumber) & 0xffff);
      const index = sequence & this.#mask;
      if (sequence < 0 || this.#sequences[index] !== sequence) {
        unknown = true;
        continue;
      }
      const state = this.#states[index]!;
      if (state === ARRIVED) continue;
      if (!feedback.isReceived) {
        if (state !== WAITING) continue;
        this.#states[index] = LOST;
        estimate.onLost(this.#bytes[index]!, now);
        continue;
      }
      this.#states[index] = ARRIVED;
      if (!this.#takeArrival(feedback.arrivalTicks)) continue;
      estimate.sample[0] = this.#sentAt[index]!;
      estimate.onArrived(this.#bytes[index]!, state === LOST, now);
    }
    if (unknown) this.drops.count('unknown-packet');
    estimate.onFeedback(now);
  }

  drain(sink: ChainSink): boolean {
    const bitsPerSecond = this.#estimate.takeChange();
    if (bitsPerSecond === 0) return false;
    sink.onTargetBitrate?.(bitsPerSecond);
    return true;
  }

  /** Hands the estimate the time of arrival without wraps. False if it cannot be. */
  #takeArrival(ticks: number): boolean {
    const arrival = ticks / TICKS_PER_MILLI;
    const last = this.#lastArrival[0]!;
    // The first is put behind a whole wrap, so that none is ever below 0.
    const ahead = this.#hasArrival
      ? arrival - last - Math.round((arrival - last) / WRAP) * WRAP
      : WRAP + arrival;
    this.#lastArrival[0] = last + ahead;
    this.#estimate.sample[1] = last + ahead;
    const isPlausible = !this.#hasArrival || Math.abs(ahead) <= LONGEST_GAP;
    this.#hasArrival = true;
    if (!isPlausible) this.drops.count('implausible-time'); // from there on it may be
    return isPlausible;
  }
}
