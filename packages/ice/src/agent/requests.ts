// The peer's checks as they come in. RFC 8445 §7.3 (the STUN server's part), RFC 8489 §6.3.1 and §9.1.3.
import type { Millis } from '@millrace/sans-io';
import {
  ERROR,
  MESSAGE_INTEGRITY_SHA256,
  NOMINATION,
  PRIORITY,
  type StunMessage,
  type TransportAddress,
  USE_CANDIDATE,
  USERNAME,
  verifyIntegrity,
  verifyIntegritySha256,
} from '@millrace/stun';
import type { LocalCandidate } from '../candidate.ts';
import type { IceDrop } from '../drops.ts';
import type { CheckPair } from '../pair.ts';
import { pairOfRequest } from './candidates.ts';
import { takeCarriage } from './carriage.ts';
import { trigger } from './connectivity.ts';
import { onLiteRequest } from './lite.ts';
import { queueReply } from './replies.ts';
import { settleRoles } from './roles.ts';
import type { IceSession } from './session.ts';

/** A check under way is not started again at once by the peer's if it was sent this short a time ago, in milliseconds. */
const FRESH_CHECK = 25;
/** Milliseconds that it has then, beside the time it takes the answer if both were sent at once. */
const CROSSING_SLACK = 5;
/** A pair that answered this long ago is asked again before a new nomination of it counts, in milliseconds. */
const STALE_PAIR = 10_000;

export function onRequest(
  session: IceSession,
  request: StunMessage,
  base: LocalCandidate,
  from: TransportAddress,
  now: Millis,
): IceDrop | undefined {
  const fragments = (request.get(USERNAME) ?? '').split(':');
  // RFC 8445 §7.3: the first part is our fragment. The second is the peer's, once we know it.
  const [ours, theirs] = fragments;
  if (
    fragments.length !== 2 ||
    ours !== session.local.usernameFragment ||
    (session.remote !== undefined && theirs !== session.remote.usernameFragment)
  )
    return 'wrong-username';
  if (!isAuthentic(session, request)) return 'bad-integrity';
  session.requestsReceived++;
  const sha256 = request.has(MESSAGE_INTEGRITY_SHA256);
  const refuse = (error: number, unknownAttributes: readonly number[] = []): IceDrop | undefined =>
    queueReply(session, {
      transactionId: request.transactionId,
      route: { socket: base.socket, remote: from },
      pair: session.checklist.find(base.socket, from.address, from.port),
      sha256,
      error,
      unknownAttributes,
    });
  // RFC 8489 §6.3.1: with an attribute that we would have to understand, the request is refused.
  if (request.unknownRequired.length > 0) return refuse(ERROR.UNKNOWN_ATTRIBUTE, request.unknownRequired);
  const known = session.checklist.find(base.socket, from.address, from.port);
  const priority = request.get(PRIORITY);
  // RFC 8445 §7.1.1: PRIORITY belongs in every check; it is needed only to learn a candidate.
  if (priority === undefined && known === undefined) return refuse(ERROR.BAD_REQUEST) ?? 'bad-attributes';
  if (settleRoles(session, request, now) === 'refuse') return refuse(ERROR.ROLE_CONFLICT);

  const pair = known ?? pairOfRequest(session, base, from, priority ?? 0, theirs ?? '');
  if (typeof pair === 'string') return pair;
  pair.verified = true;
  pair.requestsReceived++;
  takeCarriage(session, request);
  const drop = queueReply(session, {
    transactionId: request.transactionId,
    route: pair.route,
    pair,
    sha256,
    error: 0,
    unknownAttributes: [],
  });
  if (session.lite) {
    onLiteRequest(session, pair, request.has(USE_CANDIDATE), now);
    return drop;
  }
  const nomination = session.renominates ? (request.get(NOMINATION) ?? 0) : 0;
  if ((request.has(USE_CANDIDATE) || nomination > 0) && session.role === 'controlled') {
    // Of several nominations the highest counts, in whatever order they come.
    pair.nominationReceived = Math.max(pair.nominationReceived, nomination);
    onNominated(session, pair, now);
  }
  triggerInReturn(session, pair, now);
  return drop;
}

/**
 * Deviation: RFC 8489 §9.1.3 would answer 400 and 401 to requests that are not. Nothing here answers whoever
 * does not know the password, so nobody can have us send to an address of their choice.
 */
function isAuthentic(session: IceSession, request: StunMessage): boolean {
  return request.has(MESSAGE_INTEGRITY_SHA256)
    ? verifyIntegritySha256(request, session.localKey, session.crypto)
    : verifyIntegrity(request, session.localKey, session.crypto);
}

// RFC 8445 §7.3.1.5: a pair that has succeeded is nominated at once, another when it succeeds.
function onNominated(session: IceSession, pair: CheckPair, now: Millis): void {
  pair.useCandidateReceived = true;
  if (pair.state !== 'succeeded') return;
  const isStale = pair !== session.consentPair && now - (pair.lastResponseAt ?? 0) > STALE_PAIR;
  pair.nominated = !isStale;
  pair.nomination = pair.nominationReceived;
  if (isStale) pair.state = 'waiting';
}

/** RFC 8445 §7.3.1.4: the peer's check has come through, so ours has good prospects now. */
function triggerInReturn(session: IceSession, pair: CheckPair, now: Millis): void {
  if (pair.state === 'succeeded' || !isHoped(session, pair)) return;
  // Both sides' first checks cross: between neighbours another one now would only be more to do. Or ours was lost at the
  // peer's NAT or relay, which has let nothing in before the peer's check went out.
  const { check } = pair;
  const isUnderWay = pair.state === 'in-progress' && check !== undefined;
  const age = isUnderWay ? now - check.transaction.lastSentAt : FRESH_CHECK;
  if (age >= FRESH_CHECK) trigger(session, pair);
  else if (pair.base.transport === 'udp')
    check!.replaceAt = Math.min(check!.replaceAt, now + age + CROSSING_SLACK);
}

/**
 * Deviation: RFC 8445 §7.3.1.4 has every check of the peer begin ours anew, so that a peer who sends, but never answers
 * for us, would leave us waiting for ever. When the PAC timer has run out and nothing works, what was tried may end.
 */
function isHoped({ impatient, checklist }: IceSession, pair: CheckPair): boolean {
  if (!impatient || (pair.state !== 'in-progress' && pair.state !== 'failed')) return true;
  return checklist.pairs.some(({ state }) => state === 'succeeded');
}
