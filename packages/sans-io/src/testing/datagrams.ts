// The datagrams under way on a wire, in the order of their arrival, and the memory of those that have arrived. Those
// that arrive in the order they were sent wait in a list, the others in a heap; nothing is allocated once as many
// datagrams of a length have been under way as ever are at once.
import { type Millis, NEVER } from '../core.ts';

/** Bytes of arrived datagrams that are kept for the next ones. */
const MAX_SPARE_BYTES = 64 * 1024 * 1024;
/** Below this a loop copies faster than a view is made. */
const LOOP_BYTES = 48;
const NO_BYTES = new Uint8Array(0);

/** @typeParam Tag anything that travels with a datagram, such as its route */
export class Datagram<Tag> {
  /** When it arrives. */
  arrival: Millis = 0;
  bytes: Uint8Array = NO_BYTES;
  tag: Tag | undefined = undefined;
  /** Which of two that arrive at once was sent first. */
  order = 0;
  next: Datagram<Tag> | undefined = undefined;
}

export class Datagrams<Tag> {
  #head: Datagram<Tag> | undefined;
  #tail: Datagram<Tag> | undefined;
  readonly #heap: Datagram<Tag>[] = []; // binary min-heap on (arrival, order)
  #order = 0;
  #spare: Datagram<Tag> | undefined;
  /** Memory by exact length, since almost all datagrams of a flow are as long as another one. */
  readonly #memory = new Map<number, Uint8Array[]>();
  /** The two lengths asked for last, data and its acknowledgements, need no look into the map. */
  #length = -1;
  #free: Uint8Array[] = [];
  #otherLength = -1;
  #otherFree: Uint8Array[] = [];
  #spareBytes = 0;
  #viewed: Uint8Array = NO_BYTES;
  #viewedAt = 0;
  #lastView: Uint8Array = NO_BYTES;

  /** A datagram with a copy of `bytes[at, end)`; to be pushed or released. */
  copy(bytes: Uint8Array, at: number, end: number, tag: Tag | undefined): Datagram<Tag> {
    const length = end - at;
    const datagram = this.#spare ?? new Datagram<Tag>();
    this.#spare = datagram.next;
    datagram.next = undefined;
    datagram.tag = tag;
    const free = this.#memoryOf(length).pop();
    if (free === undefined) datagram.bytes = bytes.slice(at, end);
    else {
      this.#spareBytes -= length;
      if (length < LOOP_BYTES) for (let i = 0; i < length; i++) free[i] = bytes[at + i]!;
      else free.set(this.#view(bytes, at, end));
      datagram.bytes = free;
    }
    return datagram;
  }

  /** Takes back a datagram that nobody reads any more. */
  release(datagram: Datagram<Tag>): void {
    const { bytes } = datagram;
    if (this.#spareBytes + bytes.length <= MAX_SPARE_BYTES) {
      this.#memoryOf(bytes.length).push(bytes);
      this.#spareBytes += bytes.length;
    }
    datagram.bytes = NO_BYTES;
    datagram.tag = undefined;
    datagram.next = this.#spare;
    this.#spare = datagram;
  }

  #memoryOf(length: number): Uint8Array[] {
    if (length === this.#length) return this.#free;
    let free = this.#otherFree;
    if (length !== this.#otherLength) {
      free = this.#memory.get(length) ?? [];
      if (free.length === 0) this.#memory.set(length, free);
    }
    this.#otherLength = this.#length;
    this.#otherFree = this.#free;
    this.#length = length;
    return (this.#free = free);
  }

  /** When the last of those in the list arrives; 0 if there is none. */
  get lastArrival(): Millis {
    return this.#tail === undefined ? 0 : this.#tail.arrival;
  }

  /** Puts it under way. `straggles` keeps one that will be overtaken out of the list. */
  push(datagram: Datagram<Tag>, arrival: Millis, straggles: boolean): void {
    datagram.arrival = arrival;
    datagram.order = this.#order++;
    if (straggles || arrival < this.lastArrival) this.#pushHeap(datagram);
    else {
      if (this.#tail === undefined) this.#head = datagram;
      else this.#tail.next = datagram;
      this.#tail = datagram;
    }
  }

  /** When the first arrives; `NEVER` if none is under way. */
  firstArrival(): Millis {
    const listed = this.#head === undefined ? NEVER : this.#head.arrival;
    if (this.#heap.length === 0) return listed;
    return Math.min(listed, this.#heap[0]!.arrival);
  }

  /** The one that arrives first, removed; `undefined` if it arrives after `now`. */
  pop(now: Millis): Datagram<Tag> | undefined {
    const listed = this.#head;
    const heaped = this.#heap[0];
    if (heaped !== undefined && (listed === undefined || isBefore(heaped, listed)))
      return heaped.arrival <= now ? this.#popHeap() : undefined;
    if (listed === undefined || listed.arrival > now) return undefined;
    this.#head = listed.next;
    if (this.#head === undefined) this.#tail = undefined;
    listed.next = undefined;
    return listed;
  }

  /** Senders use one slot again and again: its last view is kept. */
  #view(bytes: Uint8Array, at: number, end: number): Uint8Array {
    if (bytes !== this.#viewed || at !== this.#viewedAt || end - at !== this.#lastView.length) {
      this.#viewed = bytes;
      this.#viewedAt = at;
      this.#lastView = bytes.subarray(at, end);
    }
    return this.#lastView;
  }

  #pushHeap(datagram: Datagram<Tag>): void {
    const heap = this.#heap;
    let child = heap.push(datagram) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(datagram, heap[parent]!)) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = datagram;
  }

  #popHeap(): Datagram<Tag> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = last;
    return top;
  }
}

function isBefore<Tag>(a: Datagram<Tag>, b: Datagram<Tag>): boolean {
  return a.arrival < b.arrival || (a.arrival === b.arrival && a.order < b.order);
}
