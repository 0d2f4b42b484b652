// Resuming a session by its ticket: no certificates are sent, so that both sides hold on to those of the session, which
// must still match the fingerprints of now (RFC 8827 §6.5). RFC 8446 §2.2, §4.2.11, §4.6.1. A ticket is used once.
import { equalBytes, type Millis, putU32, randomBytes, u32 } from '@millrace/sans-io';
import { CIPHER_SUITES_13, type CipherSuite13 } from '../cipher-suites-13.ts';
import { type Fault, fault } from '../fault.ts';
import { EXTENSION } from '../handshake/extensions.ts';
import { HANDSHAKE_TYPE } from '../handshake/header.ts';
import type { ClientHello } from '../handshake/messages/client-hello.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import { expandLabel, HASH_BYTES } from '../key-schedule/tls13.ts';
import type { ResumableSession } from '../session-cache.ts';
import { type NewSessionTicket, writeNewSessionTicket } from './messages/new-session-ticket.ts';
import { binderOf, helloBody, isBinder, offersPskDhe, parsePreSharedKey } from './pre-shared-key.ts';

const TICKET_BYTES = 32;
const SECOND: Millis = 1000;
/** RFC 8446 §4.6.1: one for each ticket of a session; there is one ticket. */
const TICKET_NONCE = Uint8Array.of(0);

/** Whether the certificates of then are those of now. */
function isOfNow({ settings }: HandshakeContext, session: ResumableSession): boolean {
  const { crypto, remoteFingerprints, certificates } = settings;
  if (remoteFingerprints.matchesAny) return false;
  return (
    certificates.some(({ certificate }) => equalBytes(certificate, session.ownCertificate)) &&
    remoteFingerprints.isMatchedBy(session.remoteCertificate, crypto)
  );
}

/** The client's: the session to be offered, taken out of the cache. */
export function sessionToOffer(context: HandshakeContext, now: Millis): ResumableSession | undefined {
  const { sessions, cipherSuites, speaks13 } = context.settings;
  if (sessions === undefined || !speaks13) return undefined;
  const session = sessions.find(now, (each) => cipherSuites.includes(each.suite) && isOfNow(context, each));
  if (session === undefined) return undefined;
  sessions.take(session);
  context.secrets.push(session.preSharedKey);
  return session;
}

export interface Resumed {
  readonly kind: 'resumed';
  readonly session: ResumableSession;
  /** Which of the identities. */
  readonly index: number;
}

/** The server's: what the hello resumes, if we know of it. The transcript holds what came before the hello. */
export function sessionToResume(
  context: HandshakeContext,
  message: Uint8Array,
  hello: ClientHello,
  suite: CipherSuite13,
  now: Millis,
): Resumed | Fault | undefined {
  const { sessions, crypto } = context.settings;
  const data = hello.extensions.get(EXTENSION.preSharedKey);
  if (data === undefined) return undefined;
  // RFC 8446 §4.2.11: it MUST be the last one, since the binders are at the end.
  if ([...hello.extensions.keys()].at(-1) !== EXTENSION.preSharedKey) return fault('illegal-parameter');
  const offer = parsePreSharedKey(data);
  if (offer === undefined) return fault('decode-error');
  if (offer.identities.length !== offer.binders.length) return fault('illegal-parameter');
  const modes = hello.extensions.get(EXTENSION.pskKeyExchangeModes);
  // RFC 8446 §4.2.9: without the modes a server MUST end the handshake.
  if (modes === undefined) return fault('missing-extension');
  if (sessions === undefined || !offersPskDhe(modes)) return undefined;
  for (const [index, { identity }] of offer.identities.entries()) {
    const session = sessions.findByTicket(identity, now);
    if (session === undefined || session.suite !== suite.id || !isOfNow(context, session)) continue;
    const { preSharedKey } = session;
    const { bytes } = context.transcript;
    const expected = binderOf(
      crypto,
      suite.hash,
      preSharedKey,
      bytes,
      helloBody(message),
      offer.bindersBytes,
    );
    // RFC 8446 §4.2.11: a binder that is wrong MUST end the handshake.
    if (!isBinder(expected, offer.binders[index]!)) return fault('bad-finished');
    sessions.take(session);
    context.secrets.push(preSharedKey);
    return { kind: 'resumed', session, index };
  }
  return undefined;
}

/** What both sides know of a session that a ticket may stand for. */
export interface TicketSource {
  readonly suite: CipherSuite13;
  readonly resumptionSecret: Uint8Array;
  readonly remoteCertificate: Uint8Array;
  readonly ownCertificate: Uint8Array;
}

function sessionOf(
  { settings }: HandshakeContext,
  source: TicketSource,
  { ticket, nonce, lifetime, ageAdd }: NewSessionTicket,
  now: Millis,
): ResumableSession {
  const { crypto, sessions } = settings;
  const { suite, resumptionSecret, remoteCertificate, ownCertificate } = source;
  const length = HASH_BYTES[suite.hash];
  return {
    ticket,
    preSharedKey: expandLabel(crypto, suite.hash, resumptionSecret, 'resumption', nonce, length),
    suite: suite.id,
    remoteCertificate,
    ownCertificate,
    since: now,
    expiresAt: now + Math.min(lifetime * SECOND, sessions!.lifetime),
    ageAdd,
  };
}

/** The server's: queues a NewSessionTicket. The secret is wiped. */
export function issueTicket(context: HandshakeContext, source: TicketSource, now: Millis): void {
  const { random, sessions } = context.settings;
  const ageAdd = u32(randomBytes(random, 4), 0);
  const lifetime = Math.floor(sessions!.lifetime / SECOND);
  const ticket = { lifetime, ageAdd, nonce: TICKET_NONCE, ticket: randomBytes(random, TICKET_BYTES) };
  sessions!.add(sessionOf(context, source, ticket, now));
  source.resumptionSecret.fill(0);
  context.flight.extend();
  context.flight.add(HANDSHAKE_TYPE.newSessionTicket, writeNewSessionTicket(ticket));
}

/** The client's. */
export function keepTicket(
  context: HandshakeContext,
  source: TicketSource,
  ticket: NewSessionTicket,
  now: Millis,
): void {
  const { sessions } = context.settings;
  // RFC 8446 §4.6.1: a lifetime of zero says that the ticket is to be thrown away at once.
  if (sessions === undefined || ticket.lifetime === 0) return;
  const copy = { ...ticket, ticket: ticket.ticket.slice(), nonce: ticket.nonce.slice() };
  sessions.add(sessionOf(context, source, copy, now));
}

/** RFC 8446 §4.2.11.1: how old the ticket is, hidden. */
export function obfuscatedAge(session: ResumableSession, now: Millis): number {
  const out = new Uint8Array(4);
  putU32(out, 0, (Math.floor(now - session.since) + session.ageAdd) % 2 ** 32);
  return u32(out, 0);
}

export function hashOf(session: ResumableSession): CipherSuite13['hash'] {
  return CIPHER_SUITES_13.get(session.suite)!.hash;
}
