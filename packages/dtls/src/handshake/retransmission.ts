// When a flight is sent again: after a timeout that doubles, or because the peer has sent its own again.
// RFC 6347 §4.2.4, §4.2.4.1; RFC 9147 §5.8.
import { type Millis, NEVER } from '@millrace/sans-io';

export interface RetransmissionOptions {
  readonly role: 'client' | 'server';
  readonly roundTripTime: Millis | undefined;
  readonly helloRetransmitDelays: readonly Millis[];
  readonly retransmitInitial: Millis;
  readonly retransmitMax: Millis;
}

/** No timeout is shorter, however near the peer is: its signature takes its time. */
const LEAST_TIMEOUT: Millis = 50;
/** A flight that is repeated comes in several records, which count as one. */
const LEAST_HOLDOFF: Millis = 20;
/**
 * A flight is due for another sending after so many round trips, as ICE has measured them, and what the peer's signature
 * may take. Deviation: RFC 6347 §4.2.4.1 recommends a second at first, and doubles each time. Here the first timeouts,
 * RETRIES_BEFORE_BACKOFF of them, are alike: on a path that loses packets the second loss should not cost more than the first.
 */
const ROUND_TRIPS = 1.25;
const PEER_WORK: Millis = 25;
const RETRIES_BEFORE_BACKOFF = 2;

export class Retransmission {
  /** From a flight that was sent once to the first piece of its reply (Karn); what the peer's signature took is in it. */
  measured: Millis | undefined = undefined;
  /** The flight has been sent once, and nothing of its reply has come. */
  #isMeasuring = false;
  readonly #options: RetransmissionOptions;
  #roundTripTime: Millis | undefined;
  #timeout: Millis;
  /** Before the client has heard anything, its hello follows the list of delays. */
  #isHello: boolean;
  #attempt = 0;
  #sentAt: Millis = 0;
  #deadline: Millis = NEVER;

  constructor(options: RetransmissionOptions) {
    this.#options = options;
    this.#isHello = options.role === 'client';
    this.#roundTripTime = options.roundTripTime;
    this.#timeout = this.#timeoutFor(options.roundTripTime);
  }

  get deadline(): Millis {
    return this.#deadline;
  }

  /** A new flight goes out; the last one of a handshake expects no reply. */
  onFlight(now: Millis, expectsReply: boolean): void {
    this.#attempt = 0;
    this.#sentAt = now;
    this.#isMeasuring = expectsReply;
    this.#deadline = expectsReply ? now + this.#delay() : NEVER;
  }

  /** A piece of the reply to our flight has come. */
  measure(now: Millis): void {
    if (this.#isMeasuring) this.measured ??= now - this.#sentAt;
    this.#isMeasuring = false;
  }

  /** The first piece of the reply to our flight. */
  onReply(now: Millis): void {
    if (!this.#isHello) return;
    this.#isHello = false;
    // A hello sent once gives a clean sample of the round trip (Karn).
    if (this.#roundTripTime === undefined && this.#attempt === 0) {
      this.#timeout = this.#timeoutFor(now - this.#sentAt);
    }
    this.#attempt = 0;
    this.#deadline = now + this.#delay();
  }

  /** If the timeout is over, starts the next one and returns true: the flight is to be sent again. */
  expire(now: Millis): boolean {
    if (now < this.#deadline) return false;
    this.#attempt++;
    this.#isMeasuring = false;
    this.#sentAt = now;
    this.#deadline = now + this.#delay();
    return true;
  }

  /**
   * The peer sends again what our flight answers. True if our flight is to be sent again at once. What comes
   * within a round trip of the last sending was sent without knowing of it and says nothing.
   */
  onPeerRepeats(now: Millis): boolean {
    if (now - this.#sentAt < Math.max(LEAST_HOLDOFF, this.#roundTripTime ?? LEAST_TIMEOUT)) return false;
    this.#sentAt = now;
    this.#isMeasuring = false;
    this.#attempt = 0; // the peer is there
    if (this.#deadline !== NEVER) this.#deadline = now + this.#delay();
    return true;
  }

  /** Part of our flight has been acknowledged, and the rest goes out again. */
  onSentAgain(now: Millis): void {
    this.#isMeasuring = false;
    this.#sentAt = now;
    this.#deadline = now + this.#delay();
  }

  // RFC 9147 §7.1: a quarter of the timeout leaves the rest of a flight its time and comes before it is sent again.
  get acknowledgementDelay(): Millis {
    return this.#timeout / 4;
  }

  /** The path is known now: all counts from here, as if the flight were sent for the first time. */
  setPath(roundTripTime: Millis | undefined, now: Millis): void {
    if (roundTripTime !== undefined) {
      this.#roundTripTime = roundTripTime;
      this.#timeout = this.#timeoutFor(roundTripTime);
    }
    this.#attempt = 0;
    if (now > this.#sentAt) this.#isMeasuring = false;
    this.#sentAt = now;
    if (this.#deadline !== NEVER) this.#deadline = now + this.#delay();
  }

  stop(): void {
    this.#deadline = NEVER;
  }

  #delay(): Millis {
    if (!this.#isHello) {
      const doublings = Math.max(0, this.#attempt + 1 - RETRIES_BEFORE_BACKOFF);
      return Math.min(this.#options.retransmitMax, this.#timeout * 2 ** doublings);
    }
    const delays = this.#options.helloRetransmitDelays;
    return delays[Math.min(this.#attempt, delays.length - 1)]!;
  }

  #timeoutFor(roundTripTime: Millis | undefined): Millis {
    if (roundTripTime === undefined) return this.#options.retransmitInitial;
    return Math.min(
      this.#options.retransmitMax,
      Math.max(LEAST_TIMEOUT, ROUND_TRIPS * roundTripTime + PEER_WORK),
    );
  }
}
