// Hot: BBR (draft-ietf-ccwg-bbr, version 3) as SCTP runs it: a model of the path (model.ts) says how fast to send and how
// much may be in flight; phases probe for more bandwidth, for the queue to drain, and for the shortest round trip. Left
// out: ECN. Names are the draft's.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { PacketSize } from '../../../path/packet-size.ts';
import type { AckSample, CongestionControl, CongestionPath } from '../congestion-control.ts';
import { BbrModel } from './model.ts';

type State = 'Startup' | 'Drain' | 'Down' | 'Cruise' | 'Refill' | 'Up' | 'ProbeRTT';

/** §2.4 BBR.PacingMarginPercent. */
const PACING_MARGIN = 0.99;
/** §5.6.1: gains of pacing and of the window in each phase. */
const PACING_GAIN: Readonly<Record<State, number>> = {
  Startup: 2.77,
  Drain: 0.5,
  Down: 0.9,
  Cruise: 1,
  Refill: 1,
  Up: 1.25,
  ProbeRTT: 1,
};
const WINDOW_GAIN: Readonly<Record<State, number>> = {
  Startup: 2,
  Drain: 2,
  Down: 2,
  Cruise: 2,
  Refill: 2,
  Up: 2.25,
  ProbeRTT: 0.5,
};
/** §2.7 BBR.Beta and BBR.Headroom. */
const BETA = 0.7;
const HEADROOM = 0.85;
/** §2.7 BBR.MinPipeCwnd, in packets. */
const MIN_PIPE_PACKETS = 4;
/** §5.3.1.2: growth of bandwidth that shows that the pipe is not full yet, and rounds without. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;
/** §5.3.4.3 BBR.ProbeRTTDuration. */
const PROBE_RTT_DURATION: Millis = 200;
/** §5.3.3.5.3: to let Reno have its share, probe after as many rounds as it would take to grow by a window. */
const MAX_RENO_ROUNDS = 63;
/**
 * Deviation: where there is always a queue, others are there, and each probe brings the shares closer to each other. As
 * often as in the first version of BBR, so that it does not take minutes.
 */
const MAX_ROUNDS_WITH_OTHERS = 8;
/** §5.3.3.5.3: or after 2 to 3 s. */
const PROBE_WAIT: Millis = 2_000;
const PROBE_WAIT_RANDOM: Millis = 1_000;
/** In ProbeBW_UP, growth in a round below which more bandwidth is not to be had. */
const UP_GROWTH = 1.1;
/**
 * What a round of ProbeBW_UP adds to the share x of a flow on a full path is a factor of 1.25 / (1 + x / 4): this much if
 * it has less than a third of the path, and less than a sixth.
 */
const THIRD_GROWTH = 1.15;
const SIXTH_GROWTH = 1.2;
/** Of the window, doublings by which inflight_hi grows at once while a flow with a small share makes up for it. */
const RISING_ROUNDS = 3;
/** Round trips from Startup to the first probe: what Startup found may have been others on their way. */
const FIRST_PROBE_ROUND_TRIPS = 4;
/** Of the window, by which inflight_hi grows in the first round of ProbeBW_UP. */
const RAISE_SHARE = 1 / 32;
/** A burst lasts a millisecond; so much of the window is for what waits to be sent in bursts (§5.6.4.2). */
const QUANTUM_TIME: Millis = 1;
const QUANTA = 3;

class Bbr implements CongestionControl {
  window: number;
  pacingRate: number;
  readonly reducesProportionally = false;
  state: State = 'Startup';
  /** BBR.inflight_hi: what was in flight without too much loss; infinite before the first. */
  flightHigh: number = NEVER;
  readonly #model = new BbrModel();
  readonly #size: PacketSize;
  readonly #random: () => number;
  readonly #initialWindow: number;
  /** BBR.full_bw_reached, BBR.full_bw, BBR.full_bw_count. */
  #isFilled = false;
  #fullBandwidth = 0;
  #fullCount = 0;
  /** Round and time in which the phase began. */
  #phaseRound = 0;
  #cycleStart: Millis = 0;
  #roundsAtProbe = 0;
  #probeWait: Millis = 0;
  /** BBR.bw_probe_up_rounds and BBR.probe_up_cnt: how fast inflight_hi grows. */
  #upRounds = 0;
  #bytesPerRaise: number = NEVER;
  #ackedForRaise = 0;
  /** max_bw before ProbeBW_UP; whether what its first round has brought is still to be seen, and whether it was much. */
  #bandwidthBefore = 0;
  #isLooking = false;
  #isRising = false;
  /** The ack of what was sent while probing ends the cycle of the bandwidth filter. */
  #isStopping = false;
  #probeRttEnd: Millis = 0;
  #probeRttRound = 0;
  // What they were before the last loss, in case it was none.
  #windowBefore = 0;
  #flightHighBefore: number = NEVER;
  #isIdleRestart = false;

  constructor(path: CongestionPath) {
    this.#size = path.size;
    this.#random = path.random;
    this.#initialWindow = path.initialWindow;
    this.window = path.initialWindow;
    // §5.6.2: as if the initial window took a round trip, or a millisecond if none is known.
    this.pacingRate = (PACING_GAIN.Startup * path.initialWindow) / Math.max(path.roundTripTime ?? 1, 0.1);
  }

  get slowStartThreshold(): number {
    return this.flightHigh;
  }

  onAck(sample: Readonly<AckSample>): void {
    const model = this.#model;
    const isProbing = this.state === 'Startup' || this.state === 'Refill' || this.state === 'Up';
    model.onAck(sample, this.state === 'Startup', this.#isFilled, this.window, this.#size.mtu);
    if (model.isRoundStart) this.#onRound(sample, isProbing);
    this.#checkDrained(sample);
    this.#updateCycle(sample);
    this.#checkProbeRtt(sample);
    this.#setPacingRate();
    this.#setWindow(sample);
  }

  onLoss(): void {
    this.#save();
  }

  onTimeout(flightBefore: number): void {
    this.#save();
    this.#windowBefore = Math.max(this.window, flightBefore);
    this.window = this.#size.mtu;
  }

  onSpuriousLoss(): void {
    this.window = Math.max(this.window, this.#windowBefore);
    this.flightHigh = Math.max(this.flightHigh, this.#flightHighBefore);
    // What has bounded them since was the same loss.
    this.#model.resetLowerBounds();
  }

  onIdle(_idleTime: Millis, _rto: Millis, now: Millis): void {
    // §5.4.1 BBRHandleRestartFromIdle: no burst of probing into a path that may have changed.
    this.#isIdleRestart = true;
    this.#model.onIdleEnd(now);
    if (this.#isFilled && this.state !== 'ProbeRTT' && this.state !== 'Drain')
      this.pacingRate = this.#model.bandwidth * PACING_MARGIN;
  }

  #save(): void {
    this.#windowBefore = this.window;
    this.#flightHighBefore = this.flightHigh;
  }

  #onRound(sample: Readonly<AckSample>, isProbing: boolean): void {
    const model = this.#model;
    this.#checkFull(sample);
    if (model.hasCongestiveLoss) {
      if (isProbing) this.#onTooMuchInFlight(sample);
      else model.lowerBounds(BETA, this.window);
    }
    if (this.state === 'Down' || this.state === 'Cruise') model.concede();
    if (this.state === 'Startup' && this.#isFilled) this.#enter('Drain');
    if (this.#isStopping) {
      this.#isStopping = false;
      if (!sample.isAppLimited) model.advanceCycle();
    }
  }

  /** §5.3.1.2 BBRCheckFullBWReached. */
  #checkFull(sample: Readonly<AckSample>): void {
    if (this.#isFilled || sample.isAppLimited) return;
    const { maxBandwidth } = this.#model;
    if (maxBandwidth >= this.#fullBandwidth * FULL_GROWTH) {
      this.#fullBandwidth = maxBandwidth;
      this.#fullCount = 0;
    } else if (++this.#fullCount >= FULL_ROUNDS) this.#isFilled = true;
  }

  /** §5.5.10.1 BBRHandleInflightTooHigh; in Startup §5.3.1.3. */
  #onTooMuchInFlight(sample: Readonly<AckSample>): void {
    const model = this.#model;
    if (this.state === 'Startup') {
      this.#isFilled = true;
      this.flightHigh = Math.max(this.#product(model.maxBandwidth, 1), model.flightLatest);
      return;
    }
    if (!sample.isAppLimited)
      this.flightHigh = Math.max(
        sample.flightAtSend,
        BETA * Math.min(this.#product(model.bandwidth, 1), this.window),
      );
    if (this.state === 'Up') this.#startDown(sample);
  }

  /** §5.3.2: the queue that Startup made is gone. */
  #checkDrained(sample: Readonly<AckSample>): void {
    if (this.state !== 'Drain' || sample.flight > this.#product(this.#model.bandwidth, 1)) return;
    this.#startDown(sample);
    this.#probeWait = FIRST_PROBE_ROUND_TRIPS * sample.smoothedRoundTripTime;
  }

  /** §5.3.3.5 BBRUpdateProbeBWCyclePhase. */
  #updateCycle(sample: Readonly<AckSample>): void {
    const model = this.#model;
    if (!this.#isFilled) return;
    this.#raiseFlightHigh(sample);
    switch (this.state) {
      case 'Down':
        if (this.#isTimeToProbe(sample.now)) this.#startRefill(sample);
        else if (
          sample.flight <= this.#flightWithHeadroom() &&
          sample.flight <= this.#product(model.maxBandwidth, 1)
        )
          this.#enter('Cruise');
        return;
      case 'Cruise':
        if (this.#isTimeToProbe(sample.now)) this.#startRefill(sample);
        return;
      case 'Refill':
        if (model.isRoundStart && model.rounds > this.#phaseRound) this.#onRefillEnd(sample);
        return;
      case 'Up':
        this.#updateUp(sample);
    }
  }

  /**
   * Deviation: the draft takes the result of a probe at the next one, and a flow that came late needs minutes for its
   * share. Here the round after the probe shows what it has brought. A flow whose share turns out small probes on until
   * growth ceases, and one whose share is very small goes back to Startup: the pipe was not full of its own packets.
   */
  #updateUp(sample: Readonly<AckSample>): void {
    const isDone = this.#isUpDone(sample);
    if (isDone && this.#isRising) this.#startDown(sample);
    else if (isDone) {
      this.#isLooking = true;
      this.#enter('Refill');
    } else if (this.#model.isRoundStart && this.#hasGrown(SIXTH_GROWTH)) this.#startAgain(sample);
  }

  #onRefillEnd(sample: Readonly<AckSample>): void {
    if (!this.#isLooking) {
      this.#isRising = false;
      this.#bandwidthBefore = this.#model.maxBandwidth;
      this.#startUp(sample);
      return;
    }
    this.#isLooking = false;
    this.#isRising = this.#hasGrown(THIRD_GROWTH);
    if (!this.#isRising) this.#startDown(sample);
    else if (this.#hasGrown(SIXTH_GROWTH)) this.#startAgain(sample);
    else {
      this.#upRounds = RISING_ROUNDS;
      this.#startUp(sample);
    }
  }

  #hasGrown(factor: number): boolean {
    return this.#model.maxBandwidth >= this.#bandwidthBefore * factor;
  }

  /**
   * Deviation: the draft leaves ProbeBW_UP after three rounds without growth; here one is enough once a quarter more than
   * the path holds is in flight, as in the second version: the queue stays shorter, and so do everybody's round trips.
   */
  #isUpDone(sample: Readonly<AckSample>): boolean {
    const model = this.#model;
    if (!model.isRoundStart || model.rounds <= this.#phaseRound + (this.#isRising ? 1 : 0)) return false;
    const isFull = sample.flight >= this.#product(model.maxBandwidth, PACING_GAIN.Up);
    if (model.maxBandwidth >= this.#fullBandwidth * UP_GROWTH) {
      this.#fullBandwidth = model.maxBandwidth;
      this.#fullCount = 0;
      return false;
    }
    return isFull || ++this.#fullCount >= FULL_ROUNDS;
  }

  /** §5.3.3.5.3. */
  #isTimeToProbe(now: Millis): boolean {
    if (now - this.#cycleStart > this.#probeWait) return true;
    const packets = this.#product(this.#model.bandwidth, 1) / this.#size.mtu;
    const rounds = this.#model.hasQueue ? MAX_ROUNDS_WITH_OTHERS : MAX_RENO_ROUNDS;
    return this.#model.rounds - this.#roundsAtProbe >= Math.min(packets, rounds);
  }

  #startDown(sample: Readonly<AckSample>): void {
    this.#bytesPerRaise = NEVER;
    this.#isStopping = true;
    this.#cycleStart = sample.now;
    // Not all flows of a path should probe at the same time.
    this.#roundsAtProbe = this.#model.rounds + (this.#random() < 0.5 ? 0 : -1);
    this.#probeWait = PROBE_WAIT + this.#random() * PROBE_WAIT_RANDOM;
    this.#model.beginRound(sample.delivered);
    this.#enter('Down');
  }

  #startAgain(sample: Readonly<AckSample>): void {
    this.#isFilled = false;
    this.#fullCount = 0;
    this.#fullBandwidth = this.#model.maxBandwidth;
    this.flightHigh = NEVER;
    this.#model.beginRound(sample.delivered);
    this.#enter('Startup');
  }

  #startRefill(sample: Readonly<AckSample>): void {
    this.#model.resetLowerBounds();
    this.#isLooking = false;
    this.#upRounds = 0;
    this.#ackedForRaise = 0;
    this.#model.beginRound(sample.delivered);
    this.#enter('Refill');
  }

  #startUp(sample: Readonly<AckSample>): void {
    this.#fullBandwidth = this.#model.maxBandwidth;
    this.#fullCount = 0;
    this.#model.beginRound(sample.delivered);
    this.#enter('Up');
    this.#steepen();
  }

  /** §5.5.10.1: what was in flight without harm may be in flight again; and in ProbeBW_UP ever more. */
  #raiseFlightHigh(sample: Readonly<AckSample>): void {
    if (this.flightHigh === NEVER || this.#model.hasCongestiveLoss) return;
    if (sample.flightAtSend > this.flightHigh) this.flightHigh = sample.flightAtSend;
    if (this.state !== 'Up') return;
    if (sample.windowLimited && this.window >= this.flightHigh) {
      this.#ackedForRaise += sample.ackedBytes;
      while (this.#ackedForRaise >= this.#bytesPerRaise) {
        this.#ackedForRaise -= this.#bytesPerRaise;
        this.flightHigh += this.#size.mtu;
      }
    }
    if (this.#model.isRoundStart) this.#steepen();
  }

  /**
   * BBRRaiseInflightHiSlope. Deviation: the draft begins with one packet a round, and a long fat path would need a dozen
   * probes to come back from one loss; here with a share of what is in flight.
   */
  #steepen(): void {
    const { mtu } = this.#size;
    const growth = Math.max(1, (RAISE_SHARE * this.window) / mtu) * 2 ** Math.min(this.#upRounds++, 30);
    this.#bytesPerRaise = Math.max(this.window / growth, mtu);
  }

  /** §5.3.4 ProbeRTT. */
  #checkProbeRtt(sample: Readonly<AckSample>): void {
    const { now } = sample;
    const model = this.#model;
    if (this.state !== 'ProbeRTT') {
      if (model.isProbeRttDue && !this.#isIdleRestart && this.state !== 'Startup') {
        this.#windowBefore = this.window;
        this.#probeRttEnd = 0;
        this.#enter('ProbeRTT');
      }
      if (sample.delivered > 0) this.#isIdleRestart = false;
      return;
    }
    if (this.#probeRttEnd === 0) {
      if (sample.flight > this.#probeRttWindow()) return;
      this.#probeRttEnd = now + PROBE_RTT_DURATION;
      this.#probeRttRound = model.rounds;
    } else if (now > this.#probeRttEnd && model.rounds > this.#probeRttRound) {
      model.onProbeRttDone(now);
      model.resetLowerBounds();
      this.window = Math.max(this.window, this.#windowBefore);
      if (this.#isFilled) {
        this.#startDown(sample);
        this.#enter('Cruise');
      } else this.#enter('Startup');
    }
  }

  #enter(state: State): void {
    this.state = state;
    this.#phaseRound = this.#model.rounds;
  }

  /** §5.6.2. */
  #setPacingRate(): void {
    const { bandwidth } = this.#model;
    if (bandwidth === 0) return;
    const rate = PACING_GAIN[this.state] * bandwidth * PACING_MARGIN;
    if (this.#isFilled || rate > this.pacingRate) this.pacingRate = rate;
  }

  /** §5.6.4. */
  #setWindow(sample: Readonly<AckSample>): void {
    const model = this.#model;
    const { mtu } = this.#size;
    const quantum = Math.max(
      2 * mtu,
      this.pacingRate * Math.min(QUANTUM_TIME, sample.smoothedRoundTripTime / 8),
    );
    const least = MIN_PIPE_PACKETS * mtu;
    let most = this.#product(model.bandwidth, WINDOW_GAIN[this.state]) + model.extraAcked;
    most = Math.max(most, QUANTA * quantum, least) + (this.state === 'Up' ? 2 * mtu : 0);
    if (this.#isFilled) this.window = Math.min(this.window + sample.ackedBytes, most);
    else if (this.window < most || sample.delivered < this.#initialWindow) this.window += sample.ackedBytes;
    this.window = Math.max(this.window, least);
    if (this.state === 'ProbeRTT') this.window = Math.min(this.window, this.#probeRttWindow());
    this.window = Math.max(Math.min(this.window, this.#bound()), least);
  }

  /** §5.6.4.7 BBRBoundCwndForModel. */
  #bound(): number {
    const { flightLow } = this.#model;
    if (this.state === 'Startup' || this.state === 'Drain') return flightLow;
    const high =
      this.state === 'Cruise' || this.state === 'ProbeRTT' ? this.#flightWithHeadroom() : this.flightHigh;
    return Math.min(high, flightLow);
  }

  /** §5.5.10.1 BBRInflightWithHeadroom. */
  #flightWithHeadroom(): number {
    if (this.flightHigh === NEVER) return NEVER;
    const withHeadroom = this.flightHigh * HEADROOM;
    // Deviation: headroom is for others. Where the queue runs empty there are none, and less than what just fills the
    // path would leave it idle.
    if (this.#model.hasQueue) return withHeadroom;
    return Math.min(this.flightHigh, Math.max(withHeadroom, this.#product(this.#model.bandwidth, 1)));
  }

  #probeRttWindow(): number {
    const { bandwidth } = this.#model;
    return Math.max(this.#product(bandwidth, WINDOW_GAIN.ProbeRTT), MIN_PIPE_PACKETS * this.#size.mtu);
  }

  #product(bandwidth: number, gain: number): number {
    return this.#model.product(bandwidth, gain, gain * this.#initialWindow);
  }
}

export function bbr(path: CongestionPath): CongestionControl {
  return new Bbr(path);
}
