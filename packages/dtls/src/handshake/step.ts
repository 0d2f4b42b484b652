// The shape of the handshake as a machine: each step says by its name what it expects and owns what is known by
// then; handling a message gives the next step. RFC 5246 §7.3 has the order of messages.
import type { Fault } from '../fault.ts';
import type { Settings } from '../options.ts';
import type { RecordLayer } from '../record/layer.ts';
import type { Session } from '../session.ts';
import type { Flight } from './flight.ts';
import type { HandshakeMessage } from './header.ts';
import type { Transcript } from './transcript.ts';

export interface Expecting {
  readonly kind: 'expecting';
  handle(message: HandshakeMessage): Step;
}

export interface Established {
  readonly kind: 'established';
  readonly session: Session;
}

export type Step = Expecting | Established | Fault;

/** What all steps of one handshake share. */
export interface HandshakeContext {
  readonly settings: Settings;
  readonly records: RecordLayer;
  readonly flight: Flight;
  readonly transcript: Transcript;
  /** Wiped if the handshake comes to nothing; otherwise they are the session's. */
  readonly secrets: Uint8Array[];
  /** Lines for the key log, if one is wanted. */
  readonly keyLog: string[];
}
