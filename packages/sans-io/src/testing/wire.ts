// One direction of a simulated link, in virtual time and from a seed: delay, jitter, rate with a queue, loss,
// duplication, reordering and corruption. What goes in is copied; what comes out belongs to the reader.
import { type Millis, NEVER } from '../core.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface WireOptions {
  /** One-way delay in milliseconds. Default 0. */
  readonly delay?: number;
  /** Up to this many milliseconds are added to the delay of each datagram, drawn anew; they may overtake. Default 0. */
  readonly jitter?: number;
  /** Probability that a datagram is lost. Default 0. */
  readonly loss?: number;
  /** Probability that a datagram arrives twice. Default 0. */
  readonly duplicate?: number;
  /** Probability that a datagram is held back by `reorderDelay`. Default 0. */
  readonly reorder?: number;
  /** Milliseconds that a reordered datagram is held back. Default 5. */
  readonly reorderDelay?: number;
  /** Probability that one random bit of a datagram is flipped. Default 0. */
  readonly corrupt?: number;
  /** Bytes per millisecond the link carries. Default unlimited. */
  readonly rate?: number;
  /** Bytes that may wait for the link before newcomers are dropped. Default unlimited. */
  readonly queue?: number;
  /** Longest datagram carried, in bytes; longer ones are dropped. Default unlimited. */
  readonly mtu?: number;
}

interface InFlight<Tag> {
  readonly arrival: Millis;
  readonly order: number;
  readonly bytes: Uint8Array;
  readonly tag: Tag;
}

/** @typeParam Tag anything that travels with a datagram, such as its route */
export class Wire<Tag = void> {
  options: WireOptions;
  /** Called for each datagram before any impairment; returning true loses it. For tests that pick their victim. */
  lose: ((bytes: Uint8Array, now: Millis) => boolean) | undefined;
  sent = 0;
  lost = 0;
  readonly #random: SeededRandom;
  readonly #heap: InFlight<Tag>[] = []; // binary min-heap on (arrival, order)
  #busyUntil: Millis = 0;
  #order = 0;

  constructor(random: SeededRandom, options: WireOptions = {}) {
    this.#random = random;
    this.options = options;
  }

  /** Puts a copy of `bytes[at, end)` on the wire. */
  send(bytes: Uint8Array, at: number, end: number, now: Millis, tag: Tag): void {
    const { delay = 0, jitter = 0, loss = 0, duplicate = 0, reorder = 0, reorderDelay = 5 } = this.options;
    const { corrupt = 0, rate = NEVER, queue = NEVER, mtu = NEVER } = this.options;
    this.sent++;
    const copy = bytes.slice(at, end);
    const waiting = Math.max(0, this.#busyUntil - now) * (rate === NEVER ? 0 : rate);
    if (
      this.lose?.(copy, now) ||
      this.#random.chance(loss) ||
      copy.length > mtu ||
      waiting + copy.length > queue
    ) {
      this.lost++;
      return;
    }
    if (this.#random.chance(corrupt) && copy.length > 0) {
      const victim = this.#random.below(copy.length);
      copy[victim] = copy[victim]! ^ (1 << this.#random.below(8));
    }
    this.#busyUntil = Math.max(this.#busyUntil, now) + copy.length / rate;
    let arrival = this.#busyUntil + delay + this.#random.unit() * jitter;
    if (this.#random.chance(reorder)) arrival += reorderDelay;
    this.#push({ arrival, order: this.#order++, bytes: copy, tag });
    if (this.#random.chance(duplicate))
      this.#push({ arrival, order: this.#order++, bytes: copy.slice(), tag });
  }

  /** When the next datagram arrives; `NEVER` if none is under way. */
  next(): Millis {
    return this.#heap[0]?.arrival ?? NEVER;
  }

  /** The next datagram that has arrived by `now`, removed. */
  take(now: Millis): { readonly bytes: Uint8Array; readonly tag: Tag } | undefined {
    return this.next() <= now ? this.#pop() : undefined;
  }

  #push(item: InFlight<Tag>): void {
    const heap = this.#heap;
    let child = heap.push(item) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  #pop(): InFlight<Tag> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let least = parent;
      for (let child = parent * 2 + 1; child <= parent * 2 + 2 && child < heap.length; child++) {
        if (isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === parent) return top;
      [heap[least], heap[parent]] = [heap[parent]!, heap[least]!];
      parent = least;
    }
  }
}

function isBefore<Tag>(a: InFlight<Tag>, b: InFlight<Tag>): boolean {
  return a.arrival < b.arrival || (a.arrival === b.arrival && a.order < b.order);
}
