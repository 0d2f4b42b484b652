// Which stream sends next (RFC 8260 §3). Streams with something to send stand in a heap, ordered by a rank and a tag
// that the scheduler gives them; the four schedulers differ in nothing else. Without interleaving a message that
// has begun is finished first, whatever the scheduler says (RFC 9260 §6.9).
import type { OutgoingStream } from './outgoing-stream.ts';

/** Chooses among streams that have something to send. It is told when a stream gets and when it loses that. */
export interface StreamScheduler {
  /** `stream` has something to send and was not in the scheduler. */
  add(stream: OutgoingStream): void;
  /** `stream` has nothing more to send, or is held back. */
  remove(stream: OutgoingStream): void;
  /** The stream to send from; stays the same until something is added, removed or sent, or a packet begins. */
  next(): OutgoingStream | undefined;
  /** `bytes` of `stream` went out; `endsMessage` tells whether its message is over. Called before `remove`. */
  onSent(stream: OutgoingStream, bytes: number, endsMessage: boolean): void;
  /** A new packet begins, and messages may be interleaved: nobody needs to have a second turn. */
  onPacket(): void;
}

export type SchedulerFactory = () => StreamScheduler;

abstract class HeapScheduler implements StreamScheduler {
  readonly #heap: OutgoingStream[] = [];

  add(stream: OutgoingStream): void {
    this.enter(stream);
    stream.place = this.#heap.length;
    this.#heap.push(stream);
    this.#rise(stream);
  }

  remove(stream: OutgoingStream): void {
    const { place } = stream;
    const last = this.#heap.pop()!;
    stream.place = -1;
    if (last === stream) return;
    last.place = place;
    this.#heap[place] = last;
    this.#rise(last);
    this.#sink(last);
  }

  next(): OutgoingStream | undefined {
    return this.#heap[0];
  }

  onSent(stream: OutgoingStream, bytes: number, endsMessage: boolean): void {
    if (this.account(stream, bytes, endsMessage)) this.#sink(stream);
  }

  onPacket(): void {}

  /** Gives a new stream its rank and tag. */
  protected abstract enter(stream: OutgoingStream): void;

  /** Gives a stream its next tag, which must not be lower. Whether it has another one. */
  protected abstract account(stream: OutgoingStream, bytes: number, endsMessage: boolean): boolean;

  /** The tag of `stream` has grown. */
  protected fall(stream: OutgoingStream): void {
    this.#sink(stream);
  }

  #rise(stream: OutgoingStream): void {
    const heap = this.#heap;
    let { place } = stream;
    while (place > 0) {
      const parent = heap[(place - 1) >> 1]!;
      if (!isBefore(stream, parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = (place - 1) >> 1;
    }
    heap[place] = stream;
    stream.place = place;
  }

  #sink(stream: OutgoingStream): void {
    const heap = this.#heap;
    let { place } = stream;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, stream)) break;
      heap[place] = heap[child]!;
      heap[place]!.place = place;
      place = child;
    }
    heap[place] = stream;
    stream.place = place;
  }
}

function isBefore(a: OutgoingStream, b: OutgoingStream): boolean {
  return a.rank === b.rank ? a.tag < b.tag : a.rank < b.rank;
}

/** RFC 8260 §3.1: messages leave in the order in which they were sent. */
class FirstCome extends HeapScheduler {
  protected enter(stream: OutgoingStream): void {
    stream.rank = 0;
    stream.tag = stream.queue.at(0)!.arrival;
  }

  protected account(stream: OutgoingStream, _bytes: number, endsMessage: boolean): boolean {
    const next = stream.queue.at(0);
    if (!endsMessage || next === undefined) return false;
    stream.tag = next.arrival;
    return true;
  }
}

/** RFC 8260 §3.2, §3.3: each stream in turn, for a message or, interleaved, for a packet at most. */
class RoundRobin extends HeapScheduler {
  #turn = 0;
  /** Whose message went out last and is not over. */
  #unfinished: OutgoingStream | undefined;

  protected enter(stream: OutgoingStream): void {
    stream.rank = 0;
    stream.tag = ++this.#turn;
  }

  protected account(stream: OutgoingStream, _bytes: number, endsMessage: boolean): boolean {
    this.#unfinished = endsMessage ? undefined : stream;
    if (endsMessage) stream.tag = ++this.#turn;
    return endsMessage;
  }

  override remove(stream: OutgoingStream): void {
    if (this.#unfinished === stream) this.#unfinished = undefined;
    super.remove(stream);
  }

  override onPacket(): void {
    const stream = this.#unfinished;
    if (stream === undefined) return;
    this.#unfinished = undefined;
    stream.tag = ++this.#turn;
    this.fall(stream);
  }
}

/** RFC 8260 §3.4: the stream of highest priority; those of one priority in turn. */
class Priority extends RoundRobin {
  protected override enter(stream: OutgoingStream): void {
    super.enter(stream);
    stream.rank = -stream.priority;
  }
}

/**
 * RFC 8260 §3.6: each stream has a share in proportion to its priority. A stream's tag is the virtual time at which
 * its next bytes are due; a stream that comes anew starts now, so that it neither waits nor catches up (start-time
 * fair queueing).
 */
class WeightedFair extends HeapScheduler {
  #virtualTime = 0;

  protected enter(stream: OutgoingStream): void {
    stream.rank = 0;
    stream.tag = Math.max(stream.tag, this.#virtualTime);
  }

  protected account(stream: OutgoingStream, bytes: number): boolean {
    this.#virtualTime = Math.max(this.#virtualTime, stream.tag);
    stream.tag += bytes / stream.priority;
    return true;
  }
}

export const SCHEDULERS = {
  'first-come': (): StreamScheduler => new FirstCome(),
  'round-robin': (): StreamScheduler => new RoundRobin(),
  'weighted-fair': (): StreamScheduler => new WeightedFair(),
  priority: (): StreamScheduler => new Priority(),
} as const;

export type SchedulerName = keyof typeof SCHEDULERS;
