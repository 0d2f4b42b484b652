// What a wire has seen: counts, bytes and the delay of its queue.

/** Datagrams that did not get through, by cause. */
export interface LostBy {
  /** The test's own `lose` said so. */
  picked: number;
  /** Random loss. */
  random: number;
  /** Burst loss. */
  burst: number;
  /** Longer than the MTU. */
  size: number;
  /** No room in the queue. */
  queue: number;
}

export class WireStats {
  /** Datagrams put on the wire, whatever became of them. */
  sent = 0;
  /** Their bytes, without overhead. */
  sentBytes = 0;
  /** Datagrams taken off the wire at the far end; duplicates count. */
  delivered = 0;
  deliveredBytes = 0;
  readonly lostBy: LostBy = { picked: 0, random: 0, burst: 0, size: 0, queue: 0 };
  duplicated = 0;
  corrupted = 0;
  /** Held back, so that others could overtake. */
  reordered = 0;
  /** Most bytes that were waiting at once, overhead and the newcomer included. */
  maxQueueBytes = 0;
  /** Longest time in milliseconds that a datagram waited for the link before its own bytes were sent. */
  maxQueueDelay = 0;
  #queued = 0;
  #queueDelay = 0;

  get lost(): number {
    const { picked, random, burst, size, queue } = this.lostBy;
    return picked + random + burst + size + queue;
  }

  /** Milliseconds that a datagram waited for the link on average; 0 before the first. */
  get meanQueueDelay(): number {
    return this.#queued === 0 ? 0 : this.#queueDelay / this.#queued;
  }

  /** Called by the wire for each datagram that it takes on. */
  countQueued(delay: number, bytes: number): void {
    this.#queued++;
    this.#queueDelay += delay;
    if (delay > this.maxQueueDelay) this.maxQueueDelay = delay;
    if (bytes > this.maxQueueBytes) this.maxQueueBytes = bytes;
  }
}
