// Hot: from what SACKs and timers tell to what is done about it: fast recovery (RFC 9260 §7.2.4 as RFC 8985 and RFC 6937
// improve on it), the tail loss probe (RFC 8985 §7), the retransmission timeout (RFC 9260 §6.3.3), and taking it all back
// when nothing had been lost.
import { add32, atOrAfter32, type Millis, NEVER, type TimerTable } from '@millrace/sans-io';
import type { PathErrors } from '../association/path-errors.ts';
import { TIMER } from '../association/timers.ts';
import type { PathPacketSize } from '../path/packet-size.ts';
import type { Abandonment } from './abandonment.ts';
import type { AckChallenge } from './ack-challenge.ts';
import type { AckSample, CongestionControl } from './congestion/congestion-control.ts';
import type { DeliveryRate } from './delivery-rate.ts';
import { LossDetection } from './loss-detection.ts';
import { LossEpisode } from './loss-episode.ts';
import { CHUNK_STATE, type Outstanding } from './outstanding.ts';
import { ProportionalRate } from './proportional-rate.ts';
import type { Rto } from './rto.ts';
import { Scoreboard } from './scoreboard.ts';
import type { SendQueue } from './send-queue.ts';

/** A probe waits at least so long: peers are processes that sleep now and then. */
const PROBE_TIMEOUT_MIN: Millis = 10;
/**
 * Probes before the timeout. Deviation: RFC 8985 §7.3 has one. Where a packet and the probe for it are lost a second probe
 * costs a packet, and waiting for the timeout several round trips. Nor does it have any while losses are repaired, or after
 * the timeout: where bursts are lost, be it by a link or with a datagram of the kernel's that holds many, what repairs them is
 * lost as well, and each time would cost a timeout longer than the one before.
 */
const MAX_PROBES = 2;
/** What was sent long ago is given this share of a round trip more when the last SACK has only just come. */
const PROBE_SLACK = 1 / 4;

export interface LossRecoveryOptions {
  readonly outstanding: Outstanding;
  readonly queue: SendQueue;
  readonly timers: TimerTable;
  readonly errors: PathErrors;
  readonly rto: Rto;
  readonly size: PathPacketSize;
  readonly abandonment: Abandonment;
  readonly challenge: AckChallenge;
  readonly delivery: DeliveryRate;
}

export class LossRecovery {
  congestion: CongestionControl;
  timeouts = 0;
  fastRecoveries = 0;
  /** Recoveries and timeouts taken back. */
  spuriousRecoveries = 0;
  tailLossProbes = 0;
  /** A tail loss probe is to be sent. */
  isProbeDue = false;
  /** Bytes the peer can take beyond what is in flight, less than a packet: its window is probed by T3 alone. */
  isPeerWindowClosed = false;
  /** Whether the peer reports what came last beside SACKs that cannot list all. */
  hasLatestTsns = false;
  /** When something was last sent or acknowledged. */
  lastActivity: Millis = 0;
  readonly proportional: ProportionalRate = new ProportionalRate();
  readonly episode: LossEpisode = new LossEpisode();
  readonly #outstanding: Outstanding;
  readonly #timers: TimerTable;
  readonly #errors: PathErrors;
  readonly #rto: Rto;
  readonly #size: PathPacketSize;
  readonly #abandonment: Abandonment;
  readonly #challenge: AckChallenge;
  readonly #delivery: DeliveryRate;
  readonly #losses: LossDetection;
  readonly #scoreboard: Scoreboard;
  #inRecovery = false;
  #recoveryPoint = 0;
  /** What a timeout took for lost is not yet acknowledged. */
  #afterTimeout = false;
  /** Nothing has been heard since a timeout: the first news tells whether it was needed. */
  #awaitsVerdict = false;
  /** Packets up to this one were sent while the window was full, or shortly before. */
  #limitedThrough = 0;
  #lastPacket = 0;
  #lastSentAt: Millis = 0;
  #heardSinceTimeout = false;
  /** Probes sent since anything new has been heard. */
  #probes = 0;
  /** The TSN that a probe sent again, and with which packet; -1 if it carried something new. */
  #probeTsn = -1;
  #probePacket = 0;
  /** A round trip is measured once in a round trip: on this TSN or a later one (§6.3.1 C4). */
  #measureFrom: number;
  readonly #sample: AckSample = {
    now: 0,
    ackedBytes: 0,
    lostBytes: 0,
    cumulativeAdvanced: false,
    flightBefore: 0,
    flight: 0,
    windowLimited: false,
    inRecovery: false,
    roundTripTime: -1,
    shortestRoundTripTime: NEVER,
    smoothedRoundTripTime: 0,
    delivered: 0,
    priorDelivered: -1,
    flightAtSend: 0,
    lostSinceSend: 0,
    deliveryRate: 0,
    isAppLimited: false,
  };

  constructor(init: LossRecoveryOptions, congestion: CongestionControl) {
    this.#outstanding = init.outstanding;
    this.#timers = init.timers;
    this.#errors = init.errors;
    this.#rto = init.rto;
    this.#size = init.size;
    this.#abandonment = init.abandonment;
    this.#challenge = init.challenge;
    this.#delivery = init.delivery;
    this.congestion = congestion;
    this.#losses = new LossDetection(init.outstanding, init.delivery, init.rto);
    this.#scoreboard = new Scoreboard(
      init.outstanding,
      init.queue,
      init.delivery,
      this.#losses,
      this.episode,
      init.rto,
    );
    this.#measureFrom = init.outstanding.first;
  }

  /** Bytes that may be in flight now. */
  get limit(): number {
    const { congestion } = this;
    return this.#inRecovery && congestion.reducesProportionally ? this.proportional.limit : congestion.window;
  }

  /** The window was all that kept something from being sent. */
  onWindowLimited(): void {
    this.#limitedThrough = this.#lastPacket;
  }

  /** `packet` has left with `bytes` of chunks. */
  onSent(packet: number, bytes: number, now: Millis): void {
    this.#lastPacket = packet;
    this.#lastSentAt = now;
    this.lastActivity = now;
    if (this.#inRecovery) this.proportional.onSent(bytes);
    this.startTimerIfStopped(now);
    this.#armLossTimer(now);
  }

  /** A probe has left, with `tsn` in it once more, or with nothing but new data (-1). */
  onProbeSent(tsn: number, packet: number, now: Millis): void {
    this.isProbeDue = false;
    this.#probes++;
    this.#probeTsn = tsn;
    this.#probePacket = packet;
    this.tailLossProbes++;
    // RFC 8985 §7.3: the timeout counts from the (first) probe on.
    if (this.#probes === 1) this.startTimer(now);
    this.#armLossTimer(now);
  }

  /** Starts T3 anew for what is outstanding, if anything is. */
  startTimer(now: Millis): void {
    if (this.#outstanding.count > 0) this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
  }

  /** T3, and the one that repairs a lost tail sooner. */
  startTimers(now: Millis): void {
    this.startTimer(now);
    this.#armLossTimer(now);
  }

  /** §6.3.2 R1: T3 runs whenever something is outstanding. */
  startTimerIfStopped(now: Millis): void {
    if (!this.#timers.isRunning(TIMER.T3_RTX)) this.startTimer(now);
  }

  /** The LATEST TSNS chunk `bytes[at, end)`: adds to the SACK that follows it. */
  onLatestTsns(bytes: Uint8Array, at: number, end: number): void {
    if (this.hasLatestTsns) this.#scoreboard.noteLatest(bytes, at, end);
  }

  /** A SACK that is sound and acknowledges only what was sent (or a SHUTDOWN, which has no gap blocks). */
  onAck(cumulative: number, bytes: Uint8Array, at: number, gaps: number, isSack: boolean, now: Millis): void {
    const outstanding = this.#outstanding;
    const scoreboard = this.#scoreboard;
    const sample = this.#sample;
    this.#heardSinceTimeout = true;
    sample.now = now;
    sample.flightBefore = outstanding.bytesInFlight;
    scoreboard.take(cumulative, bytes, at, gaps, this.hasLatestTsns, now);
    if (this.#challenge.isAt(outstanding.first)) {
      // What lies above a TSN that was left out on purpose is as good as cumulatively acknowledged.
      this.#losses.packetsAboveHole = 0;
      if (scoreboard.ackedBytes > 0) scoreboard.cumulativeAdvanced = true;
    }
    const isProgress = scoreboard.ackedBytes > 0 || scoreboard.cumulativeAdvanced;
    if (isProgress) this.#errors.clear(); // §8.1, §8.2
    this.#measure(now);
    const isProbeSpurious =
      isSack && scoreboard.takeDuplicates(bytes, at, gaps, this.#probeTsn, this.#lastPacket);
    if (this.#isRepairing && atOrAfter32(cumulative, this.#recoveryPoint)) this.#endRecovery();
    if (this.#awaitsVerdict && isProgress) this.#judgeTimeout();
    const lostAny = this.#findLosses(now);
    this.#fillSample(sample);
    this.congestion.onAck(sample);
    const hasProbeRepaired = this.#hasProbeRepaired(isProbeSpurious);
    if (hasProbeRepaired && !lostAny) this.episode.close(); // what the probe was for is not in its account
    if (lostAny || hasProbeRepaired) this.#enterRecovery(sample.flightBefore, now);
    if (this.#inRecovery)
      this.proportional.onAck(
        scoreboard.ackedBytes,
        outstanding.bytesInFlight,
        scoreboard.cumulativeAdvanced && !lostAny,
        this.#size.mtu,
      );
    if (this.episode.takeSpurious()) this.#takeBack(now);
    if (isProgress) {
      this.#probes = 0;
      this.isProbeDue = false;
    }
    this.lastActivity = now;
    this.#abandonment.onSack();
    // §6.3.2 R2, R3. Deviation: T3 starts anew when anything is acknowledged, not only the oldest chunk. That it is
    // still missing is what loss detection looks after, however long a window takes to be repaired.
    if (outstanding.count === 0) this.#timers.stop(TIMER.T3_RTX);
    else if (isProgress || !this.#timers.isRunning(TIMER.T3_RTX)) this.startTimer(now);
    this.#armLossTimer(now);
  }

  /** The reordering window of something has passed, or the tail of what was sent remains unanswered. */
  onLossTimer(now: Millis): void {
    const outstanding = this.#outstanding;
    const flightBefore = outstanding.bytesInFlight;
    if (this.#losses.deadline <= now) {
      if (this.#findLosses(now)) {
        this.#enterRecovery(flightBefore, now);
        if (this.#inRecovery) this.proportional.onAck(0, outstanding.bytesInFlight, false, this.#size.mtu);
      }
      this.#armLossTimer(now);
    } else if (this.#mayProbe()) this.isProbeDue = true;
  }

  /** §6.3.3: T3-rtx ran out. */
  onTimeout(now: Millis): void {
    const outstanding = this.#outstanding;
    if (outstanding.count === 0) return;
    this.timeouts++;
    this.#challenge.end();
    // §6.1 A: a refused probe of a closed window is no sign of a dead path while SACKs come, nor of congestion.
    const isRefused = this.isPeerWindowClosed && this.#heardSinceTimeout;
    if (isRefused) this.#errors.clear();
    else this.#errors.fail();
    this.#heardSinceTimeout = false;
    if (!isRefused || outstanding.count > 1) this.congestion.onTimeout(outstanding.bytesInFlight, now);
    this.#rto.backOff();
    this.#inRecovery = false;
    // Of several in a row the first would be the one to take back; nobody knows it any more.
    if (this.#awaitsVerdict) this.episode.close();
    else this.episode.begin();
    this.#afterTimeout = true;
    this.#awaitsVerdict = true;
    this.#recoveryPoint = add32(outstanding.next, -1);
    this.#probes = 0;
    this.isProbeDue = false;
    this.loseAll(now);
    this.#abandonment.onSack();
    this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
    this.#timers.stop(TIMER.LOSS);
  }

  /** The peer has room again: the chunk that probed its closed window was not kept, and need not wait for T3. */
  onPeerWindowOpened(now: Millis): void {
    const outstanding = this.#outstanding;
    if (outstanding.count !== 1 || outstanding.state(outstanding.first) !== CHUNK_STATE.IN_FLIGHT) return;
    this.#lose(outstanding.first, now);
    this.#abandonment.request();
  }

  /** Everything in flight goes out again, or is given up. */
  loseAll(now: Millis): void {
    const outstanding = this.#outstanding;
    // `next` can move while messages are given up; what it moves over is given up too.
    for (let tsn = outstanding.first; tsn !== outstanding.next; tsn = add32(tsn, 1))
      if (outstanding.state(tsn) === CHUNK_STATE.IN_FLIGHT) this.#lose(tsn, now);
  }

  get #isRepairing(): boolean {
    return this.#inRecovery || this.#afterTimeout;
  }

  /** Packets take another path; `congestion` has not heard of anything yet. */
  onNewPath(congestion: CongestionControl, now: Millis): void {
    this.congestion = congestion;
    this.episode.close();
    if (this.#inRecovery) this.#endRecovery();
    this.#armLossTimer(now);
  }

  #measure(now: Millis): void {
    const { measuredSentAt, measuredTsn } = this.#scoreboard;
    this.#sample.roundTripTime = -1;
    if (measuredSentAt < 0) return;
    const roundTripTime = now - measuredSentAt;
    this.#sample.roundTripTime = roundTripTime;
    this.#rto.note(roundTripTime);
    if (!atOrAfter32(measuredTsn, this.#measureFrom)) return;
    this.#rto.observe(roundTripTime);
    this.#measureFrom = this.#outstanding.next;
  }

  #fillSample(sample: AckSample): void {
    const scoreboard = this.#scoreboard;
    sample.ackedBytes = scoreboard.ackedBytes;
    sample.cumulativeAdvanced = scoreboard.cumulativeAdvanced;
    sample.flight = this.#outstanding.bytesInFlight;
    sample.inRecovery = this.#inRecovery;
    sample.windowLimited = scoreboard.newestPacket > 0 && scoreboard.newestPacket <= this.#limitedThrough;
    sample.shortestRoundTripTime = this.#rto.shortestRoundTripTime;
    sample.smoothedRoundTripTime = this.#rto.smoothedRoundTripTime ?? 0;
    this.#delivery.conclude(sample, sample.now);
  }

  #findLosses(now: Millis): boolean {
    let any = false;
    for (;;) {
      const tsn = this.#losses.nextLost(this.#isRepairing, now);
      if (tsn < 0) return any;
      if (!any && !this.#isRepairing) this.episode.begin();
      any = true;
      this.#lose(tsn, now);
    }
  }

  #enterRecovery(flightBefore: number, now: Millis): void {
    // RFC 9260 §7.2.4: one reduction for all that was lost from one window. A timeout has had its own.
    if (this.#isRepairing) return;
    this.congestion.onLoss(flightBefore, now);
    this.fastRecoveries++;
    this.#inRecovery = true;
    this.#recoveryPoint = add32(this.#outstanding.next, -1);
    this.proportional.begin(flightBefore, this.congestion.window);
  }

  #endRecovery(): void {
    if (this.#inRecovery) this.#losses.onRecoveryEnd();
    this.#inRecovery = false;
    this.#afterTimeout = false;
  }

  /**
   * After a timeout, the first news tells whether it was needed (F-RTO, RFC 5682): what had been taken for lost with it,
   * and was not sent again, can only have been delayed. Then the rest was as well.
   */
  #judgeTimeout(): void {
    const outstanding = this.#outstanding;
    this.#awaitsVerdict = false;
    if (!this.#scoreboard.hasArrivedLate) return;
    for (let tsn = outstanding.first; outstanding.lost > 0 && tsn !== outstanding.next; tsn = add32(tsn, 1))
      if (outstanding.state(tsn) === CHUNK_STATE.LOST && outstanding.sends(tsn) === 1) {
        outstanding.revive(tsn);
        this.episode.onArrived();
      }
  }

  #takeBack(now: Millis): void {
    this.spuriousRecoveries++;
    this.#inRecovery = false;
    this.#afterTimeout = false;
    this.congestion.onSpuriousLoss(now);
  }

  /** RFC 8985 §7.4: whether a probe that sent something again made up for a loss, which counts as any other. */
  #hasProbeRepaired(isSpurious: boolean): boolean {
    const outstanding = this.#outstanding;
    const tsn = this.#probeTsn;
    if (tsn < 0) return false;
    const isOpen =
      atOrAfter32(tsn, outstanding.first) &&
      outstanding.state(tsn) === CHUNK_STATE.IN_FLIGHT &&
      outstanding.packet(tsn) === this.#probePacket;
    if (isOpen && !isSpurious) return false;
    this.#probeTsn = -1;
    // An answer to a sending before the probe is none to the probe.
    return !isSpurious && this.#scoreboard.newestPacket >= this.#probePacket;
  }

  #mayProbe(): boolean {
    const outstanding = this.#outstanding;
    return (
      this.#probes < MAX_PROBES &&
      !this.isPeerWindowClosed &&
      outstanding.bytesInFlight > 0 &&
      this.#rto.smoothedRoundTripTime !== undefined
    );
  }

  /** One timer serves the reordering window and the probe: whichever is due first is all that matters. */
  #armLossTimer(now: Millis): void {
    const timers = this.#timers;
    if (this.#losses.deadline < NEVER) {
      timers.set(TIMER.LOSS, this.#losses.deadline);
      return;
    }
    if (!this.#mayProbe()) {
      timers.stop(TIMER.LOSS);
      return;
    }
    // Deviation: RFC 8985 §7.2 counts two round trips from the last SACK on. Here they count from the last sending, so that
    // a lost tail is repaired within two round trips even where its predecessors have just been acknowledged; and it is
    // fewer where answers come steadily: a round trip and four times its variance, as in QUIC (RFC 9002 §6.2.1). There is
    // no allowance for delayed SACKs, since the last packet asks for its SACK at once (RFC 7053).
    const smoothed = this.#rto.smoothedRoundTripTime!;
    const timeout = Math.max(this.#rto.answerTimeout, PROBE_TIMEOUT_MIN);
    const deadline = Math.max(this.#lastSentAt + timeout, now + PROBE_SLACK * smoothed);
    if (deadline < timers.deadlineOf(TIMER.T3_RTX)) timers.set(TIMER.LOSS, deadline);
    else timers.stop(TIMER.LOSS);
  }

  #lose(tsn: number, now: Millis): void {
    const outstanding = this.#outstanding;
    const message = outstanding.message(tsn)!;
    this.#delivery.lost += outstanding.chunkBytes(outstanding.length(tsn));
    const isSpent = outstanding.sends(tsn) > message.maxRetransmits || message.expiresAt <= now;
    if (isSpent && this.#abandonment.abandon(message)) {
      this.episode.close(); // it cannot be learnt any more whether it had arrived
      return;
    }
    outstanding.lose(tsn);
    this.episode.onLost();
  }
}
