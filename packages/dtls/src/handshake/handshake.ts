// One handshake: fragments come in, messages go to the step that expects them, flights go out and are sent again until
// they are answered or acknowledged. RFC 6347 §4.2, RFC 9147 §5.8 and §7. It knows the record layer only as something
// that writes records. In DTLS 1.3 it lives as long as the connection, for the messages that come later.
import { type Drops, type Millis, NEVER, u16, u24 } from '@millrace/sans-io';
import type { DropReason } from '../drop-reasons.ts';
import { type Fault, fault } from '../fault.ts';
import type { KeySchedule13 } from '../key-schedule/tls13.ts';
import type { Settings } from '../options.ts';
import { FIRST_APPLICATION_EPOCH, HANDSHAKE_EPOCH } from '../record/epochs.ts';
import { PLAINTEXT_EPOCH, PROTECTED_EPOCH, type RecordLayer } from '../record/layer.ts';
import type { Session } from '../session.ts';
import { Acknowledgements, readAcknowledgement } from './acknowledgements.ts';
import { startClient } from './client.ts';
import { Flight } from './flight.ts';
import { Fragments } from './fragments.ts';
import { FRAGMENT_LENGTH_AT, HANDSHAKE_HEADER_BYTES, HANDSHAKE_TYPE, MESSAGE_SEQUENCE_AT } from './header.ts';
import { Retransmission } from './retransmission.ts';
import { startServer } from './server.ts';
import type { Established, Expecting, HandshakeCounts, PostHandshake } from './step.ts';
import { Transcript } from './transcript.ts';

/** A handshake under way owns its step and the time at which it is given up. */
interface Running {
  readonly kind: 'running';
  readonly step: Expecting;
  readonly giveUpAt: Millis;
}

/** DTLS 1.3: connected, and `giveUpAt` is when an unanswered flight is sent no more. */
interface Post {
  readonly kind: 'post';
  readonly step: PostHandshake;
  readonly giveUpAt: Millis;
}

type Progress = { readonly kind: 'idle' } | Running | Post | { readonly kind: 'over' };

/** How a handshake ended. */
export type Outcome = { readonly kind: 'established'; readonly session: Session } | Fault;

export class Handshake {
  readonly flight: Flight = new Flight();
  readonly acknowledgements: Acknowledgements = new Acknowledgements();
  readonly counts: HandshakeCounts = { helloRetries: 0 };
  /** Lines for the key log that wait to be taken. */
  readonly keyLog: string[] = [];
  readonly #settings: Settings;
  readonly #records: RecordLayer;
  readonly #drops: Drops<DropReason>;
  readonly #fragments: Fragments;
  readonly #retransmission: Retransmission;
  readonly #secrets: Array<Uint8Array | KeySchedule13> = [];
  #progress: Progress = { kind: 'idle' };
  /** Messages of the peer from this number on answer our latest flight; older ones it repeats. */
  #repliesFrom = 0;
  /** The flight whose timer was started last. */
  #timedFlight = 0;
  /** A client hears a record of DTLS 1.3 before it has the ServerHello whole. */
  #hears13 = false;

  constructor(settings: Settings, records: RecordLayer, drops: Drops<DropReason>) {
    this.#settings = settings;
    this.#records = records;
    this.#drops = drops;
    this.#fragments = new Fragments(settings);
    this.#retransmission = new Retransmission(settings);
  }

  /** Memory for messages not yet complete or not yet due. */
  get heldBytes(): number {
    return this.#fragments.bytes;
  }

  start(now: Millis): void {
    const context = {
      settings: this.#settings,
      records: this.#records,
      flight: this.flight,
      transcript: new Transcript(),
      secrets: this.#secrets,
      counts: this.counts,
      keyLog: this.keyLog,
    };
    const step = this.#settings.role === 'client' ? startClient(context, now) : startServer(context);
    this.#progress = { kind: 'running', step, giveUpAt: now + this.#settings.handshakeTimeout };
    this.#startTimer(now);
  }

  /** The content of handshake record `sequence` of `epoch`: one or more fragments. Borrowed for the call. */
  receive(
    bytes: Uint8Array,
    at: number,
    end: number,
    epoch: number,
    sequence: number,
    now: Millis,
  ): Outcome | undefined {
    let isKept = at < end;
    while (at < end) {
      const length = end - at < HANDSHAKE_HEADER_BYTES ? end : u24(bytes, at + FRAGMENT_LENGTH_AT);
      const fragmentEnd = at + HANDSHAKE_HEADER_BYTES + length;
      if (fragmentEnd > end) {
        this.#drops.count('bad-fragment');
        isKept = false;
        break;
      }
      // RFC 8446 §4.1.2, §4.6.2, §4.6.3, RFC 9147 §9: what the peer has protected and has no place there MUST end it all.
      if (epoch >= HANDSHAKE_EPOCH && !this.#isInItsEpoch(bytes[at]!, epoch)) {
        return this.#fail(fault('unexpected-message'));
      }
      const reason = this.#onFragment(bytes, at, fragmentEnd, epoch, now);
      if (reason !== undefined) this.#drops.count(reason);
      if (reason !== undefined && !this.#isRepeatedReply(bytes, at, epoch, reason)) isKept = false;
      at = fragmentEnd;
    }
    // RFC 9147 §7.1: what was not processed or kept MUST NOT be acknowledged.
    if (isKept) this.acknowledgements.onRecord(epoch, sequence);
    const outcome = this.#advance(now);
    if (isKept && outcome === undefined) this.#acknowledge(now);
    return outcome;
  }

  /** The content of an ACK record of `epoch`. */
  onAcknowledgement(
    bytes: Uint8Array,
    at: number,
    end: number,
    epoch: number,
    now: Millis,
  ): DropReason | undefined {
    // RFC 9147 §7: DTLS 1.2 has no such records.
    if (!this.#isOf13) return 'unexpected-content-type';
    let entries = 0;
    let news = false;
    const isWellFormed = readAcknowledgement(bytes, at, end, (ofEpoch, sequence) => {
      entries++;
      // RFC 9147 §7: in plaintext only plaintext is acknowledged; anything else may be forged. Once there are keys, each
      // side counts its own epochs, and that of an ACK says nothing of ours.
      const isCredible = epoch !== PLAINTEXT_EPOCH || ofEpoch === PLAINTEXT_EPOCH;
      if (isCredible && this.flight.onAcknowledged(ofEpoch, sequence)) news = true;
    });
    if (!isWellFormed) return 'bad-acknowledgement';
    if (this.#progress.kind === 'post') this.#progress.step.onAcknowledged();
    if (this.flight.isAcknowledged) {
      // RFC 9147 §7.2: nothing is sent again of a flight that has arrived.
      if (news) this.#retransmission.stop();
      this.flight.discard();
      if (this.#progress.kind === 'post') this.#onLastFlightOver();
    } else if (news || (entries === 0 && this.#retransmission.onPeerRepeats(now))) {
      // RFC 9147 §7.1, §7.2: the rest is lost, most likely. An empty ACK says that nothing could be read.
      this.#retransmission.onSentAgain(now);
      this.flight.restart();
    }
    return undefined;
  }

  /** A record of DTLS 1.3 has come for which there are no keys yet: what leads to them is late or lost. */
  onEarlyRecord(now: Millis): void {
    if (this.#progress.kind !== 'running') return;
    this.#hears13 = true;
    this.acknowledgements.expectRest(now + this.#retransmission.acknowledgementDelay);
  }

  /** DTLS 1.3, connected: changes our keys, and the peer's if it is asked. False while a change is under way. */
  updateKeys(asksPeer: boolean): boolean {
    return this.#progress.kind === 'post' && this.#progress.step.updateKeys(asksPeer);
  }

  /** A flight may have been begun where the time was not known. */
  beforeTransmit(now: Millis): void {
    if (this.#timedFlight !== this.flight.count) this.#startTimer(now);
  }

  deadline(): Millis {
    const progress = this.#progress;
    if (progress.kind === 'idle' || progress.kind === 'over') return NEVER;
    const next = Math.min(this.#retransmission.deadline, this.acknowledgements.deadline);
    return progress.kind === 'running' || next !== NEVER ? Math.min(progress.giveUpAt, next) : NEVER;
  }

  expire(now: Millis): Outcome | undefined {
    const progress = this.#progress;
    if (progress.kind === 'idle' || progress.kind === 'over') return undefined;
    if (now >= progress.giveUpAt) {
      if (progress.kind === 'running') return this.#fail(fault('timeout'));
      this.#retransmission.stop();
    }
    this.acknowledgements.expire(now);
    if (this.#retransmission.expire(now)) this.#sendAgain();
    return undefined;
  }

  /**
   * A record has come under the new keys that may not be opened before the peer's Finished, so the peer has sent that, and
   * it is late or lost: our flight, which asks for it again, does not wait for its timer.
   */
  onDataBeforeFinished(now: Millis): void {
    if (this.#progress.kind !== 'running' || this.flight.epoch !== PROTECTED_EPOCH) return;
    if (this.#retransmission.onPeerRepeats(now)) this.flight.restart();
  }

  /** See `Retransmission.measured`. */
  get roundTripTime(): Millis | undefined {
    return this.#retransmission.measured;
  }

  /** What went out before there was a path goes out again over it, and its time begins here. */
  setPath(roundTripTime: Millis | undefined, now: Millis): void {
    const progress = this.#progress;
    if (progress.kind !== 'running' && progress.kind !== 'post') return;
    const giveUpAt = Math.max(progress.giveUpAt, now + this.#settings.handshakeTimeout);
    this.#progress = { ...progress, giveUpAt };
    this.#retransmission.setPath(roundTripTime, now);
  }

  /** Ends the handshake from outside; its last flight may still be asked for. */
  stop(): void {
    if (this.#progress.kind === 'post') this.#progress.step.wipe();
    this.#progress = { kind: 'over' };
    for (const secret of this.#secrets.splice(0)) {
      if (secret instanceof Uint8Array) secret.fill(0);
      else secret.wipe();
    }
    this.#fragments.clear();
    this.#retransmission.stop();
    this.acknowledgements.clear();
  }

  /** Unless it has not been sent once: what is still to come of it was held back, and comes first. */
  #sendAgain(): void {
    if (!this.flight.isPending) this.flight.restart();
  }

  #onFragment(
    bytes: Uint8Array,
    at: number,
    end: number,
    epoch: number,
    now: Millis,
  ): DropReason | undefined {
    const type = bytes[at]!;
    const sequence = u16(bytes, at + MESSAGE_SEQUENCE_AT);
    if (!this.#isInItsEpoch(type, epoch)) {
      return this.#progress.kind === 'over' ? 'renegotiation' : 'fragment-mismatch';
    }
    if (sequence < this.#repliesFrom) {
      // RFC 6347 §4.2.4, RFC 9147 §5.8.1: a peer that repeats its flight has not seen ours, which is then sent again.
      if (!this.flight.isAcknowledged && this.#retransmission.onPeerRepeats(now)) this.#sendAgain();
      return 'repeated-message';
    }
    if (this.#progress.kind === 'idle' || this.#progress.kind === 'over') return 'renegotiation';
    // Once there are keys of 1.3, what is new comes under them; plaintext may be anybody's.
    const isForged = epoch === PLAINTEXT_EPOCH && this.#records.epochs !== undefined;
    if (isForged && sequence >= this.#fragments.next) return 'fragment-mismatch';
    const reason = this.#fragments.add(bytes, at, end, epoch);
    if (reason !== undefined) return reason;
    this.#retransmission.measure(now);
    // RFC 9147 §7.2: the beginning of the answer acknowledges all of what it answers.
    if (epoch === HANDSHAKE_EPOCH && this.#progress.kind === 'running') {
      this.flight.discard();
      this.#retransmission.stop();
    } else this.#retransmission.onReply(now);
    return undefined;
  }

  /** Whether DTLS 1.3 has been chosen, as far as we know. */
  get #isOf13(): boolean {
    const progress = this.#progress;
    if (this.#records.epochs !== undefined) return true;
    return progress.kind === 'running' && progress.step.isRetried13 === true;
  }

  #isInItsEpoch(type: number, epoch: number): boolean {
    // RFC 5246 §7.4.9: of DTLS 1.2 only Finished is sent under the new keys, and it MUST be.
    if (this.#records.epochs === undefined) {
      return epoch === (type === HANDSHAKE_TYPE.finished ? PROTECTED_EPOCH : PLAINTEXT_EPOCH);
    }
    switch (type) {
      case HANDSHAKE_TYPE.clientHello:
      case HANDSHAKE_TYPE.serverHello:
      case HANDSHAKE_TYPE.helloVerifyRequest:
        return epoch === PLAINTEXT_EPOCH;
      case HANDSHAKE_TYPE.newSessionTicket:
      case HANDSHAKE_TYPE.keyUpdate:
        return epoch >= FIRST_APPLICATION_EPOCH;
      default:
        return epoch === HANDSHAKE_EPOCH;
    }
  }

  /** Repeated, but of the flight that we have not answered: it is acknowledged again (RFC 9147 §5.8.1, §7.1). */
  #isRepeatedReply(bytes: Uint8Array, at: number, epoch: number, reason: DropReason): boolean {
    return (
      reason === 'repeated-message' &&
      epoch !== PLAINTEXT_EPOCH &&
      u16(bytes, at + MESSAGE_SEQUENCE_AT) >= this.#repliesFrom
    );
  }

  #advance(now: Millis): Outcome | undefined {
    while (this.#progress.kind === 'running' || this.#progress.kind === 'post') {
      this.#skipForgottenHello();
      const message = this.#fragments.take();
      if (message === undefined) return undefined;
      const had13 = this.#records.epochs !== undefined;
      const step = this.#progress.step.handle(message, now);
      if (!had13 && this.#records.epochs !== undefined) this.#fragments.forgetPlaintext();
      if (step.kind === 'fault') return this.#fail(step);
      if (step.kind === 'established') return this.#establish(step, now);
      if (this.#progress.kind === 'running') {
        if (this.#timedFlight !== this.flight.count) this.#onAnswered();
        this.#progress = { ...this.#progress, step };
      }
      if (this.#timedFlight !== this.flight.count) this.#startTimer(now);
    }
    return undefined;
  }

  // RFC 9147 §5.1, §5.2: the hello that brings our cookie back has number 1. What came before it may have been another
  // server's, that kept nothing of it.
  #skipForgottenHello(): void {
    const { role, helloVerify } = this.#settings;
    if (role !== 'server' || helloVerify === undefined || this.#fragments.next > 0) return;
    if (!this.#fragments.isWhole(0) && this.#fragments.isWhole(1)) this.#fragments.skipTo(1);
  }

  /** RFC 9147 §7.1: what has come of a flight is told of when the rest seems lost; what nobody answers, at once. */
  #acknowledge(now: Millis): void {
    const { kind } = this.#progress;
    if (kind === 'post') this.acknowledgements.tellNow();
    else if (kind === 'running' && (this.#records.epochs !== undefined || this.#hears13)) {
      if (this.acknowledgements.count === 0) return;
      if (this.#fragments.hasGap) this.acknowledgements.tellNow();
      else this.acknowledgements.expectRest(now + this.#retransmission.acknowledgementDelay);
    }
  }

  #startTimer(now: Millis): void {
    this.#timedFlight = this.flight.count;
    if (this.#progress.kind === 'post') {
      this.#progress = { ...this.#progress, giveUpAt: now + this.#settings.handshakeTimeout };
    }
    if (this.flight.isPending) this.#retransmission.onFlight(now, this.flight.expectsReply);
  }

  /** Our answer says as well that all has come that it answers. */
  #onAnswered(): void {
    this.#repliesFrom = this.#fragments.next;
    this.acknowledgements.clear();
  }

  #establish({ session, next }: Established, now: Millis): Outcome {
    this.#secrets.length = 0; // the session's from now on
    if (next === undefined) {
      this.#startTimer(now);
      this.stop();
      // The last flight of the server is kept: its loss shows only when the client repeats its own.
      if (this.#settings.role === 'client') this.flight.discard();
      this.#repliesFrom = this.#fragments.next;
      return { kind: 'established', session };
    }
    this.#progress = { kind: 'post', step: next, giveUpAt: now + this.#settings.handshakeTimeout };
    if (this.#fragments.messages === 0) this.#fragments.clear();
    // RFC 9147 §7.1: nothing answers the last flight of the client, so it MUST be acknowledged.
    if (this.#settings.role === 'server') {
      this.acknowledgements.tellNow();
      this.#onLastFlightOver(); // the client's answers it
    } else this.#onAnswered();
    this.#startTimer(now);
    return { kind: 'established', session };
  }

  /** All that we have sent has come: nothing more of ours goes out under keys before these. */
  #onLastFlightOver(): void {
    const { epochs } = this.#records;
    epochs?.stopSealingBefore(this.flight.epoch);
    // A client has also all that it needs of the server's handshake. The server may have to acknowledge the client's again.
    if (this.#settings.role === 'client') epochs?.stopOpening(HANDSHAKE_EPOCH);
  }

  #fail(reason: Fault): Fault {
    this.stop();
    this.flight.discard();
    this.#repliesFrom = this.#fragments.next;
    return reason;
  }
}
