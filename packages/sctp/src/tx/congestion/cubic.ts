// CUBIC (RFC 9438) with HyStart++ (RFC 9406): after a loss the window grows along a cubic of the time since then, flat
// around the window at which the loss came; where Reno would be faster, as fast as Reno. Windows are in bytes; the
// formulas of the RFC are in segments and seconds.
import type { Millis } from '@millrace/sans-io';
import type { PacketSize } from '../../path/packet-size.ts';
import type { AckSample, CongestionControl, CongestionPath } from './congestion-control.ts';
import { HyStart } from './hystart.ts';
import { MIN_WINDOW_PACKETS } from './new-reno.ts';
import { windowPacingRate } from './window-pacing.ts';

/** RFC 9438 §4.1.2, §5: segments per second cubed. */
const C = 0.4;
/** §4.6. */
const BETA = 0.7;
/** §4.3: as much additive increase as Reno needs to be fair with a decrease of BETA. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** §4.2: in one round trip the window grows by half at most. */
const MAX_GROWTH = 1.5;

/** All that a loss changes, so that it can be taken back (§4.9.2). */
interface Shape {
  window: number;
  slowStartThreshold: number;
  /** W_max, in bytes. */
  plateau: number;
  /** When the epoch began, and K: how long after that the plateau is reached. -1 before congestion avoidance. */
  epochStart: Millis;
  timeToPlateau: Millis;
  /** W_est, in bytes, and cwnd_prior. */
  estimate: number;
  prior: number;
}

class Cubic implements CongestionControl {
  pacingRate: number = Number.POSITIVE_INFINITY;
  readonly reducesProportionally = true;
  #now: Shape;
  readonly #before: Shape;
  /** The epoch after a timeout begins at the plateau. */
  #isAfterTimeout = false;
  readonly #hystart: HyStart;
  readonly #size: PacketSize;

  constructor(path: CongestionPath) {
    this.#size = path.size;
    this.#hystart = new HyStart(path.random);
    this.#now = {
      window: path.initialWindow,
      slowStartThreshold: Number.POSITIVE_INFINITY,
      plateau: 0,
      epochStart: -1,
      timeToPlateau: 0,
      estimate: 0,
      prior: 0,
    };
    this.#before = { ...this.#now };
  }

  get window(): number {
    return this.#now.window;
  }

  get slowStartThreshold(): number {
    return this.#now.slowStartThreshold;
  }

  onAck(sample: Readonly<AckSample>): void {
    const shape = this.#now;
    if (sample.cumulativeAdvanced && !sample.inRecovery) {
      if (shape.window < shape.slowStartThreshold) this.#slowStart(sample);
      else this.#avoidCongestion(sample);
    }
    const inSlowStart = shape.window < shape.slowStartThreshold && !this.#hystart.isInCss;
    this.pacingRate = windowPacingRate(shape.window, inSlowStart, sample.smoothedRoundTripTime);
  }

  onLoss(): void {
    this.#reduce();
    this.#now.window = this.#now.slowStartThreshold;
  }

  onTimeout(): void {
    this.#reduce();
    this.#isAfterTimeout = true;
    this.#now.window = this.#size.mtu;
    this.#hystart.begin();
  }

  onSpuriousLoss(): void {
    // §4.9: back to where it was, unless it has come further since.
    if (this.#now.window < this.#before.window) Object.assign(this.#now, this.#before);
  }

  onIdle(idleTime: Millis, rto: Millis): void {
    const shape = this.#now;
    // §4.2: the time in which nothing was sent does not count.
    if (shape.epochStart >= 0) shape.epochStart += idleTime;
    const floor = MIN_WINDOW_PACKETS * this.#size.mtu;
    const halvings = Math.floor(idleTime / rto);
    if (halvings < 1 || shape.window <= floor) return;
    // RFC 9260 §7.2.1: an unused window halves once an RTO, and slow start brings it back to what it was.
    shape.slowStartThreshold = Math.max(shape.slowStartThreshold, shape.window);
    shape.window = Math.max(shape.window / 2 ** Math.min(halvings, 31), floor);
    shape.epochStart = -1;
    this.#hystart.begin();
  }

  #slowStart(sample: Readonly<AckSample>): void {
    const shape = this.#now;
    const isFirst = shape.slowStartThreshold === Number.POSITIVE_INFINITY;
    // RFC 9406 §4.3: only the first slow start has anything to search for.
    if (isFirst) shape.window = this.#hystart.next(shape.window, this.#size.mtu, sample);
    else if (sample.windowLimited) shape.window += sample.ackedBytes;
    if (isFirst && this.#hystart.isOver) shape.slowStartThreshold = shape.window;
    if (shape.window > shape.slowStartThreshold) shape.window = shape.slowStartThreshold;
  }

  #avoidCongestion(sample: Readonly<AckSample>): void {
    const shape = this.#now;
    const { now } = sample;
    if (shape.epochStart < 0) this.#beginEpoch(now);
    // §4.2: no growth while the window is not what limits.
    if (!sample.windowLimited) return;
    const { mtu } = this.#size;
    const acked = sample.ackedBytes;
    // §4.3: what Reno would have; once past the last loss it grows as Reno does.
    shape.estimate += ((shape.estimate >= shape.prior ? 1 : ALPHA) * mtu * acked) / shape.window;
    const elapsed = now - shape.epochStart;
    if (this.#cubicAt(elapsed) < shape.estimate) {
      shape.window = Math.max(shape.window, shape.estimate);
      return;
    }
    // §4.4, §4.5.
    const target = Math.min(
      Math.max(this.#cubicAt(elapsed + sample.smoothedRoundTripTime), shape.window),
      MAX_GROWTH * shape.window,
    );
    shape.window += ((target - shape.window) * acked) / shape.window;
  }

  /** W_cubic (§4.2), in bytes. */
  #cubicAt(elapsed: Millis): number {
    const seconds = (elapsed - this.#now.timeToPlateau) / 1_000;
    return C * seconds * seconds * seconds * this.#size.mtu + this.#now.plateau;
  }

  #beginEpoch(now: Millis): void {
    const shape = this.#now;
    shape.epochStart = now;
    shape.estimate = shape.window;
    // §4.7, §4.10: without a loss to return to, growth begins convex from here.
    if (this.#isAfterTimeout || shape.plateau < shape.window) shape.plateau = shape.window;
    this.#isAfterTimeout = false;
    const segments = (shape.plateau - shape.window) / this.#size.mtu;
    shape.timeToPlateau = Math.cbrt(segments / C) * 1_000;
  }

  #reduce(): void {
    const shape = this.#now;
    const before = this.#before;
    before.window = shape.window;
    before.slowStartThreshold = shape.slowStartThreshold;
    before.plateau = shape.plateau;
    before.epochStart = shape.epochStart;
    before.timeToPlateau = shape.timeToPlateau;
    before.estimate = shape.estimate;
    before.prior = shape.prior;
    // §4.7 fast convergence: a window that lost before it was back at its plateau makes room for others.
    shape.plateau = shape.window < shape.plateau ? (shape.window * (1 + BETA)) / 2 : shape.window;
    shape.prior = shape.window;
    shape.slowStartThreshold = Math.max(shape.window * BETA, MIN_WINDOW_PACKETS * this.#size.mtu);
    shape.epochStart = -1;
    this.#isAfterTimeout = false;
  }
}

export function cubic(path: CongestionPath): CongestionControl {
  return new Cubic(path);
}
