// Whether the peer acknowledges only what has come to it. A receiver that acknowledges packets before they come, or though
// they were lost, makes us send faster than its path carries, at the cost of all who share the path (Savage et al., "TCP
// Congestion Control with a Misbehaving Receiver", 1999, §2.2; RFC 9260 §12). Now and then a TSN is therefore left out: an
// honest peer reports it missing when what follows has come; who acknowledges it has acknowledged what it can't have.
// Peers known to do as FORWARD TSN says (RFC 3758) are then told to skip it: nothing waits, since a TSN that belongs to no
// message is no part of any order. From others a packet is withheld until they have answered, as if the path had lost it.
import { after32, atOrAfter32, distance32, type RandomSource, randomUnit } from '@millrace/sans-io';
import { latestRunCount, latestRunEnd, latestRunStart } from '../packet/latest-tsns.ts';
import { sackGapEnd, sackGapStart } from '../packet/sack.ts';
import { OutgoingMessage } from './outgoing-stream.ts';
import type { Outstanding } from './outstanding.ts';

/** No TSN. */
const NONE = -1;
/** So much is sent before the first challenge, at least: most associations never meet one. */
const LEAST_BYTES = 1024 * 1024;
/** From one to the next so many times what is in flight is sent, and up to as much again. */
const FLIGHTS = 8;

export class AckChallenge {
  /** The TSN left out last; NONE if it is no more. */
  tsn: number = NONE;
  /** The peer has yet to show that it lacks `tsn`; until then it is neither sent nor skipped. */
  isOpen = false;
  /** Whether it is a TSN of no message, for FORWARD TSN to skip. */
  readonly isEmpty: boolean;
  readonly #outstanding: Outstanding;
  readonly #random: RandomSource;
  /** The next one comes when so much has been sent. */
  #dueAt = LEAST_BYTES;
  /** `#dueAt` has been drawn. The first draw waits for a transfer that is worth it. */
  #isDrawn = false;
  /** The peer has reported `tsn` as come. */
  #isBroken = false;
  #message: OutgoingMessage | undefined;

  constructor(outstanding: Outstanding, random: RandomSource, isEmpty: boolean) {
    this.#outstanding = outstanding;
    this.#random = random;
    this.isEmpty = isEmpty;
  }

  /** Whether one is due when `delivered` bytes have arrived. Then the next TSN is the one left out. */
  begin(delivered: number): boolean {
    const { bytesInFlight, next } = this.#outstanding;
    const sent = delivered + bytesInFlight;
    if (sent < this.#dueAt || this.isOpen) return false;
    const least = Math.max(LEAST_BYTES, FLIGHTS * bytesInFlight);
    this.#dueAt = sent + randomUnit(this.#random) * least + (this.#isDrawn ? least : 0);
    if (!this.#isDrawn) {
      this.#isDrawn = true;
      return false;
    }
    this.tsn = next;
    this.isOpen = true;
    return true;
  }

  /** What stands for a TSN of no message among the chunks outstanding: a byte that is never sent. */
  get message(): OutgoingMessage {
    if (this.#message !== undefined) return this.#message;
    const message = new OutgoingMessage();
    message.length = 1;
    message.abandoned = true;
    return (this.#message = message);
  }

  /** It has been answered, or it takes too long: what was withheld goes out. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.isEmpty) return;
    this.#outstanding.lose(this.tsn);
    this.tsn = NONE;
  }

  /** The LATEST TSNS chunk `bytes[at, end)`. Call while it is open. */
  onLatestTsns(bytes: Uint8Array, at: number, end: number): void {
    for (let i = latestRunCount(at, end) - 1; i >= 0; i--)
      if (
        atOrAfter32(this.tsn, latestRunStart(bytes, at, i)) &&
        atOrAfter32(latestRunEnd(bytes, at, i), this.tsn)
      )
        this.#isBroken = true;
  }

  /** A sound SACK, its chunk at `bytes[at]`, with `gaps` blocks. False: it acknowledges what was never sent. Call while it is open. */
  judge(cumulative: number, bytes: Uint8Array, at: number, gaps: number): boolean {
    if (this.#isBroken || !after32(this.tsn, cumulative)) return false;
    const offset = distance32(this.tsn, cumulative);
    for (let i = 0; i < gaps; i++) {
      if (sackGapEnd(bytes, at, i) < offset) continue;
      if (sackGapStart(bytes, at, i) <= offset) return false;
      this.end();
      return true;
    }
    return true;
  }

  /** Whether `first`, the oldest TSN outstanding, is the one left out: then nothing need be missing below what is reported. */
  isAt(first: number): boolean {
    return first === this.tsn;
  }
}
