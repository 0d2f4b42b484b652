// Which stream sends next (RFC 9260 §6.9 lets only whole messages alternate; RFC 8260 §3 names the schedulers).
import { Ring } from '@millrace/sans-io';
import type { OutgoingStream } from './outgoing-stream.ts';

/** Chooses among streams that have something to send. It is told when a stream gets and when it loses that. */
export interface StreamScheduler {
  /** `stream` has something to send and was not in the scheduler. */
  add(stream: OutgoingStream): void;
  /** `stream` has nothing more to send, or is held back. */
  remove(stream: OutgoingStream): void;
  /** The stream to send from; stays the same until something is added, removed or sent. */
  next(): OutgoingStream | undefined;
  /** `bytes` of `stream` went out; `endsMessage` tells whether its message is over. Called before `remove`. */
  onSent(stream: OutgoingStream, bytes: number, endsMessage: boolean): void;
}

export type SchedulerFactory = () => StreamScheduler;

/** One message of each stream in turn. */
class RoundRobin implements StreamScheduler {
  readonly #turns = new Ring<OutgoingStream>();
  /** The head has had its turn; it goes to the back unless it is removed first. */
  #isTurnOver = false;

  add(stream: OutgoingStream): void {
    this.#turnOver();
    this.#turns.push(stream);
  }

  remove(stream: OutgoingStream): void {
    if (this.#turns.at(0) === stream) {
      this.#turns.shift();
      this.#isTurnOver = false;
      return;
    }
    for (let left = this.#turns.length; left > 0; left--) {
      const other = this.#turns.shift()!;
      if (other !== stream) this.#turns.push(other);
    }
  }

  next(): OutgoingStream | undefined {
    this.#turnOver();
    return this.#turns.at(0);
  }

  onSent(stream: OutgoingStream, _bytes: number, endsMessage: boolean): void {
    if (endsMessage && this.#turns.at(0) === stream) this.#isTurnOver = true;
  }

  #turnOver(): void {
    if (!this.#isTurnOver) return;
    this.#isTurnOver = false;
    this.#turns.push(this.#turns.shift()!);
  }
}

export function roundRobinScheduler(): StreamScheduler {
  return new RoundRobin();
}
