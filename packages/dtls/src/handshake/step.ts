// The shape of the handshake as a machine: each step says by its name what it expects and owns what is known by
// then; handling a message gives the next step. RFC 5246 §7.3 and RFC 8446 §2 have the order of messages.
import type { Millis } from '@millrace/sans-io';
import type { Fault } from '../fault.ts';
import type { KeySchedule13 } from '../key-schedule/tls13.ts';
import type { Settings } from '../options.ts';
import type { RecordLayer } from '../record/layer.ts';
import type { Session } from '../session.ts';
import type { Flight } from './flight.ts';
import type { HandshakeMessage } from './header.ts';
import type { Transcript } from './transcript.ts';

export interface Expecting {
  readonly kind: 'expecting';
  /** A client's: a HelloRetryRequest has chosen DTLS 1.3. */
  readonly isRetried13?: boolean;
  handle(message: HandshakeMessage, now: Millis): Step;
}

/** DTLS 1.3: what can still come, and be asked for, once the handshake is over. RFC 8446 §4.6. */
export interface PostHandshake extends Expecting {
  /** Something of our flight has been acknowledged. */
  onAcknowledged(): void;
  /** Changes our keys; `asksPeer`: and has the peer change its own. False while a change is under way. */
  updateKeys(asksPeer: boolean): boolean;
  /** The connection is over: secrets are overwritten. */
  wipe(): void;
}

export interface Established {
  readonly kind: 'established';
  readonly session: Session;
  /** DTLS 1.3 only. */
  readonly next: PostHandshake | undefined;
}

export type Step = Expecting | Established | Fault;

export interface HandshakeCounts {
  /** Requests for another hello, sent or received. */
  helloRetries: number;
}

/** What all steps of one handshake share. */
export interface HandshakeContext {
  readonly settings: Settings;
  readonly records: RecordLayer;
  readonly flight: Flight;
  readonly transcript: Transcript;
  /** Wiped if the handshake comes to nothing; otherwise they are the session's. */
  readonly secrets: Array<Uint8Array | KeySchedule13>;
  readonly counts: HandshakeCounts;
  /** Lines for the key log, if one is wanted. */
  readonly keyLog: string[];
}
