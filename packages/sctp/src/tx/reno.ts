// NewReno as SCTP has it (RFC 9260 §7.2), counting bytes acknowledged (RFC 3465) since one SACK may answer many
// packets. Windows count whole chunks, headers and padding included.
import type { Millis } from '@millrace/sans-io';
import type { PacketSize } from '../path/packet-size.ts';
import type { AckSample, CongestionControl } from './congestion.ts';

class Reno implements CongestionControl {
  window: number;
  slowStartThreshold: number = Number.POSITIVE_INFINITY;
  #partialBytesAcked = 0;
  readonly #size: PacketSize;

  constructor(size: PacketSize, initialWindow: number) {
    this.#size = size;
    this.window = initialWindow;
  }

  onAck(sample: Readonly<AckSample>): void {
    // §7.2.1, §7.2.2: no growth in fast recovery, nor when the window was not what held us back.
    if (!sample.cumulativeAdvanced || sample.inRecovery) return;
    if (this.window <= this.slowStartThreshold) {
      // Deviation: §7.2.1 grows by one MTU for each SACK. Ours and many peers' SACKs answer more than two
      // packets, so growth is by what was acknowledged; the burst limit keeps it from leaving at once.
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

  onLoss(): void {
    // §7.2.3: half the window, not below four packets.
    this.slowStartThreshold = Math.max(this.window / 2, 4 * this.#size.mtu);
    this.window = this.slowStartThreshold;
    this.#partialBytesAcked = 0;
  }

  onTimeout(): void {
    this.slowStartThreshold = Math.max(this.window / 2, 4 * this.#size.mtu);
    this.window = this.#size.mtu;
    this.#partialBytesAcked = 0;
  }

  onIdle(idleTime: Millis, rto: Millis): void {
    // §7.2.1: an unused window halves once an RTO, and slow start brings it back to what it was. Deviation: a
    // slow start that had not ended before goes on after, so a pause early in a transfer costs nothing later.
    const floor = 4 * this.#size.mtu;
    if (this.window <= floor) return;
    const halvings = Math.floor(idleTime / rto);
    if (halvings < 1) return;
    this.slowStartThreshold = Math.max(this.slowStartThreshold, this.window);
    this.window = Math.max(this.window / 2 ** Math.min(halvings, 31), floor);
  }
}

export function renoCongestionControl(size: PacketSize, initialWindow: number): CongestionControl {
  return new Reno(size, initialWindow);
}
