// One direction of a simulated link, in virtual time and from a seed: delay, jitter, rate with a drop-tail queue, random
// and burst loss, MTU, duplication, reordering and corruption. What goes in is copied; what comes out is lent until
// the next is taken. A datagram meets the impairments in this order: picked, random and burst loss, MTU, queue,
// corruption, rate, delay, jitter, reordering, duplication; a lost one takes no share of the rate.
import { type Millis, NEVER } from '../core.ts';
import { type Datagram, Datagrams } from './datagrams.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type ResolvedWireOptions, resolveWireOptions, type WireOptions } from './wire-options.ts';
import { WireStats } from './wire-stats.ts';

/** Rounding of times must not cost a datagram its place in the queue. */
const QUEUE_SLACK_BYTES = 0.01;

/** A datagram that has arrived: lent until the next `take`; its bytes may be changed in place. */
export interface Arrived<Tag> {
  readonly bytes: Uint8Array;
  readonly tag: Tag;
  readonly arrival: Millis;
}

/** @typeParam Tag anything that travels with a datagram, such as its route */
export class Wire<Tag = void> {
  /**
   * Called for each datagram before any impairment; returning true loses it. For tests that pick their victim. The
   * bytes are the sender's own, borrowed for the call; what is changed in them travels.
   */
  lose: ((bytes: Uint8Array, now: Millis) => boolean) | undefined;
  stats: WireStats = new WireStats();
  readonly #random: SeededRandom;
  readonly #datagrams = new Datagrams<Tag>();
  #options: WireOptions;
  #resolved: ResolvedWireOptions;
  #lent: Datagram<Tag> | undefined;
  #busyUntil: Millis = 0;
  #isInBurst = false;

  constructor(random: SeededRandom, options: WireOptions = {}) {
    this.#random = random;
    this.#options = options;
    this.#resolved = resolveWireOptions(options);
  }

  get options(): WireOptions {
    return this.#options;
  }

  /** Replaces all options. What is under way arrives as it was going to; under a shorter delay it is overtaken. */
  set options(options: WireOptions) {
    this.#resolved = resolveWireOptions(options);
    this.#options = options;
  }

  /** Replaces these options and keeps the others. */
  change(options: WireOptions): void {
    this.options = { ...this.#options, ...options };
  }

  /** Datagrams put on the wire so far, or since `stats` was replaced. */
  get sent(): number {
    return this.stats.sent;
  }

  /** Those of them that did not get through. */
  get lost(): number {
    return this.stats.lost;
  }

  /** Puts a copy of `bytes[at, end)` on the wire. */
  send(bytes: Uint8Array, at: number, end: number, now: Millis, tag: Tag): void {
    const stats = this.stats;
    const o = this.#resolved;
    const size = end - at + o.overhead;
    stats.sent++;
    stats.sentBytes += end - at;
    if (this.lose?.(bytes.subarray(at, end), now)) {
      stats.lostBy.picked++;
      return;
    }
    if (o.loss > 0 && this.#random.chance(o.loss)) {
      stats.lostBy.random++;
      return;
    }
    if (o.enter > 0 && this.#burstLoses(o)) {
      stats.lostBy.burst++;
      return;
    }
    if (size > o.mtu) {
      stats.lostBy.size++;
      return;
    }
    const start = Math.max(this.#busyUntil, now);
    const backlog = start > now && o.rate !== NEVER ? (start - now) * o.rate : 0;
    if (backlog + size > o.queue + QUEUE_SLACK_BYTES) {
      stats.lostBy.queue++;
      return;
    }
    stats.countQueued(start - now, backlog + size);
    this.#busyUntil = start + size / o.rate;
    const datagram = this.#datagrams.copy(bytes, at, end, tag);
    if (o.corrupt > 0 && this.#random.chance(o.corrupt)) this.#corrupt(datagram.bytes);
    this.#launch(datagram, o);
  }

  /** When the next datagram arrives; `NEVER` if none is under way. */
  next(): Millis {
    return this.#datagrams.firstArrival();
  }

  /** The next datagram that has arrived by `now`, removed and lent until the next call; `undefined` if there is none. */
  take(now: Millis): Arrived<Tag> | undefined {
    if (this.#lent !== undefined) this.#datagrams.release(this.#lent);
    const datagram = this.#datagrams.pop(now);
    this.#lent = datagram;
    if (datagram !== undefined) {
      this.stats.delivered++;
      this.stats.deliveredBytes += datagram.bytes.length;
    }
    return datagram as Arrived<Tag> | undefined;
  }

  #launch(datagram: Datagram<Tag>, o: ResolvedWireOptions): void {
    let arrival = this.#busyUntil + o.delay;
    if (o.jitter > 0) {
      arrival += this.#random.unit() * o.jitter;
      if (o.jitterKeepsOrder) arrival = Math.max(arrival, this.#datagrams.lastArrival);
    }
    const straggles = o.reorder > 0 && this.#random.chance(o.reorder);
    if (straggles) {
      arrival += o.reorderDelay;
      this.stats.reordered++;
    }
    this.#datagrams.push(datagram, arrival, straggles);
    if (o.duplicate > 0 && this.#random.chance(o.duplicate)) {
      this.stats.duplicated++;
      const { bytes, tag } = datagram;
      this.#datagrams.push(this.#datagrams.copy(bytes, 0, bytes.length, tag), arrival, straggles);
    }
  }

  #burstLoses(o: ResolvedWireOptions): boolean {
    if (this.#random.chance(this.#isInBurst ? o.leave : o.enter)) this.#isInBurst = !this.#isInBurst;
    return this.#random.chance(this.#isInBurst ? o.lossInBurst : o.lossBetween);
  }

  #corrupt(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const victim = this.#random.below(bytes.length);
    bytes[victim] = bytes[victim]! ^ (1 << this.#random.below(8));
    this.stats.corrupted++;
  }
}
