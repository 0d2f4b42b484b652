// Partial reliability, sending side (RFC 3758 §3.5): messages that are given up, and the FORWARD TSN chunks that
// tell the peer not to wait for them; I-FORWARD-TSN where messages interleave (RFC 8260 §2.3).
import { add32, after32, atOrAfter32 } from '@millrace/sans-io';
import { FORWARD_TSN_BYTES, writeForwardTsn } from '../packet/forward-tsn.ts';
import { iForwardTsnRoom, skippedKey, writeIForwardTsn } from '../packet/i-forward-tsn.ts';
import type { AckChallenge } from './ack-challenge.ts';
import type { OutgoingMessage } from './outgoing-stream.ts';
import { CHUNK_STATE, type Outstanding } from './outstanding.ts';
import type { SendQueue } from './send-queue.ts';

/** Last skipped SSN by stream, or MID by `skippedKey`, for the chunk being written. */
const skipped = new Map<number, number>();

export class Abandonment {
  /** Messages given up. */
  abandonedMessages = 0;
  readonly #outstanding: Outstanding;
  readonly #queue: SendQueue;
  readonly #challenge: AckChallenge;
  readonly #isNegotiated: boolean;
  /** RFC 3758 §3.5 C1: Advanced.Peer.Ack.Point. */
  #advancedAckPoint: number;
  /** A FORWARD TSN is to be sent. */
  isDue = false;
  /** Whether the chunk names MIDs, of unordered messages too. */
  interleaves: boolean;

  constructor(
    outstanding: Outstanding,
    queue: SendQueue,
    challenge: AckChallenge,
    isNegotiated: boolean,
    interleaves: boolean,
  ) {
    this.interleaves = interleaves;
    this.#outstanding = outstanding;
    this.#queue = queue;
    this.#challenge = challenge;
    this.#isNegotiated = isNegotiated;
    this.#advancedAckPoint = add32(outstanding.first, -1);
  }

  /** Gives up `message`, some of which has been sent. False if the peer does not know partial reliability. */
  abandon(message: OutgoingMessage): boolean {
    if (!this.#isNegotiated) return false;
    const outstanding = this.#outstanding;
    this.abandonedMessages++;
    this.#challenge.end(); // FORWARD TSN should not wait
    if (!message.isWhollySent) {
      // The peer may already have, and have acknowledged, all that was sent. A TSN that stands for the unsent end
      // gives it something to skip; without, the next message would begin in the midst of this one.
      this.#queue.discard(message);
      outstanding.addAbandoned(message);
    }
    message.abandoned = true;
    let tsn = after32(outstanding.first, message.firstTsn) ? outstanding.first : message.firstTsn;
    for (; atOrAfter32(message.lastTsn, tsn); tsn = add32(tsn, 1))
      if (outstanding.message(tsn) === message) outstanding.abandon(tsn);
    this.onSack();
    return true;
  }

  /** RFC 3758 §3.5 C1 to C3: the ack point moves over what was given up, and the peer is told if it lags behind. */
  onSack(): void {
    const outstanding = this.#outstanding;
    if (after32(outstanding.first, add32(this.#advancedAckPoint, 1)))
      this.#advancedAckPoint = add32(outstanding.first, -1);
    const barrier = this.#challenge.isOpen ? this.#challenge.tsn : outstanding.next;
    for (let tsn = add32(this.#advancedAckPoint, 1); tsn !== barrier; tsn = add32(tsn, 1)) {
      if (outstanding.state(tsn) !== CHUNK_STATE.ABANDONED) break;
      this.#advancedAckPoint = tsn;
    }
    this.request();
  }

  /** Sends FORWARD TSN (again) if the peer has not caught up. */
  request(): void {
    this.isDue = atOrAfter32(this.#advancedAckPoint, this.#outstanding.first);
  }

  /** Writes a FORWARD TSN chunk into `out[at, limit)` if one is due; returns where it ends. */
  write(out: Uint8Array, at: number, limit: number): number {
    if (!this.isDue || at + FORWARD_TSN_BYTES > limit) return at;
    this.isDue = false;
    const outstanding = this.#outstanding;
    const most = this.interleaves ? iForwardTsnRoom(limit - at) : (limit - at - FORWARD_TSN_BYTES) >> 2;
    skipped.clear();
    let cumulative = add32(outstanding.first, -1);
    // RFC 3758 §3.5 C4: as many streams as fit; the rest follows when these are acknowledged.
    for (let tsn = outstanding.first; atOrAfter32(this.#advancedAckPoint, tsn); tsn = add32(tsn, 1)) {
      const message = outstanding.message(tsn)!;
      const { stream } = message; // a TSN left out on purpose has none
      if (stream !== undefined && (message.ordered || this.interleaves)) {
        const key = skippedKey(stream.id, message.ordered);
        if (skipped.size >= most && !skipped.has(key)) break;
        skipped.set(key, message.number);
      }
      cumulative = tsn;
    }
    return this.interleaves
      ? writeIForwardTsn(out, at, cumulative, skipped)
      : writeForwardTsn(out, at, cumulative, skipped);
  }
}
