// What comes after the handshake of DTLS 1.3: new keys and tickets, each acknowledged by itself. RFC 8446 §4.6, RFC 9147 §8.
//
// Left out: post-handshake authentication, connection ids.
import type { Millis } from '@millrace/sans-io';
import type { CipherSuite13 } from '../cipher-suites-13.ts';
import { fault } from '../fault.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from '../handshake/header.ts';
import type { HandshakeContext, PostHandshake, Step } from '../handshake/step.ts';
import { KeySchedule13, type TrafficSecrets } from '../key-schedule/tls13.ts';
import { parseKeyUpdate, writeKeyUpdate } from './messages/key-update.ts';
import { parseNewSessionTicket } from './messages/new-session-ticket.ts';
import { issueTicket, keepTicket, type TicketSource } from './resumption.ts';

/** RFC 9147 §5.2: 16 bits. */
const MAX_MESSAGE_SEQUENCE = 0xffff;

export class AfterHandshake implements PostHandshake {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #suite: CipherSuite13;
  /** What a ticket will stand for. */
  readonly #source: TicketSource | undefined;
  #own: Uint8Array;
  #remote: Uint8Array;
  /** The KeyUpdate of ours that is not acknowledged. */
  #updating: number | undefined;
  /** The peer has asked for new keys while ours were changing. */
  #isAsked = false;
  /** We have asked the peer for new keys, and there are none yet. */
  #isAsking = false;

  constructor(
    context: HandshakeContext,
    suite: CipherSuite13,
    secrets: TrafficSecrets,
    source: TicketSource | undefined,
  ) {
    this.#source = source;
    const isClient = context.settings.role === 'client';
    this.#context = context;
    this.#suite = suite;
    this.#own = isClient ? secrets.client : secrets.server;
    this.#remote = isClient ? secrets.server : secrets.client;
  }

  handle(message: HandshakeMessage, now: Millis): Step {
    switch (message.type) {
      case HANDSHAKE_TYPE.keyUpdate:
        return this.#onKeyUpdate(message);
      case HANDSHAKE_TYPE.newSessionTicket:
        // RFC 8446 §4.6.1: only servers send them. What is not wanted is acknowledged and forgotten.
        if (this.#context.settings.role !== 'client') return fault('unexpected-message');
        return this.#onNewSessionTicket(message, now);
      default:
        return fault('unexpected-message');
    }
  }

  updateKeys(asksPeer: boolean): boolean {
    const { flight } = this.#context;
    // RFC 9147 §5.2: the numbers of messages MUST NOT wrap. When the keys are used up as well, the connection ends.
    if (this.#updating !== undefined || flight.messageSequence > MAX_MESSAGE_SEQUENCE) return false;
    flight.extend();
    this.#updating = flight.messageSequence;
    // RFC 8446 §4.6.3: who has asked MUST NOT ask again before the answer.
    const isRequest = asksPeer && !this.#isAsking;
    if (isRequest) this.#isAsking = true;
    const request = isRequest ? 'update_requested' : 'update_not_requested';
    flight.add(HANDSHAKE_TYPE.keyUpdate, writeKeyUpdate(request));
    return true;
  }

  // RFC 9147 §8: the new keys MUST NOT be used before the KeyUpdate is acknowledged; nor would the peer have them before it
  // has got what comes before that.
  onAcknowledged(): void {
    const { flight, records } = this.#context;
    if (this.#updating === undefined || !flight.isAcknowledgedUpTo(this.#updating)) return;
    this.#updating = undefined;
    this.#own = this.#next(this.#own);
    flight.epoch++;
    records.epochs!.startSealing(flight.epoch, this.#own);
    if (this.#isAsked) {
      this.#isAsked = false;
      this.updateKeys(false);
    }
  }

  wipe(): void {
    this.#own.fill(0);
    this.#remote.fill(0);
    this.#source?.resumptionSecret.fill(0);
  }

  /** The server's: for a client that can use it. */
  issueTicket(now: Millis): void {
    if (this.#source !== undefined) issueTicket(this.#context, this.#source, now);
  }

  #onNewSessionTicket(message: HandshakeMessage, now: Millis): Step {
    const ticket = parseNewSessionTicket(bodyOf(message));
    if (ticket === undefined) return fault('decode-error');
    if (this.#source !== undefined) keepTicket(this.#context, this.#source, ticket, now);
    return this;
  }

  #onKeyUpdate(message: HandshakeMessage): Step {
    const epochs = this.#context.records.epochs!;
    // RFC 9147 §8: the one before was acknowledged, so this one comes under the keys that it has brought.
    if (message.epoch !== epochs.receivingEpoch) return fault('unexpected-message');
    const request = parseKeyUpdate(bodyOf(message));
    if (request === 'malformed') return fault('decode-error');
    if (request === 'unknown') return fault('illegal-parameter'); // RFC 8446 §4.6.3
    this.#isAsking = false;
    this.#remote = this.#next(this.#remote);
    // RFC 9147 §8: the old keys stay, since records under them may still come.
    epochs.startOpening(message.epoch + 1, this.#remote);
    // RFC 8446 §4.6.3: who is asked answers with a KeyUpdate that does not ask again.
    if (request === 'update_requested' && !this.updateKeys(false)) this.#isAsked = true;
    return this;
  }

  #next(secret: Uint8Array): Uint8Array {
    const next = KeySchedule13.nextGeneration(this.#context.settings.crypto, this.#suite.hash, secret);
    secret.fill(0);
    return next;
  }
}
