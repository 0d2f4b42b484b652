// What multicast DNS may cost: everybody on the network can send us as much of it as they like.
import { Drops, type Millis } from '@millrace/sans-io';

const MDNS_DROPS = [
  /** More packets in a second than are looked at. */
  'too-many-packets',
  /** More answers in a second than are given, or the same one again too soon (RFC 6762 §6). */
  'too-many-answers',
  /** From somebody who is not on the same link (RFC 6762 §11). */
  'off-link',
  /** More names than there may be. */
  'too-many-names',
] as const;
export type MdnsDrop = (typeof MDNS_DROPS)[number];

/** Packets read in a second, by those who ask and by those who answer. */
export const MAX_MDNS_PACKETS = 500;
/** Answers given in a second, over all names. */
export const MAX_MDNS_ANSWERS = 50;
/** Names published at a time, over all connections of the process. */
export const MAX_MDNS_NAMES = 256;

/** Of the whole process: the network is the same for all connections. */
export const mdnsDrops: Drops<MdnsDrop> = new Drops(MDNS_DROPS);

/** So many in each second, as seconds are counted from the first. */
export class PerSecond {
  readonly #most: number;
  #count = 0;
  #until: Millis = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  take(at: Millis): boolean {
    if (at >= this.#until) {
      this.#until = at + 1_000;
      this.#count = 0;
    }
    return ++this.#count <= this.#most;
  }
}
