// Whether the peer acknowledges only what has come to it. A receiver that acknowledges packets before they come, or though
// they were lost, makes us send faster than its path carries, at the cost of all who share the path (Savage et al., "TCP
// Congestion Control with a Misbehaving Receiver", 1999, §2.2; RFC 9260 §12). Now and then a TSN is therefore left out:
// no packet carries it. An honest peer reports it missing when what follows has come, and is told by FORWARD TSN (RFC 3758)
// not to wait for it; nothing else waits, since a TSN that belongs to no message is no part of any order. A peer that
// acknowledges it has acknowledged what it can't have. There is no challenge for peers without FORWARD TSN.
import { after32, atOrAfter32, distance32, type RandomSource, randomUnit } from '@millrace/sans-io';
import { latestRunCount, latestRunEnd, latestRunStart } from '../packet/latest-tsns.ts';
import { sackGapEnd, sackGapStart } from '../packet/sack.ts';
import { OutgoingMessage } from './outgoing-stream.ts';

/** No TSN. */
const NONE = -1;
/** So much is sent before the first challenge, at least: most associations never meet one. */
const LEAST_BYTES = 1024 * 1024;
/** From one to the next so many times what is in flight is sent, and up to as much again. */
const FLIGHTS = 8;

export class AckChallenge {
  /** The TSN left out last; NONE before the first. */
  tsn: number = NONE;
  /** The peer has yet to show that it lacks `tsn`; until then it is not told to skip it. */
  isOpen = false;
  challenges = 0;
  readonly #random: RandomSource;
  readonly #isPossible: boolean;
  /** The next one comes when so much has been sent. */
  #dueAt = LEAST_BYTES;
  /** `#dueAt` has been drawn. The first draw waits for a transfer that is worth it. */
  #isDrawn = false;
  /** The peer has reported `tsn` as come. */
  #isBroken = false;
  #message: OutgoingMessage | undefined;

  constructor(random: RandomSource, isPossible: boolean) {
    this.#random = random;
    this.#isPossible = isPossible;
  }

  /** Whether `tsn`, the next one, is to be left out: `delivered` bytes have arrived, `flight` are under way. */
  begin(tsn: number, delivered: number, flight: number): boolean {
    const sent = delivered + flight;
    if (sent < this.#dueAt || this.isOpen || !this.#isPossible) return false;
    const least = Math.max(LEAST_BYTES, FLIGHTS * flight);
    this.#dueAt = sent + randomUnit(this.#random) * least + (this.#isDrawn ? least : 0);
    if (!this.#isDrawn) {
      this.#isDrawn = true;
      return false;
    }
    this.tsn = tsn;
    this.isOpen = true;
    this.challenges++;
    return true;
  }

  /** What stands for the missing TSN among the chunks outstanding: a byte that is never sent. */
  get message(): OutgoingMessage {
    if (this.#message !== undefined) return this.#message;
    const message = new OutgoingMessage();
    message.length = 1;
    message.abandoned = true;
    return (this.#message = message);
  }

  /** There is no telling any more what an acknowledgement of it would mean, or it takes too long. */
  cancel(): void {
    this.isOpen = false;
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
      this.isOpen = false;
      return true;
    }
    return true;
  }

  /** Whether `first`, the oldest TSN outstanding, is the one left out: then nothing need be missing below what is reported. */
  isAt(first: number): boolean {
    return first === this.tsn;
  }
}
