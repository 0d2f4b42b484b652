// Hot: which chunks are lost (RACK, RFC 8985 §6, adapted to SCTP; it takes the place of the three reports of RFC 9260
// §7.2.4): a chunk is lost when something sent later has been acknowledged, and a reordering window has passed since
// then. What was sent again is judged in the same way, so that lost retransmissions are found as well. Chunks wait in the
// order of sending: only what is lost is looked at, and the first that is not.
import { after32, type Millis, NEVER } from '@millrace/sans-io';
import type { DeliveryRate } from './delivery-rate.ts';
import { ORIGINALS, type Outstanding, REPEATS } from './outstanding.ts';
import type { Rto } from './rto.ts';

/** RFC 8985 §6.2 step 4: so many packets above a hole make waiting needless, as long as nothing was ever reordered. */
const DUP_THRESH = 3;
/** RFC 8985 §6.2: recoveries without a sign of reordering after which the window is narrow again. */
const RECOVERIES_TO_FORGET = 16;
/** Timers are no finer, and neither are the batches in which packets come. */
const MIN_REORDERING_WINDOW: Millis = 1;
/** A SACK with fewer gap blocks than the least cap known (dcSCTP: 20) has told all it knows. */
const SURELY_ALL_GAPS = 20;

export class LossDetection {
  /** Packets above the lowest hole; 0 when there is none. */
  packetsAboveHole = 0;
  /** When `nextLost` should be asked again. */
  deadline: Millis = NEVER;
  readonly #outstanding: Outstanding;
  readonly #delivery: DeliveryRate;
  readonly #rto: Rto;
  /** RACK.packet, RACK.rtt: the packet sent last among those delivered, and how long that took. */
  #packet = 0;
  #roundTripTime: Millis = 0;
  #hasReordering = false;
  /** RACK.reo_wnd_mult and RACK.reo_wnd_persist. */
  #multiplier = 1;
  #patience = 0;
  /** What the packets sent until then have told counts as one round's word. */
  #widenedUntil = 0;
  #highest: number;
  #toldAll = true;

  constructor(outstanding: Outstanding, delivery: DeliveryRate, rto: Rto) {
    this.#outstanding = outstanding;
    this.#delivery = delivery;
    this.#rto = rto;
    this.#highest = outstanding.first;
  }

  /** The highest TSN that has been reported. */
  get highest(): number {
    return this.#highest;
  }

  /** A SACK reports up to `highest`, in `gaps` blocks; `toldAll` if what they do not reach is told otherwise. */
  onSack(highest: number, gaps: number, toldAll: boolean): void {
    this.#toldAll = toldAll || gaps < SURELY_ALL_GAPS;
    if (after32(highest, this.#highest)) this.#highest = highest;
    if (gaps === 0) this.packetsAboveHole = 0;
  }

  /** Something of `packet`, sent at `sentAt`, has been delivered, surely by this sending of it (RFC 8985 §6.2 steps 1, 2). */
  onDelivered(packet: number, sentAt: Millis, now: Millis): void {
    if (packet <= this.#packet) return;
    this.#packet = packet;
    this.#roundTripTime = now - sentAt;
  }

  /** RFC 8985 §6.2 step 3: a chunk sent once came after one that was sent later. */
  onReordering(): void {
    this.#hasReordering = true;
  }

  /** RFC 8985 §6.2 step 4: the peer had it already. The window widens, at most once in a round trip. */
  onDuplicate(packetSentLast: number): void {
    this.#hasReordering = true;
    this.#patience = RECOVERIES_TO_FORGET;
    if (this.#packet < this.#widenedUntil) return;
    this.#widenedUntil = packetSentLast;
    this.#multiplier++;
  }

  onRecoveryEnd(): void {
    if (this.#patience > 0 && --this.#patience === 0) this.#multiplier = 1;
  }

  /** RFC 8985 §6.2 step 5: a chunk in flight that is lost, -1 if there is none (yet: see `deadline`). */
  nextLost(inRecovery: boolean, now: Millis): number {
    const outstanding = this.#outstanding;
    this.deadline = NEVER;
    const window = this.#reorderingWindow(inRecovery);
    for (let list = ORIGINALS; list <= REPEATS; list++) {
      if (outstanding.listed(list) === 0) continue;
      const tsn = outstanding.oldest(list);
      const packet = outstanding.packet(tsn);
      if (packet >= this.#packet) continue;
      // A SACK without room for all its blocks says nothing of what lies above them.
      if (!this.#toldAll && after32(tsn, this.#highest)) continue;
      const lostAt = this.#delivery.sentAt(packet) + this.#roundTripTime + window;
      if (lostAt <= now) return tsn;
      if (lostAt < this.deadline) this.deadline = lostAt;
    }
    return -1;
  }

  /** RFC 8985 §6.2 step 4. */
  #reorderingWindow(inRecovery: boolean): Millis {
    if (!this.#hasReordering && (inRecovery || this.packetsAboveHole >= DUP_THRESH)) return 0;
    const { shortestRoundTripTime, smoothedRoundTripTime = 0 } = this.#rto;
    if (shortestRoundTripTime === NEVER) return MIN_REORDERING_WINDOW;
    const window = (this.#multiplier * shortestRoundTripTime) / 4;
    return Math.max(Math.min(window, smoothedRoundTripTime), MIN_REORDERING_WINDOW);
  }
}
