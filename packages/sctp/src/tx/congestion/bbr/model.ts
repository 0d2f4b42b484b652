// Hot: what BBR knows of the path (draft-ietf-ccwg-bbr §5.5): the bandwidth of the last two probing cycles, the shortest
// round trip, how much acknowledgements come in lumps, and what losses say. Bytes and milliseconds.
//
// Deviation: the draft takes a round in which more than 2 % was lost as proof of too much in flight. Radio links and long
// paths lose as much at random, and then it sends at a small part of what they carry. Here losses count only when there is
// a sign of congestion beside them: the shortest round trip of the round shows a queue, or more is lost while probing than
// is ever lost at random (so that short queues, which show in no round trip, are protected as well).
import { type Millis, NEVER } from '@millrace/sans-io';
import type { AckSample } from '../congestion-control.ts';

/** §5.5.13 BBR.MinRTTFilterLen, §5.5.14 BBR.ProbeRTTInterval. */
const MIN_RTT_FILTER: Millis = 10_000;
const PROBE_RTT_INTERVAL: Millis = 5_000;
/** §5.5.9 BBR.ExtraAckedFilterLen, in rounds. */
const EXTRA_ACKED_FILTER = 10;
/** §2.7 BBR.LossThresh. */
const LOSS_THRESH = 0.02;
/** More than this, beyond what cruising loses, is congestion even where no queue can be seen. */
const HEAVY_LOSS = 0.1;
/** So few lost packets in a round may be chance. */
const HEAVY_LOSS_PACKETS = 6;
/** A round whose shortest round trip exceeds the shortest known by so much, and by so much of it, saw a queue. */
const QUEUE_SHARE = 1 / 4;
const QUEUE_MIN: Millis = 1;
/** Round trips that differ by less are the same. */
const HAIR = 1 / 64;
const HAIR_MIN: Millis = 0.1;
/** What a round without a queue still counts for a round later. */
const RANDOM_LOSS_MEMORY = 0.9;
/** So many times what is lost at random may be chance. */
const RANDOM_LOSS_TOLERANCE = 2;

/** Of max_bw, what is left of it after a round in which less than that arrived. */
const CONCESSION = 0.9;

export class BbrModel {
  /** Rounds since the beginning (§5.5.1), and whether one has just begun. */
  rounds = 0;
  isRoundStart = false;
  /** BBR.max_bw. */
  maxBandwidth = 0;
  /** BBR.min_rtt. */
  minRoundTrip: Millis = NEVER;
  /** BBR.probe_rtt_min_stamp is older than the interval: time to drain the queue and look. */
  isProbeRttDue = false;
  /** BBR.extra_acked. */
  extraAcked = 0;
  /** BBR.bw_lo and BBR.inflight_lo: short-term bounds after congestion, infinite if there are none. */
  bandwidthLow: number = NEVER;
  flightLow: number = NEVER;
  // Of the round that ended last: BBR.bw_latest, BBR.inflight_latest, and what its losses mean.
  bandwidthLatest = 0;
  flightLatest = 0;
  hasCongestiveLoss = false;
  /** Whether no packet of the round found the queue empty. */
  hasQueue = false;
  #bandwidthInRound = 0;
  #flightInRound = 0;
  #roundEnd = 0;
  readonly #bandwidths = [0, 0];
  #cycle = 0;
  #minRoundTripAt: Millis = 0;
  #probeRttMin: Millis = NEVER;
  #probeRttMinAt: Millis = 0;
  #aggregationStart: Millis = 0;
  #aggregated = 0;
  readonly #extra = new Float64Array(EXTRA_ACKED_FILTER);
  #lostInRound = 0;
  #ackedInRound = 0;
  #roundMin: Millis = NEVER;
  // Lost and sent in rounds without a queue, the older the less.
  #randomLost = 0;
  #randomTotal = 0;

  get bandwidth(): number {
    return Math.min(this.maxBandwidth, this.bandwidthLow);
  }

  /** Bytes that fill the path `gain` times over; `otherwise` while it is not known. */
  product(bandwidth: number, gain: number, otherwise: number): number {
    return this.minRoundTrip === NEVER ? otherwise : bandwidth * this.minRoundTrip * gain;
  }

  /** §5.5.1 to §5.5.9. `window` bounds aggregation. */
  onAck(
    sample: Readonly<AckSample>,
    inStartup: boolean,
    isFilled: boolean,
    window: number,
    mtu: number,
  ): void {
    this.#lostInRound += sample.lostBytes;
    this.#ackedInRound += sample.ackedBytes;
    if (sample.roundTripTime >= 0 && sample.roundTripTime < this.#roundMin)
      this.#roundMin = sample.roundTripTime;
    this.#countRound(sample);
    if (this.isRoundStart) this.#judgeRound(inStartup, mtu);
    this.#updateBandwidth(sample);
    this.#updateAggregation(sample, isFilled, window);
    this.#updateMinRoundTrip(sample);
  }

  /** Loss and delivery of the round under way no longer count: another phase begins. */
  beginRound(delivered: number): void {
    this.#roundEnd = delivered;
    this.#resetRound();
    this.#bandwidthInRound = 0;
    this.#flightInRound = 0;
  }

  /** §5.5.6: a cycle is over; what was measured two cycles ago is forgotten. */
  advanceCycle(): void {
    this.#cycle ^= 1;
    this.#bandwidths[this.#cycle] = 0;
  }

  /**
   * Deviation: where there is always a queue, and clearly less arrives than max_bw says, others have come. The draft finds
   * out two probes later; here max_bw follows what arrives, by no more than a tenth a round.
   */
  concede(): void {
    if (!this.hasQueue || this.bandwidthLatest >= this.maxBandwidth * CONCESSION) return;
    const bandwidths = this.#bandwidths;
    for (let i = 0; i < bandwidths.length; i++)
      bandwidths[i] = Math.min(bandwidths[i]!, Math.max(this.bandwidthLatest, bandwidths[i]! * CONCESSION));
    this.maxBandwidth = Math.max(bandwidths[0]!, bandwidths[1]!);
  }

  resetLowerBounds(): void {
    this.bandwidthLow = NEVER;
    this.flightLow = NEVER;
  }

  /** §5.5.10.3 BBRAdaptLowerBoundsFromCongestion: by no more than `beta` a round. */
  lowerBounds(beta: number, window: number): void {
    if (this.bandwidthLow === NEVER) this.bandwidthLow = this.maxBandwidth;
    if (this.flightLow === NEVER) this.flightLow = window;
    this.bandwidthLow = Math.max(this.bandwidthLatest, beta * this.bandwidthLow);
    this.flightLow = Math.max(this.flightLatest, beta * this.flightLow);
  }

  /** After ProbeRTT the shortest round trip is news again. */
  onProbeRttDone(now: Millis): void {
    this.#probeRttMinAt = now;
    this.isProbeRttDue = false;
  }

  /** §5.4.1: sending begins again after a pause. */
  onIdleEnd(now: Millis): void {
    this.#aggregationStart = now;
    this.#aggregated = 0;
  }

  #countRound(sample: Readonly<AckSample>): void {
    this.isRoundStart = sample.priorDelivered >= this.#roundEnd;
    if (!this.isRoundStart) return;
    this.#roundEnd = sample.delivered;
    this.rounds++;
  }

  /** A round is over: what its losses mean. In Startup it takes more to give up than later to hold back. */
  #judgeRound(inStartup: boolean, mtu: number): void {
    const lost = this.#lostInRound;
    const total = lost + this.#ackedInRound;
    this.hasQueue =
      this.#roundMin < NEVER && this.#roundMin > this.minRoundTrip * (1 + QUEUE_SHARE) + QUEUE_MIN;
    const excess = lost - RANDOM_LOSS_TOLERANCE * this.randomLoss * total;
    const isHeavy = excess > HEAVY_LOSS * total && lost >= HEAVY_LOSS_PACKETS * mtu;
    const isQueueFull = this.hasQueue && excess > (inStartup ? LOSS_THRESH * total : 0);
    this.hasCongestiveLoss = total > 0 && (isHeavy || isQueueFull);
    if (!this.hasQueue && !isHeavy) {
      this.#randomLost = RANDOM_LOSS_MEMORY * this.#randomLost + lost;
      this.#randomTotal = RANDOM_LOSS_MEMORY * this.#randomTotal + total;
    }
    this.#resetRound();
  }

  /** Share of what is lost where there is no queue. */
  get randomLoss(): number {
    return this.#randomTotal === 0 ? 0 : this.#randomLost / this.#randomTotal;
  }

  #resetRound(): void {
    this.#lostInRound = 0;
    this.#ackedInRound = 0;
    this.#roundMin = NEVER;
  }

  /** §5.5.5 BBRUpdateMaxBw, and the latest signals of §5.5.10.2. */
  #updateBandwidth(sample: Readonly<AckSample>): void {
    const { deliveryRate, delivered, priorDelivered } = sample;
    if (deliveryRate > this.#bandwidthInRound) this.#bandwidthInRound = deliveryRate;
    if (priorDelivered >= 0 && delivered - priorDelivered > this.#flightInRound)
      this.#flightInRound = delivered - priorDelivered;
    if (this.isRoundStart) {
      this.bandwidthLatest = this.#bandwidthInRound;
      this.flightLatest = this.#flightInRound;
      this.#bandwidthInRound = deliveryRate;
      this.#flightInRound = delivered - priorDelivered;
    }
    if (deliveryRate === 0 || (sample.isAppLimited && deliveryRate < this.maxBandwidth)) return;
    if (deliveryRate > this.#bandwidths[this.#cycle]!) this.#bandwidths[this.#cycle] = deliveryRate;
    this.maxBandwidth = Math.max(this.#bandwidths[0]!, this.#bandwidths[1]!);
  }

  /** §5.5.9 BBRUpdateACKAggregation. */
  #updateAggregation(sample: Readonly<AckSample>, isFilled: boolean, window: number): void {
    const expected = this.bandwidth * (sample.now - this.#aggregationStart);
    if (this.#aggregated <= expected) {
      this.#aggregationStart = sample.now;
      this.#aggregated = 0;
    }
    this.#aggregated += sample.ackedBytes;
    const extra = Math.min(this.#aggregated - this.bandwidth * (sample.now - this.#aggregationStart), window);
    const slot = this.rounds % EXTRA_ACKED_FILTER;
    if (this.isRoundStart) this.#extra[slot] = 0;
    if (!isFilled) {
      this.extraAcked = extra;
      return;
    }
    if (extra > this.#extra[slot]!) this.#extra[slot] = extra;
    let most = 0;
    for (let i = 0; i < EXTRA_ACKED_FILTER; i++) if (this.#extra[i]! > most) most = this.#extra[i]!;
    this.extraAcked = most;
  }

  /** §5.5.13 BBRUpdateMinRTT: a window of 10 s, with a shorter one inside that says when to probe. */
  #updateMinRoundTrip(sample: Readonly<AckSample>): void {
    const { roundTripTime, now } = sample;
    // Deviation: a round trip within a hair of the shortest shows as well that there is no queue to drain first.
    if (roundTripTime >= 0 && roundTripTime <= this.minRoundTrip * (1 + HAIR) + HAIR_MIN) {
      this.#probeRttMinAt = now;
      this.#minRoundTripAt = now;
    }
    this.isProbeRttDue = now > this.#probeRttMinAt + PROBE_RTT_INTERVAL;
    if (roundTripTime >= 0 && (roundTripTime <= this.#probeRttMin || this.isProbeRttDue)) {
      this.#probeRttMin = roundTripTime;
      this.#probeRttMinAt = now;
    }
    const isStale = now > this.#minRoundTripAt + MIN_RTT_FILTER;
    if (this.#probeRttMin < this.minRoundTrip || isStale) {
      this.minRoundTrip = this.#probeRttMin;
      this.#minRoundTripAt = this.#probeRttMinAt;
    }
  }
}
