// The receive window (RFC 9260 §6.2): an honest account of what is held for reassembly, for order, or for a reader that
// takes its time, and what is left of it for the peer. Its size follows the bandwidth-delay product: it grows to several
// times what arrives in a round trip, as long as there is a reader who keeps up, and stays within its cap and a budget.
import type { Millis } from '@millrace/sans-io';
import type { MemoryAccount } from '../memory-budget.ts';
import { HELD_OVERHEAD, type ResolvedOptions, WINDOW_SLACK } from '../options.ts';

/**
 * Bytes of window for each byte that arrives in a round trip. Two let a sender in slow start double; as much again is
 * for round trips made longer by the queues that it fills, and for what waits while a loss is repaired.
 */
const WINDOW_PER_ROUND_TRIP = 4;
/** Round trips are counted as no shorter than this: one batch of packets is not a rate. */
const MIN_EPOCH: Millis = 1;
/** A round trip that nobody has measured yet. */
const ASSUMED_ROUND_TRIP: Millis = 100;

export class ReceiveWindow {
  /** Bytes held for reassembly or order, with what it costs to hold them. */
  held = 0;
  /** Part of it: interleaved messages that are not whole yet. */
  #unfinished = 0;
  /** Bytes of delivered messages that their reader has not consumed. */
  unread = 0;
  /** What may be held in all; only ever grows. */
  size: number;
  readonly #maxUnfinished: number;
  readonly #maxSize: number;
  readonly #slack: number;
  readonly #account: MemoryAccount;
  #advertised: number;
  /** Bytes taken since the shared memory was used up. */
  #overdraft = 0;
  #arrivedBytes = 0;
  #epochStart: Millis = -1;

  constructor(options: ResolvedOptions, account: MemoryAccount) {
    this.size = options.receiveWindow;
    this.#maxUnfinished = options.maxUnfinishedBytes;
    this.#maxSize = options.maxReceiveWindow;
    this.#account = account;
    // The last chunk within the window may have brought its overhead with it.
    this.#slack = Math.max(WINDOW_SLACK, options.maxMessageSize + 2 * HELD_OVERHEAD);
    this.#advertised = this.size;
  }

  take(bytes: number): void {
    this.held += bytes + HELD_OVERHEAD;
  }

  give(bytes: number): void {
    this.held -= bytes + HELD_OVERHEAD;
  }

  takeUnfinished(bytes: number): void {
    this.take(bytes);
    this.#unfinished += bytes + HELD_OVERHEAD;
  }

  growUnfinished(bytes: number): void {
    this.held += bytes;
    this.#unfinished += bytes;
  }

  giveUnfinished(bytes: number): void {
    this.give(bytes);
    this.#unfinished -= bytes + HELD_OVERHEAD;
  }

  /** All that is held for reassembly or order is gone: the peer begins anew. */
  reset(): void {
    this.held = 0;
    this.#unfinished = 0;
    this.#arrivedBytes = 0;
    this.#epochStart = -1;
  }

  get available(): number {
    return Math.max(0, Math.min(this.size - this.#charged, this.#account.available));
  }

  /**
   * Messages that come interleaved could fill the window with none of them whole, and it would never empty. So as
   * much of them as is allowed for that is not counted.
   */
  get #charged(): number {
    return this.held + this.unread - Math.min(this.#unfinished, this.#maxUnfinished);
  }

  /** Whether a chunk may be kept. The one that moves the cumulative TSN always helps, so it gets a little more. */
  admits(bytes: number, isNextTsn: boolean): boolean {
    if (this.#charged + bytes > (isNextTsn ? this.size + this.#slack : this.size)) return false;
    if (bytes <= this.#account.available) {
      this.#overdraft = 0;
      return true;
    }
    // With the shared memory used up, an association may still take what finishes one message, and frees others by it.
    if (!isNextTsn || this.#overdraft + bytes > this.#slack) return false;
    this.#overdraft += bytes;
    return true;
  }

  /** What to tell the peer now. */
  advertise(): number {
    return (this.#advertised = this.available);
  }

  /** §6.2: whether the window has opened so far since it was last told that the peer should hear of it. */
  get wantsUpdate(): boolean {
    return this.#advertised < this.size >> 2 && this.available >= this.size >> 1;
  }

  /** `bytes` of user data have come for the first time. */
  onArrival(bytes: number): void {
    this.#arrivedBytes += bytes;
  }

  /** The packet is over: once in a round trip the window is fitted to what has arrived in it. */
  onPacketEnd(roundTripTime: Millis | undefined, now: Millis): void {
    if (this.#epochStart < 0) this.#epochStart = now;
    const elapsed = now - this.#epochStart;
    const epoch = Math.max(roundTripTime ?? ASSUMED_ROUND_TRIP, MIN_EPOCH);
    if (elapsed < epoch) return;
    const wanted = this.#arrivedBytes * (epoch / elapsed) * WINDOW_PER_ROUND_TRIP;
    this.#arrivedBytes = 0;
    this.#epochStart = now;
    // Who does not read needs no larger window to do so.
    if (wanted > this.size && this.unread <= this.size >> 2) this.size = Math.min(wanted, this.#maxSize) & ~3;
  }
}
