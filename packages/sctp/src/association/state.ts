// The states of RFC 9260 §4, each with what it owns.
import type { Millis } from '@millrace/sans-io';
import type { CloseReason } from '../sink.ts';
import type { Tcb } from './tcb.ts';

export type State =
  /** CLOSED, before anything has happened. An INIT of the peer is answered all the same. */
  | { readonly name: 'new' }
  | CookieWait
  | CookieEchoed
  | { readonly name: 'established'; readonly tcb: Tcb }
  | { readonly name: 'shutdown-pending'; readonly tcb: Tcb }
  | { readonly name: 'shutdown-sent'; readonly tcb: Tcb }
  | { readonly name: 'shutdown-received'; readonly tcb: Tcb }
  | { readonly name: 'shutdown-ack-sent'; readonly tcb: Tcb; readonly by: 'local' | 'remote' }
  /** CLOSED for good. */
  | { readonly name: 'closed'; readonly reason: CloseReason };

export interface CookieWait {
  readonly name: 'cookie-wait';
  retransmits: number;
  readonly sentAt: Millis;
  /** The INIT chunk, for T1 to send again. */
  readonly init: Uint8Array;
  /** The TCB of a handshake whose cookie went stale: data went out with it that must go out again. */
  readonly earlier: Tcb | undefined;
}

export interface CookieEchoed {
  readonly name: 'cookie-echoed';
  readonly tcb: Tcb;
  retransmits: number;
  readonly sentAt: Millis;
  /** The COOKIE ECHO chunk, for T1 to send again. */
  readonly cookieEcho: Uint8Array;
}

export type StateName = State['name'];

/**
 * The association as its user sees it: `connected` once it takes messages that go out with the next packet, which for who
 * echoes a cookie is the packet of the COOKIE ECHO (RFC 9260 §5.1 C).
 */
export type AssociationState = 'new' | 'connecting' | 'connected' | 'closing' | 'closed';

const SEEN_AS: Readonly<Record<StateName, AssociationState>> = {
  new: 'new',
  'cookie-wait': 'connecting',
  'cookie-echoed': 'connected',
  established: 'connected',
  'shutdown-pending': 'closing',
  'shutdown-sent': 'closing',
  'shutdown-received': 'closing',
  'shutdown-ack-sent': 'closing',
  closed: 'closed',
};

export function seenAs(name: StateName): AssociationState {
  return SEEN_AS[name];
}
