// Asks a STUN server how it sees one of our sockets: one Binding request, sent again until it is answered.
// RFC 8489 §2, §6; RFC 8445 §5.1.1.2. A core like the others; the driver sends what it writes from the socket in
// question to the server, and hands it what comes from there.
import { type Core, type Millis, NEVER, type RandomSource } from '@millrace/sans-io';
import type { TransportAddress } from './address.ts';
import type { ErrorCode } from './attribute.ts';
import { ERROR_CODE, MAPPED_ADDRESS, XOR_MAPPED_ADDRESS } from './attributes.ts';
import { parseMessage, type StunMessage } from './message.ts';
import { METHOD_BINDING, TRANSACTION_ID_AT } from './message-type.ts';
import { ClientTransaction, TRANSACTION_DEFAULTS, type TransactionTunables } from './transaction.ts';
import { MessageWriter } from './writer.ts';

export interface BindingSink {
  /** The server sees us at `mapped`. */
  onMapped(mapped: TransportAddress, roundTripTime: Millis | undefined): void;
  /** There is no answer: it said no (`error`), or nothing in time. */
  onFailed(error: ErrorCode | undefined): void;
}

/** One Binding request, retransmitted until it is answered or given up. */
export class BindingQuery implements Core<BindingSink> {
  readonly #transaction: ClientTransaction;
  readonly #writer: MessageWriter = new MessageWriter();
  #isDue = true;
  #isOver = false;
  #mapped: TransportAddress | undefined;
  #roundTripTime: Millis | undefined;
  #error: ErrorCode | undefined;
  #hasNews = false;

  constructor(random: RandomSource, tunables: TransactionTunables = TRANSACTION_DEFAULTS) {
    this.#transaction = new ClientTransaction(random, tunables);
  }

  /** Whether `message` is the answer to this query, and not somebody else's. */
  isAnswer(message: StunMessage): boolean {
    const { messageClass, method, transactionKey, bytes, at } = message;
    return (
      !this.#isOver &&
      this.#transaction.sends > 0 &&
      method === METHOD_BINDING &&
      (messageClass === 'success' || messageClass === 'error') &&
      transactionKey === this.#transaction.key &&
      this.#transaction.matches(bytes, at + TRANSACTION_ID_AT)
    );
  }

  /** Anything but the answer is ignored: STUN servers know no key, so the transaction id is all there is to check. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const message = parseMessage(bytes, at, end);
    if (message === undefined || !this.isAnswer(message)) return;
    if (message.messageClass === 'error') {
      this.#error = message.get(ERROR_CODE);
      this.#finish();
      return;
    }
    // RFC 8489 §14.1: servers of RFC 3489 know only the plain attribute.
    this.#mapped = message.get(XOR_MAPPED_ADDRESS) ?? message.get(MAPPED_ADDRESS);
    this.#roundTripTime = this.#transaction.roundTripTime(now);
    if (this.#mapped?.port === 0) this.#mapped = undefined;
    this.#finish();
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    if (!this.#isDue || this.#isOver) return 0;
    const length = this.#writer
      .begin(out, at, end, 'request', METHOD_BINDING, this.#transaction.id)
      .addFingerprint()
      .finish();
    if (length > 0) {
      this.#isDue = false;
      this.#transaction.onSent(now);
    }
    return length;
  }

  deadline(): Millis {
    return this.#isOver || this.#isDue ? NEVER : this.#transaction.deadline;
  }

  expire(now: Millis): void {
    if (this.#isOver || this.#isDue) return;
    const due = this.#transaction.due(now);
    if (due === 'retransmit') this.#isDue = true;
    else if (due === 'timeout') this.#finish();
  }

  drain(sink: BindingSink): boolean {
    if (!this.#hasNews) return false;
    this.#hasNews = false;
    if (this.#mapped === undefined) sink.onFailed(this.#error);
    else sink.onMapped(this.#mapped, this.#roundTripTime);
    return true;
  }

  #finish(): void {
    this.#isOver = true;
    this.#hasNews = true;
  }
}
