// A client transaction as plain state: when to send, when to send again, when to give up. RFC 8489 §6.2.1.
// It holds no message: whoever owns it sends the same bytes each time. Transports that are reliable need none.
import { type Millis, NEVER, type RandomSource, randomBytes, u48 } from '@millrace/sans-io';
import { TRANSACTION_ID_BYTES } from './message-type.ts';

export interface TransactionTunables {
  /** RTO: milliseconds until the first retransmission; each further wait is twice as long. RFC 8489 §6.2.1 */
  readonly rto: number;
  /** Longest wait between two transmissions, in milliseconds; the RFC knows no such limit. */
  readonly rtoMax: number;
  /** Rc: how often the request is sent in all. RFC 8489 §6.2.1 */
  readonly sends: number;
  /** How many waits are as long as the first before each is twice the one before. Default 1, as RFC 8489 §6.2.1 has it. */
  readonly evenWaits?: number;
  /** Rm: how many times the first RTO to wait after the last transmission. RFC 8489 §6.2.1 */
  readonly lastWait: number;
}

/** RFC 8489 §6.2.1: sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, given up at 39.5 s. */
export const TRANSACTION_DEFAULTS: TransactionTunables = { rto: 500, rtoMax: NEVER, sends: 7, lastWait: 16 };

/** One request and its retransmissions. RFC 8489 §6.2 */
export class ClientTransaction {
  readonly id: Uint8Array;
  /** The id's first 48 bits, as `StunMessage.transactionKey`. */
  readonly key: number;
  readonly #tunables: TransactionTunables;
  #sends = 0;
  #firstSentAt: Millis = 0;
  #lastSentAt: Millis = 0;
  #wait: number;
  #cancelled = false;

  /** Its id is drawn from `random`; nothing counts before the first `onSent`. */
  constructor(random: RandomSource, tunables: TransactionTunables = TRANSACTION_DEFAULTS) {
    // RFC 8489 §5: uniformly random, and from a source that cannot be predicted.
    this.id = randomBytes(random, TRANSACTION_ID_BYTES);
    this.key = u48(this.id, 0);
    this.#tunables = tunables;
    this.#wait = tunables.rto;
  }

  /** How often the request has been sent. */
  get sends(): number {
    return this.#sends;
  }

  get firstSentAt(): Millis {
    return this.#firstSentAt;
  }

  get lastSentAt(): Millis {
    return this.#lastSentAt;
  }

  /** When to send again or give up; `NEVER` before the first transmission. */
  get deadline(): Millis {
    return this.#sends === 0 ? NEVER : this.#lastSentAt + this.#wait;
  }

  /** What is due: nothing yet, another transmission, or the end. */
  due(now: Millis): 'nothing' | 'retransmit' | 'timeout' {
    if (now < this.deadline) return 'nothing';
    return this.#cancelled || this.#sends >= this.#tunables.sends ? 'timeout' : 'retransmit';
  }

  /** The request has been sent, for the first time or again. */
  onSent(now: Millis): void {
    const { rto, rtoMax, sends, lastWait, evenWaits = 1 } = this.#tunables;
    if (this.#sends === 0) this.#firstSentAt = now;
    this.#lastSentAt = now;
    this.#sends++;
    if (this.#sends >= sends) this.#wait = rto * lastWait;
    else this.#wait = Math.min(rtoMax, rto * 2 ** Math.max(0, this.#sends - evenWaits));
  }

  /** Sends no more, but a response may still come until the time is up. RFC 8445 §7.3.1.4 */
  cancel(now: Millis): void {
    if (this.#cancelled || this.#sends === 0) return;
    this.#cancelled = true;
    this.#wait = now - this.#lastSentAt + this.#tunables.rto * this.#tunables.lastWait;
  }

  /**
   * The round trip that a response at `now` shows; `undefined` after a retransmission, since it may answer
   * either (Karn's rule, RFC 8489 §6.2.1).
   */
  roundTripTime(now: Millis): Millis | undefined {
    return this.#sends === 1 ? now - this.#firstSentAt : undefined;
  }

  /** Whether `id` is this transaction's. */
  matches(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < TRANSACTION_ID_BYTES; i++) if (bytes[at + i] !== this.id[i]) return false;
    return true;
  }
}
