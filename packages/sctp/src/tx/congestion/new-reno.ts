// NewReno as SCTP has it (RFC 9260 §7.2), counting bytes acknowledged (RFC 3465) since one SACK may answer many
// packets. Windows count whole chunks, headers and padding included.
import type { Millis } from '@millrace/sans-io';
import type { PacketSize } from '../../path/packet-size.ts';
import type { AckSample, CongestionControl, CongestionPath } from './congestion-control.ts';
import { windowPacingRate } from './window-pacing.ts';

/** §7.2.3: the window does not fall below so many packets. */
export const MIN_WINDOW_PACKETS = 4;

class NewReno implements CongestionControl {
  window: number;
  slowStartThreshold: number = Number.POSITIVE_INFINITY;
  pacingRate: number = Number.POSITIVE_INFINITY;
  readonly reducesProportionally = true;
  #partialBytesAcked = 0;
  // What they were before the last loss, in case it was none.
  #windowBefore = 0;
  #thresholdBefore = 0;
  readonly #size: PacketSize;

  constructor(path: CongestionPath) {
    this.#size = path.size;
    this.window = path.initialWindow;
  }

  onAck(sample: Readonly<AckSample>): void {
    this.#grow(sample);
    const inSlowStart = this.window < this.slowStartThreshold;
    this.pacingRate = windowPacingRate(this.window, inSlowStart, sample.smoothedRoundTripTime);
  }

  onLoss(): void {
    this.#reduce();
    this.window = this.slowStartThreshold;
  }

  onTimeout(): void {
    this.#reduce();
    this.window = this.#size.mtu;
  }

  onSpuriousLoss(): void {
    this.window = Math.max(this.window, this.#windowBefore);
    this.slowStartThreshold = Math.max(this.slowStartThreshold, this.#thresholdBefore);
  }

  onIdle(idleTime: Millis, rto: Millis): void {
    // §7.2.1: an unused window halves once an RTO, and slow start brings it back to what it was. Deviation: a
    // slow start that had not ended before goes on after, so a pause early in a transfer costs nothing later.
    const floor = MIN_WINDOW_PACKETS * this.#size.mtu;
    const halvings = Math.floor(idleTime / rto);
    if (halvings < 1 || this.window <= floor) return;
    this.slowStartThreshold = Math.max(this.slowStartThreshold, this.window);
    this.window = Math.max(this.window / 2 ** Math.min(halvings, 31), floor);
  }

  #grow(sample: Readonly<AckSample>): void {
    // §7.2.1, §7.2.2: no growth in fast recovery, nor when the window was not what held us back.
    if (!sample.cumulativeAdvanced || sample.inRecovery) return;
    if (this.window <= this.slowStartThreshold) {
      // Deviation: §7.2.1 grows by one MTU for each SACK. Ours and many peers' SACKs answer more than two
      // packets, so growth is by what was acknowledged; pacing keeps it from leaving at once.
      if (sample.windowLimited) this.window += sample.ackedBytes;
      return;
    }
    this.#partialBytesAcked += sample.ackedBytes;
    if (this.#partialBytesAcked < this.window) return;
    if (sample.windowLimited) {
      this.#partialBytesAcked -= this.window;
      this.window += this.#size.mtu;
    } else this.#partialBytesAcked = this.window; // §7.2.2: no credit for later
  }

  #reduce(): void {
    this.#windowBefore = this.window;
    this.#thresholdBefore = this.slowStartThreshold;
    // §7.2.3: half the window, not below four packets.
    this.slowStartThreshold = Math.max(this.window / 2, MIN_WINDOW_PACKETS * this.#size.mtu);
    this.#partialBytesAcked = 0;
  }
}

export function newReno(path: CongestionPath): CongestionControl {
  return new NewReno(path);
}
