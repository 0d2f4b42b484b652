// Consent freshness on the pair in use, and what its silence means. RFC 7675 §5.1 (checks, expiry), §5.2
// (revocation). The checks are the keepalives of RFC 8445 §11 too.
import { type Millis, NEVER, randomUnit } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import { bestValid, fail, settleSelection } from './nomination.ts';
import { nominateAny, nominateNone, onDoubt } from './renomination.ts';
import type { IceSession } from './session.ts';

/** This many consent checks in a row have to go unanswered before silence means anything. */
const SILENT_CHECKS = 3;

/** Follows the pair in use: the selected one, or the best valid one until there is a selection. */
export function settleConsent(session: IceSession, now: Millis): void {
  if (session.lite) return;
  const pair = session.isOver ? undefined : (session.selected ?? bestValid(session));
  if (pair === session.consentPair) return;
  session.consentPair = pair;
  session.consentUnanswered = 0;
  session.consentDue = false;
  session.consentAt = pair === undefined ? NEVER : now + interval(session);
  session.consentRegularAt = session.consentAt;
}

/** When something about consent is to be done next. */
export function consentDeadline(session: IceSession): Millis {
  const { consentPair } = session;
  if (consentPair?.lastResponseAt === undefined) return NEVER;
  return Math.min(session.consentAt, consentPair.lastResponseAt + session.tunables.consentExpiry);
}

export function expireConsent(session: IceSession, now: Millis): void {
  const { consentPair: pair, tunables } = session;
  if (pair?.lastResponseAt === undefined) return;
  // RFC 7675 §5.1: without a response for 30 s, sending on this pair MUST cease. Compared in the same sum as
  // the deadline: a difference of two times may round to just below.
  if (now >= pair.lastResponseAt + tunables.consentExpiry) loseConsent(session, pair, now);
  if (session.isOver || pair !== session.consentPair || now < session.consentAt) return;
  session.consentAt = NEVER;
  session.consentDue = true;
  onDoubt(session, now);
  if (pair !== session.selected || session.silent) return;
  if (session.consentUnanswered < SILENT_CHECKS || now < pair.lastResponseAt + tunables.disconnectedAfter)
    return;
  session.silent = true;
  recheckOthers(session, now);
}

/** A consent check has just been sent. */
export function onConsentSent(session: IceSession, pair: CheckPair, now: Millis): void {
  session.consentDue = false;
  if (session.consentUnanswered++ === 0) {
    session.consentRegularAt = now + interval(session);
    session.consentAskedAt = now;
  }
  // Deviation: RFC 7675 §5.1 would not ask again for 4 to 6 s. Asking soon tells one lost datagram from an
  // outage, as libwebrtc does.
  const probe = Math.max(probeInterval(session), 2 * (pair.roundTripTime ?? 0));
  session.consentAt = Math.min(session.consentRegularAt, now + probe);
  if (session.consentAt <= now) session.consentAt = now + probe;
}

/** Any response on the pair in use renews consent, whatever check it answers. */
export function onConsent(session: IceSession, pair: CheckPair, now: Millis): void {
  if (pair !== session.consentPair) return;
  if (session.consentUnanswered > 0) {
    session.consentUnanswered = 0;
    session.consentDue = false;
    session.consentAt = Math.max(now, session.consentRegularAt);
  }
  if (pair !== session.selected || !session.silent) return;
  session.silent = false;
  nominateNone(session);
}

/**
 * Asks for consent now rather than at its time: something casts doubt on the path. Whoever was asked and has not
 * answered is asked again at the usual pace, or each refused check would bring about the next.
 */
export function probeConsent(session: IceSession, now: Millis): void {
  if (session.consentPair !== undefined && !session.consentDue && session.consentUnanswered === 0)
    session.consentAt = now;
}

/** RFC 7675 §5.2: a signed 403 takes consent away at once. Also called when it has expired. */
export function loseConsent(session: IceSession, pair: CheckPair, now: Millis): void {
  const wasSelected = pair === session.selected;
  fail(pair);
  pair.verified = false;
  if (wasSelected) session.select(undefined);
  if (wasSelected) {
    session.setState('failed');
    session.silence();
    return;
  }
  settleSelection(session, now);
  settleConsent(session, now);
}

/** Nothing can be sent from the selected pair's socket any more: it need not fall silent to be given up. */
export function loseSocket(session: IceSession, socket: number, now: Millis): void {
  if (session.isOver || session.silent || session.selected?.base.socket !== socket) return;
  session.silent = true;
  recheckOthers(session, now);
}

/** The connection that `pair` was on is no more: no answer will come on it, and no silence need be waited out. */
export function losePath(session: IceSession, pair: CheckPair, now: Millis): void {
  if (pair === session.selected) {
    if (!session.silent) {
      session.silent = true;
      recheckOthers(session, now);
    }
    // An active end connects anew with what it sends next.
    if (pair === session.consentPair && !session.consentDue)
      session.consentAt = Math.min(session.consentAt, now + session.tunables.consentProbeInterval);
    return;
  }
  // One that could not be checked yet has its turn, and finds out then.
  if (pair.state === 'frozen') return;
  pair.check?.transaction.cancel(now);
  pair.check = undefined;
  fail(pair);
}

// While the selected pair is silent every other one gets a new chance.
function recheckOthers(session: IceSession, now: Millis): void {
  for (const pair of session.checklist.pairs) {
    if (pair === session.selected) continue;
    pair.check?.transaction.cancel(now);
    pair.check = undefined;
    pair.nominated = false;
    pair.nominating = false;
    pair.nomination = 0;
    pair.state = 'waiting';
  }
  nominateAny(session);
}

// With renomination a quarter of the time after which it comes to that: three checks have to go unanswered by then.
function probeInterval({ tunables, renominates }: IceSession): Millis {
  const { consentProbeInterval, renominateAfter } = tunables;
  return renominates ? Math.min(consentProbeInterval, renominateAfter / 4) : consentProbeInterval;
}

// RFC 7675 §5.1: each interval is drawn anew between 0.8 and 1.2 of the basic one. Deviation: a basic one below 5 s where
// both sides have said that they renominate: a path can only be left early if its silence is noticed early.
function interval(session: IceSession): Millis {
  const { consentInterval, backupInterval } = session.tunables;
  const basic = session.renominates ? Math.min(consentInterval, backupInterval) : consentInterval;
  return basic * (0.8 + 0.4 * randomUnit(session.random));
}
