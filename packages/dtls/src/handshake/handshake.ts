// One handshake: fragments come in, messages go to the step that expects them, flights go out and are sent again
// until they are answered. RFC 6347 §4.2. It knows the record layer only as something that writes records.
import { type Drops, type Millis, NEVER, u16, u24 } from '@millrace/sans-io';
import type { DropReason } from '../drop-reasons.ts';
import { type Fault, fault } from '../fault.ts';
import type { Settings } from '../options.ts';
import { PLAINTEXT_EPOCH, PROTECTED_EPOCH, type RecordLayer } from '../record/layer.ts';
import type { Session } from '../session.ts';
import { startClient } from './client.ts';
import { Flight } from './flight.ts';
import { Fragments } from './fragments.ts';
import { FRAGMENT_LENGTH_AT, HANDSHAKE_HEADER_BYTES, HANDSHAKE_TYPE, MESSAGE_SEQUENCE_AT } from './header.ts';
import { Retransmission } from './retransmission.ts';
import { startServer } from './server.ts';
import type { Expecting } from './step.ts';
import { Transcript } from './transcript.ts';

/** A handshake under way owns its step and the time at which it is given up. */
interface Running {
  readonly kind: 'running';
  readonly step: Expecting;
  readonly giveUpAt: Millis;
}

type Progress = { readonly kind: 'idle' } | Running | { readonly kind: 'over' };

/** How a handshake ended. */
export type Outcome = { readonly kind: 'established'; readonly session: Session } | Fault;

export class Handshake {
  readonly flight: Flight = new Flight();
  /** Lines for the key log that wait to be taken. */
  readonly keyLog: string[] = [];
  readonly #settings: Settings;
  readonly #records: RecordLayer;
  readonly #drops: Drops<DropReason>;
  readonly #fragments: Fragments;
  readonly #retransmission: Retransmission;
  readonly #secrets: Uint8Array[] = [];
  #progress: Progress = { kind: 'idle' };
  /** Messages of the peer from this number on answer our latest flight; older ones it repeats. */
  #repliesFrom = 0;

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
      keyLog: this.keyLog,
    };
    const step = this.#settings.role === 'client' ? startClient(context) : startServer(context);
    this.#progress = { kind: 'running', step, giveUpAt: now + this.#settings.handshakeTimeout };
    if (this.flight.isPending) this.#retransmission.onFlight(now, true);
  }

  /** The content of a handshake record of `epoch`: one or more fragments. Borrowed for the call. */
  receive(bytes: Uint8Array, at: number, end: number, epoch: number, now: Millis): Outcome | undefined {
    while (at < end) {
      if (end - at < HANDSHAKE_HEADER_BYTES) {
        this.#drops.count('bad-fragment');
        break;
      }
      const fragmentEnd = at + HANDSHAKE_HEADER_BYTES + u24(bytes, at + FRAGMENT_LENGTH_AT);
      if (fragmentEnd > end) {
        this.#drops.count('bad-fragment');
        break;
      }
      const reason = this.#onFragment(bytes, at, fragmentEnd, epoch, now);
      if (reason !== undefined) this.#drops.count(reason);
      at = fragmentEnd;
    }
    return this.#advance(now);
  }

  deadline(): Millis {
    if (this.#progress.kind !== 'running') return NEVER;
    return Math.min(this.#progress.giveUpAt, this.#retransmission.deadline);
  }

  expire(now: Millis): Outcome | undefined {
    if (this.#progress.kind !== 'running') return undefined;
    if (now >= this.#progress.giveUpAt) return this.#end(fault('timeout'));
    if (this.#retransmission.expire(now)) this.flight.restart();
    return undefined;
  }

  /** Ends the handshake from outside; its last flight may still be asked for. */
  stop(): void {
    this.#progress = { kind: 'over' };
    for (const secret of this.#secrets.splice(0)) secret.fill(0);
    this.#fragments.clear();
    this.#retransmission.stop();
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
    // Only Finished is sent under the new keys, and it MUST be (RFC 5246 §7.4.9).
    if (epoch !== (type === HANDSHAKE_TYPE.finished ? PROTECTED_EPOCH : PLAINTEXT_EPOCH)) {
      return this.#progress.kind === 'over' ? 'renegotiation' : 'fragment-mismatch';
    }
    if (sequence < this.#repliesFrom) {
      // RFC 6347 §4.2.4: a peer that repeats its flight has not seen ours, which is then sent again.
      if (this.#retransmission.onPeerRepeats(now)) this.flight.restart();
      return 'repeated-message';
    }
    if (this.#progress.kind !== 'running') return 'renegotiation';
    const reason = this.#fragments.add(bytes, at, end, epoch);
    if (reason === undefined) this.#retransmission.onReply(now);
    return reason;
  }

  #advance(now: Millis): Outcome | undefined {
    while (this.#progress.kind === 'running') {
      const message = this.#fragments.take();
      if (message === undefined) return undefined;
      const flightBefore = this.flight.count;
      const step = this.#progress.step.handle(message);
      if (step.kind === 'fault') return this.#end(step);
      if (this.flight.count !== flightBefore) {
        this.#repliesFrom = this.#fragments.next;
        this.#retransmission.onFlight(now, this.flight.expectsReply);
      }
      if (step.kind === 'established') return this.#end(step);
      this.#progress = { kind: 'running', step, giveUpAt: this.#progress.giveUpAt };
    }
    return undefined;
  }

  #end(outcome: Outcome): Outcome {
    if (outcome.kind === 'established') this.#secrets.length = 0; // the session's from now on
    this.stop();
    // The last flight of the server is kept: its loss shows only when the client repeats its own.
    if (outcome.kind === 'fault' || this.#settings.role === 'client') this.flight.discard();
    this.#repliesFrom = this.#fragments.next;
    return outcome;
  }
}
