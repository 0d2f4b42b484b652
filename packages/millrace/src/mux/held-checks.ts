// Checks that came before the connection they are for: kept for a while, so that it need not wait for the next one.
// One for each username fragment, bounded in number and time.
import type { TransportAddress } from '@millrace/ice';
import { type Millis, ownCopy } from '@millrace/sans-io';

/** The longest check worth keeping, in bytes: RFC 8489 §6.1 has requests fit 548. */
const MAX_CHECK_BYTES = 1_280;

export interface HeldCheck {
  readonly bytes: Uint8Array;
  readonly remote: TransportAddress;
  /** The number of the socket it came to. */
  readonly socket: number;
  readonly until: Millis;
}

export class HeldChecks {
  readonly #limit: number;
  readonly #holdFor: Millis;
  /** In order of age. */
  readonly #held = new Map<string, HeldCheck>();
  readonly #onExpired: () => void;

  constructor(limit: number, holdFor: Millis, onExpired: () => void) {
    this.#limit = limit;
    this.#holdFor = holdFor;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#held.size;
  }

  has(usernameFragment: string): boolean {
    return this.#held.has(usernameFragment);
  }

  /** Whether another one has a place, once those that have waited too long are gone. */
  hasRoom(now: Millis): boolean {
    for (const [fragment, { until }] of this.#held) {
      if (until > now) break;
      this.#held.delete(fragment);
      this.#onExpired();
    }
    return this.#held.size < this.#limit;
  }

  /** Keeps a copy. A check that is held for the fragment already stays: the peer repeats itself. */
  hold(
    usernameFragment: string,
    bytes: Uint8Array,
    at: number,
    end: number,
    remote: TransportAddress,
    socket: number,
    now: Millis,
  ): void {
    if (this.#held.has(usernameFragment) || end - at > MAX_CHECK_BYTES) return;
    const { address, port } = remote;
    this.#held.set(usernameFragment, {
      bytes: ownCopy(bytes, at, end),
      remote: { address, port },
      socket,
      until: now + this.#holdFor,
    });
  }

  take(usernameFragment: string): HeldCheck | undefined {
    const held = this.#held.get(usernameFragment);
    this.#held.delete(usernameFragment);
    return held;
  }

  clear(): void {
    this.#held.clear();
  }
}
