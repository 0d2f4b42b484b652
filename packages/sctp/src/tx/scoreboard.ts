// Hot: what a SACK says of the chunks outstanding (RFC 9260 §6.2.1): which are acknowledged for the first time, which of
// them measures the round trip, and what shows reordering or a retransmission too many. Each gap block is walked only as
// far as it is news.
import { add32, after32, atOrAfter32, type Millis, NEVER, u32 } from '@millrace/sans-io';
import { latestRunCount, latestRunEnd, latestRunStart } from '../packet/latest-tsns.ts';
import { SACK_BYTES, sackDuplicateCount, sackGapEnd, sackGapStart } from '../packet/sack.ts';
import type { DeliveryRate } from './delivery-rate.ts';
import type { LossDetection } from './loss-detection.ts';
import type { LossEpisode } from './loss-episode.ts';
import { CHUNK_STATE, type Outstanding } from './outstanding.ts';
import type { Rto } from './rto.ts';
import type { SendQueue } from './send-queue.ts';

/** More runs than this of a LATEST TSNS chunk are not looked at. */
const MAX_LATEST_RUNS = 64;
const NO_RUNS = new Uint32Array(0);

export class Scoreboard {
  // Of the SACK taken last:
  ackedBytes = 0;
  cumulativeAdvanced = false;
  /** When the packet was sent that measures the round trip; -1 if none does. */
  measuredSentAt: Millis = -1;
  measuredTsn = 0;
  /** The newest packet acknowledged; 0 if none. */
  newestPacket = 0;
  /** Whether chunks taken for lost, and not sent again since, had arrived. */
  hasArrivedLate = false;
  readonly #outstanding: Outstanding;
  readonly #queue: SendQueue;
  readonly #delivery: DeliveryRate;
  readonly #losses: LossDetection;
  readonly #episode: LossEpisode;
  readonly #rto: Rto;
  #highestBefore = 0;
  /** Made when there is something to keep. */
  #latest = NO_RUNS;
  #latestCount = 0;

  constructor(
    outstanding: Outstanding,
    queue: SendQueue,
    delivery: DeliveryRate,
    losses: LossDetection,
    episode: LossEpisode,
    rto: Rto,
  ) {
    this.#outstanding = outstanding;
    this.#queue = queue;
    this.#delivery = delivery;
    this.#losses = losses;
    this.#episode = episode;
    this.#rto = rto;
  }

  /** Takes a sound SACK chunk; `gaps` is 0 where there is none (a SHUTDOWN), and then nothing of `bytes` is read. */
  take(cumulative: number, bytes: Uint8Array, at: number, gaps: number, toldAll: boolean, now: Millis): void {
    const outstanding = this.#outstanding;
    this.ackedBytes = 0;
    this.cumulativeAdvanced = cumulative !== add32(outstanding.first, -1);
    this.measuredSentAt = -1;
    this.newestPacket = 0;
    this.hasArrivedLate = false;
    this.#highestBefore = this.#losses.highest;
    this.#delivery.begin();
    this.#acknowledgeThrough(cumulative, now);
    for (let i = 0; i < gaps; i++)
      this.#acknowledgeBlock(
        add32(cumulative, sackGapStart(bytes, at, i)),
        add32(cumulative, sackGapEnd(bytes, at, i)),
        now,
      );
    let highest = gaps === 0 ? cumulative : add32(cumulative, sackGapEnd(bytes, at, gaps - 1));
    for (; this.#latestCount > 0; this.#latestCount--) highest = this.#takeLatest(cumulative, highest, now);
    this.#losses.onSack(highest, gaps, toldAll);
    if (this.ackedBytes > 0) this.#delivery.onDelivered(this.ackedBytes, now);
    this.#takeBackReneged();
  }

  /** Keeps the runs of the LATEST TSNS chunk `bytes[at, end)` for the SACK that follows it. */
  noteLatest(bytes: Uint8Array, at: number, end: number): void {
    const runs = Math.min(latestRunCount(at, end), MAX_LATEST_RUNS);
    this.#latestCount = runs;
    if (this.#latest.length === 0) this.#latest = new Uint32Array(2 * MAX_LATEST_RUNS);
    for (let i = 0; i < runs; i++) {
      this.#latest[2 * i] = latestRunStart(bytes, at, i);
      this.#latest[2 * i + 1] = latestRunEnd(bytes, at, i);
    }
  }

  /** Takes the duplicates that the SACK chunk at `at` reports. */
  takeDuplicates(bytes: Uint8Array, at: number, gaps: number, probeTsn: number, lastPacket: number): boolean {
    let isProbeSpurious = false;
    const count = sackDuplicateCount(bytes, at);
    for (let i = 0; i < count; i++) {
      const tsn = u32(bytes, at + SACK_BYTES + (gaps + i) * 4);
      if (tsn === probeTsn) isProbeSpurious = true;
      else if (this.#episode.onDuplicate(tsn)) this.#losses.onDuplicate(lastPacket);
    }
    return isProbeSpurious;
  }

  /** Takes the last of the runs kept, if it makes sense; returns the highest TSN reported, `highest` so far. */
  #takeLatest(cumulative: number, highest: number, now: Millis): number {
    const outstanding = this.#outstanding;
    const start = this.#latest[2 * this.#latestCount - 2]!;
    const end = this.#latest[2 * this.#latestCount - 1]!;
    const isSound =
      after32(start, add32(cumulative, 1)) &&
      atOrAfter32(end, start) &&
      after32(outstanding.next, end) &&
      outstanding.count > 0;
    if (!isSound) return highest;
    this.#acknowledgeBlock(start, end, now);
    return after32(end, highest) ? end : highest;
  }

  #acknowledgeThrough(cumulative: number, now: Millis): void {
    const outstanding = this.#outstanding;
    while (!after32(outstanding.first, cumulative)) {
      const tsn = outstanding.first;
      const state = outstanding.state(tsn);
      if (state === CHUNK_STATE.IN_FLIGHT || state === CHUNK_STATE.LOST) this.#acknowledge(tsn, state, now);
      const message = outstanding.removeFirst();
      if (message.outstanding === 0 && message.isWhollySent) this.#queue.release(message);
    }
  }

  #acknowledgeBlock(start: number, end: number, now: Millis): void {
    const outstanding = this.#outstanding;
    let lastPacket = -1;
    for (let tsn = start; !after32(tsn, end); tsn = add32(tsn, 1)) {
      const state = outstanding.state(tsn);
      if (state === CHUNK_STATE.ACKED) {
        const through = outstanding.ackedThrough(tsn);
        if (atOrAfter32(through, end)) return;
        outstanding.setAckedThrough(tsn, end);
        tsn = through;
      } else if (state !== CHUNK_STATE.ABANDONED) {
        const packet = outstanding.packet(tsn);
        if (packet !== lastPacket) this.#losses.packetsAboveHole++;
        lastPacket = packet;
        this.#acknowledge(tsn, state, now);
        outstanding.setAckedThrough(tsn, end);
      }
    }
  }

  #acknowledge(tsn: number, state: number, now: Millis): void {
    const outstanding = this.#outstanding;
    const packet = outstanding.packet(tsn);
    const isFirstSending = outstanding.sends(tsn) === 1;
    if (state === CHUNK_STATE.IN_FLIGHT) {
      const sentAt = this.#delivery.sentAt(packet);
      // RFC 8985 §6.2 step 2: an answer to a retransmission that is too quick answers what was sent before.
      const { shortestRoundTripTime } = this.#rto;
      if (isFirstSending || shortestRoundTripTime === NEVER || now - sentAt >= shortestRoundTripTime) {
        if (packet > this.newestPacket) {
          this.newestPacket = packet;
          // §6.3.1 C5 (Karn): what was sent twice, or given up for lost, measures nothing. Nor does what a SACK brings
          // in beside something sent later: it may have come long ago, and only its SACK been lost.
          this.measuredSentAt = isFirstSending ? sentAt : -1;
          this.measuredTsn = tsn;
        }
        this.#losses.onDelivered(packet, sentAt, now);
        this.#delivery.onAcknowledged(packet);
      }
    } else {
      this.hasArrivedLate = true;
      this.#episode.onArrived();
    }
    if (isFirstSending && after32(this.#highestBefore, tsn)) this.#losses.onReordering();
    this.ackedBytes += outstanding.acknowledge(tsn);
  }

  /** §6.2.1: the oldest chunk cannot be acked in a gap block; if it is, the peer no longer has it nor what follows it. */
  #takeBackReneged(): void {
    const outstanding = this.#outstanding;
    for (
      let tsn = outstanding.first;
      tsn !== outstanding.next && outstanding.state(tsn) === CHUNK_STATE.ACKED;
      tsn = add32(tsn, 1)
    )
      outstanding.lose(tsn);
  }
}
