// Hot: how much may be sent, from what feedback says of delay and loss. draft-ietf-rmcat-gcc-02 §5 (delay), §6 (loss),
// with the trendline of later practice, and a quicker start: until the first sign of congestion the rate doubles in a
// second, so that no padding need probe. Peers without transport-wide feedback are heard by loss (reports) and REMB.
import type { Millis } from '@millrace/sans-io';
import { within } from '../../option-range.ts';
import type { RoundTripTime } from '../round-trip-time.ts';
import { ArrivalGroups } from './arrival-groups.ts';
import { ArrivedRate } from './arrived-rate.ts';
import { NORMAL, OVERUSE, Trendline, UNDERUSE } from './trendline.ts';

export interface BandwidthEstimateOptions {
  /** Bits per second. Default: 300 000. */
  readonly initialBitrate?: number | undefined;
  /** Default: 30 000. */
  readonly minBitrate?: number | undefined;
  /** Default: 20 000 000. */
  readonly maxBitrate?: number | undefined;
}

/** draft-ietf-rmcat-gcc-02 §5.5: beta, and the growth in a second while far from what the link carries. */
const BETA = 0.85;
const GROWTH = 1.08;
const START_GROWTH = 2;
/** §5.5: not more than so many times what arrives. */
const OVER_ARRIVED = 1.5;
const OVER_ARRIVED_BITS = 10_000;
/** §6: losses below the first let the rate grow, above the second make it fall. */
const LOW_LOSS = 0.02;
const HIGH_LOSS = 0.1;
/** Packets that a share of loss is taken of at least, and for how long at most. */
const LOSS_PACKETS = 40;
const LOSS_TIME: Millis = 2_000;
/** What is added to a round trip before the effect of a change shows. §5.5 */
const RESPONSE: Millis = 100;
const LOSS_RESPONSE: Millis = 300;
/** Feedback missing for so long: whatever was known is worth less and less. */
const SILENCE: Millis = 2_000;
/** A new target is told if it differs by this share. */
const NEWS = 0.01;
const TYPICAL_PACKET_BITS = 9_600;
/** Overuse is answered once while the queue drains; a REMB holds for so long. */
const REMB_LIFE: Millis = 10_000;

// Places in the array of numbers.
const DELAY_RATE = 0;
const LOSS_RATE = 1;
const LAST_UPDATE = 2;
const LAST_DECREASE = 3;
const LAST_LOSS_DECREASE = 4;
const LINK_RATE = 5;
const LINK_DEVIATION = 6;
const LOSS_SINCE = 7;
const TOLD = 8;
const LAST_FEEDBACK = 9;
const LAST_SENT = 10;
const REMB = 11;
const REMB_AT = 12;
const LOSS_SHARE = 13;

export class BandwidthEstimate {
  /** When a packet was sent, and when it arrived: filled before `onArrived`, as numbers in an array need no box. */
  readonly sample: Float64Array = new Float64Array(2);
  readonly #groups = new ArrivalGroups();
  readonly #trendline = new Trendline();
  readonly #arrivedRate = new ArrivedRate();
  readonly #roundTripTime: RoundTripTime;
  readonly #min: number;
  readonly #max: number;
  readonly #numbers = new Float64Array(14);
  #isStarting = true;
  #isHolding = false;
  #lostPackets = 0;
  #arrivedPackets = 0;
  #hasChange = false;
  /** Signs of congestion so far. */
  overuses = 0;
  lossDecreases = 0;

  constructor(roundTripTime: RoundTripTime, options: BandwidthEstimateOptions = {}) {
    this.#roundTripTime = roundTripTime;
    this.#min = within('minBitrate', options.minBitrate, 1_000, 1e10, 30_000);
    this.#max = within('maxBitrate', options.maxBitrate, this.#min, 1e10, Math.max(this.#min, 20_000_000));
    const initial = within('initialBitrate', options.initialBitrate, 1_000, 1e10, 300_000);
    const rate = Math.min(this.#max, Math.max(this.#min, initial));
    this.#numbers.fill(-1);
    this.#numbers[DELAY_RATE] = rate;
    this.#numbers[LOSS_RATE] = this.#max;
    this.#numbers[TOLD] = rate;
    this.#numbers[REMB] = Number.POSITIVE_INFINITY;
    this.#numbers[LOSS_SHARE] = 0;
  }

  /** Bits per second that may be sent in all. */
  get bitsPerSecond(): number {
    const numbers = this.#numbers;
    const rate = Math.min(numbers[DELAY_RATE]!, numbers[LOSS_RATE]!, numbers[REMB]!);
    return Math.min(this.#max, Math.max(this.#min, rate));
  }

  /** Bits per second that arrived lately, by the peer's clock; 0 if it is not known. */
  get arrivedBitsPerSecond(): number {
    return this.#arrivedRate.bitsPerSecond;
  }

  /** Share of packets lost, as of the last look. */
  get lossShare(): number {
    return this.#numbers[LOSS_SHARE]!;
  }

  /** The new target if it has changed notably since the last call, else 0. */
  takeChange(): number {
    if (!this.#hasChange) return 0;
    this.#hasChange = false;
    const rate = Math.round(this.bitsPerSecond);
    this.#numbers[TOLD] = rate;
    return rate;
  }

  onSent(_bytes: number, now: Millis): void {
    this.#numbers[LAST_SENT] = now;
  }

  /** A packet arrived; when it was sent, and when it came by the peer's clock, is in `sample`. `wasLost`: so it was said. */
  onArrived(bytes: number, wasLost: boolean, now: Millis): void {
    this.#arrivedPackets++;
    if (wasLost && this.#lostPackets > 0) this.#lostPackets--;
    this.#arrivedRate.add(this.sample, bytes);
    if (!this.#groups.add(this.sample)) return;
    this.#trendline.add(this.#groups.delta);
    if (this.#trendline.state === OVERUSE) this.#onOveruse(now);
  }

  onLost(_bytes: number, _now: Millis): void {
    this.#lostPackets++;
  }

  /** All that one feedback packet says has been said. */
  onFeedback(now: Millis): void {
    const numbers = this.#numbers;
    const elapsed = numbers[LAST_UPDATE]! < 0 ? 0 : Math.min(now - numbers[LAST_UPDATE]!, 1_000);
    numbers[LAST_UPDATE] = now;
    numbers[LAST_FEEDBACK] = now;
    this.#onDelay(elapsed);
    this.#onLossInterval(now);
    this.#note();
  }

  /** A receiver report's share of loss, where there is no transport-wide feedback. */
  onReport(fractionLost: number, now: Millis): void {
    const numbers = this.#numbers;
    if (numbers[LAST_FEEDBACK]! >= 0 && now - numbers[LAST_FEEDBACK]! < SILENCE) return;
    const elapsed = numbers[LAST_UPDATE]! < 0 ? 0 : Math.min(now - numbers[LAST_UPDATE]!, 1_000);
    numbers[LAST_UPDATE] = now;
    if (fractionLost < LOW_LOSS) this.#grow(elapsed, GROWTH);
    this.#onLoss(fractionLost, now);
    this.#note();
  }

  /** The peer's own estimate. draft-alvestrand-rmcat-remb-03 */
  onRemb(bitsPerSecond: number, now: Millis): void {
    this.#numbers[REMB] = Math.max(this.#min, bitsPerSecond);
    this.#numbers[REMB_AT] = now;
    // Without feedback of our own there is nothing else to go by.
    if (this.#numbers[LAST_FEEDBACK]! < 0)
      this.#numbers[DELAY_RATE] = Math.min(this.#max, this.#numbers[REMB]!);
    this.#note();
  }

  /** Lets time pass: without feedback the rate falls, and a REMB grows stale. Called by the pacer now and then. */
  onTime(now: Millis): void {
    const numbers = this.#numbers;
    if (numbers[REMB_AT]! >= 0 && now - numbers[REMB_AT]! > REMB_LIFE) {
      numbers[REMB] = Number.POSITIVE_INFINITY;
      numbers[REMB_AT] = -1;
    }
    const lastFeedback = numbers[LAST_FEEDBACK]!;
    if (lastFeedback < 0 || now - lastFeedback < SILENCE || numbers[LAST_SENT]! < lastFeedback) return;
    numbers[LAST_FEEDBACK] = now;
    numbers[DELAY_RATE] = Math.max(this.#min, numbers[DELAY_RATE]! / 2);
    this.#note();
  }

  #onOveruse(now: Millis): void {
    const numbers = this.#numbers;
    const arrived = this.#arrivedRate.bitsPerSecond;
    this.#isHolding = true;
    if (arrived === 0) {
      if (!this.#isStarting) return;
      this.#isStarting = false;
      numbers[DELAY_RATE] = Math.max(this.#min, numbers[DELAY_RATE]! / 2);
      numbers[LAST_DECREASE] = now;
      return;
    }
    // §5.5: the effect of a decrease shows after a response time; meanwhile only much less is reason for another.
    const isEarly =
      numbers[LAST_DECREASE]! >= 0 && now - numbers[LAST_DECREASE]! < this.#roundTripTime.smoothed + RESPONSE;
    if (isEarly && arrived * BETA > numbers[DELAY_RATE]! * 0.5) return;
    this.overuses++;
    this.#isStarting = false;
    numbers[DELAY_RATE] = Math.max(this.#min, Math.min(numbers[DELAY_RATE]!, arrived * BETA));
    numbers[LAST_DECREASE] = now;
    this.#onLinkRate(arrived);
  }

  /** §5.5: what arrived at overuse tells what the link carries; average and deviation, in kilobits. */
  #onLinkRate(arrived: number): void {
    const numbers = this.#numbers;
    const rate = arrived / 1_000;
    if (numbers[LINK_RATE]! < 0) {
      numbers[LINK_RATE] = rate;
      numbers[LINK_DEVIATION] = 0.4;
      return;
    }
    if (Math.abs(rate - numbers[LINK_RATE]!) > 3 * this.#linkDeviation()) numbers[LINK_RATE] = rate;
    const difference = rate - numbers[LINK_RATE]!;
    numbers[LINK_RATE]! += 0.05 * difference;
    const variance = (difference * difference) / Math.max(1, numbers[LINK_RATE]!);
    numbers[LINK_DEVIATION] = Math.min(2.5, Math.max(0.4, 0.95 * numbers[LINK_DEVIATION]! + 0.05 * variance));
  }

  #linkDeviation(): number {
    return Math.sqrt(this.#numbers[LINK_DEVIATION]! * this.#numbers[LINK_RATE]!);
  }

  #onDelay(elapsed: Millis): void {
    const { state } = this.#trendline;
    if (state === UNDERUSE) {
      this.#isHolding = true; // §5.5: queues drain; let them
      return;
    }
    if (state !== NORMAL) return;
    const numbers = this.#numbers;
    if (this.#isHolding) {
      this.#isHolding = false;
      return;
    }
    if (this.#isStarting) {
      this.#grow(elapsed, START_GROWTH);
      return;
    }
    const arrived = this.#arrivedRate.bitsPerSecond / 1_000;
    const link = numbers[LINK_RATE]!;
    if (link >= 0 && arrived > link + 3 * this.#linkDeviation()) numbers[LINK_RATE] = -1; // it carries more by now
    if (numbers[LINK_RATE]! >= 0) this.#step(elapsed);
    else this.#grow(elapsed, GROWTH);
  }

  #grow(elapsed: Millis, growth: number): void {
    const numbers = this.#numbers;
    this.#raise(numbers[DELAY_RATE]! * growth ** (elapsed / 1_000) + (elapsed > 0 ? 100 : 0));
  }

  /** §5.5: near what the link carries, half a packet to a packet in a response time. */
  #step(elapsed: Millis): void {
    const response = this.#roundTripTime.smoothed + RESPONSE;
    const bitsPerSecond = Math.max(4_000, (TYPICAL_PACKET_BITS * 1_000) / response);
    this.#raise(this.#numbers[DELAY_RATE]! + (bitsPerSecond * elapsed) / 1_000);
  }

  #raise(rate: number): void {
    const numbers = this.#numbers;
    const arrived = this.#arrivedRate.bitsPerSecond;
    const cap = arrived === 0 ? numbers[DELAY_RATE]! : arrived * OVER_ARRIVED + OVER_ARRIVED_BITS;
    const raised = Math.min(rate, cap, this.#max);
    if (raised > numbers[DELAY_RATE]!) numbers[DELAY_RATE] = raised;
  }

  #onLossInterval(now: Millis): void {
    const numbers = this.#numbers;
    const packets = this.#lostPackets + this.#arrivedPackets;
    if (numbers[LOSS_SINCE]! < 0) numbers[LOSS_SINCE] = now;
    if (packets < LOSS_PACKETS && now - numbers[LOSS_SINCE]! < LOSS_TIME) return;
    if (packets === 0) return;
    const share = this.#lostPackets / packets;
    const elapsed = now - numbers[LOSS_SINCE]!;
    this.#lostPackets = 0;
    this.#arrivedPackets = 0;
    numbers[LOSS_SINCE] = now;
    if (share < LOW_LOSS)
      numbers[LOSS_RATE] = Math.min(
        this.#max,
        numbers[LOSS_RATE]! * GROWTH ** (Math.min(elapsed, 1_000) / 1_000) + 1_000,
      );
    this.#onLoss(share, now);
  }

  /** §6: above a tenth the rate falls by half of the share that is lost. */
  #onLoss(share: number, now: Millis): void {
    const numbers = this.#numbers;
    numbers[LOSS_SHARE] = share;
    if (share <= HIGH_LOSS) return;
    const last = numbers[LAST_LOSS_DECREASE]!;
    if (last >= 0 && now - last < LOSS_RESPONSE + this.#roundTripTime.smoothed) return;
    const rate = this.bitsPerSecond * (1 - 0.5 * share);
    numbers[LAST_LOSS_DECREASE] = now;
    numbers[LOSS_RATE] = Math.max(this.#min, rate);
    this.#isStarting = false;
    this.lossDecreases++;
  }

  #note(): void {
    const rate = this.bitsPerSecond;
    const told = this.#numbers[TOLD]!;
    if (Math.abs(rate - told) > told * NEWS) this.#hasChange = true;
  }
}
