// What a session sends next, and when it wants to be asked again. RFC 8445 §6.1.4.2 (scheduling checks).
import { type Millis, NEVER } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import { carriageDeadline, nextToFollow } from './carriage.ts';
import { checksDeadline, nextOrdinary, nextTriggered, writeCheck, writeResend } from './connectivity.ts';
import { consentDeadline, onConsentSent } from './consent.ts';
import { liteDeadline } from './lite-consent.ts';
import { bestValid } from './nomination.ts';
import { onProbeSent } from './renomination.ts';
import { writeReply } from './replies.ts';
import type { IceSession } from './session.ts';

/**
 * Answers first, then what is overdue, then what the peer has prompted; ordinary checks at their pace. Returns the
 * length written, which goes to `session.route`.
 */
export function writeNext(
  session: IceSession,
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  const reply = session.replies.at(0);
  if (reply !== undefined) {
    const length = writeReply(session, reply, out, at, end, now);
    if (length > 0) session.replies.shift();
    session.route = reply.route;
    return length;
  }
  // RFC 8445 §2.5: a lite agent sends no checks.
  if (session.retiresAt !== NEVER || session.lite) return 0;
  for (let check = session.resends.at(0); check !== undefined; check = session.resends.at(0)) {
    // Answered, replaced or forgotten since it was queued, or about to be replaced.
    const { pair, transaction } = check;
    if (session.checks.get(transaction.key) !== check || pair.check !== check || pair.triggered) {
      check.resend = false;
      session.resends.shift();
      continue;
    }
    const length = writeResend(session, check, out, at, end, now);
    if (length > 0) session.resends.shift();
    session.route = check.pair.route;
    return length;
  }
  const triggered = nextTriggered(session);
  if (triggered !== undefined) return writePaced(session, triggered, out, at, end, now);
  // What has not been acknowledged rides again, at the pace of round trips and not of timers that double.
  const isDue = now >= carriageDeadline(session);
  const followed = isDue ? (session.selected ?? bestValid(session)) : nextToFollow(session);
  if (followed !== undefined) {
    session.route = followed.route;
    return writeCheck(session, followed, 'carriage', out, at, end, now);
  }
  const { consentPair } = session;
  if (session.consentDue && consentPair !== undefined) {
    const length = writeCheck(session, consentPair, 'consent', out, at, end, now);
    if (length > 0) onConsentSent(session, consentPair, now);
    session.route = consentPair.route;
    return length;
  }
  const probe = session.probes.at(0);
  if (probe !== undefined) {
    const length = writeCheck(session, probe, 'consent', out, at, end, now);
    if (length > 0) {
      session.probes.shift();
      onProbeSent(probe);
    }
    session.route = probe.route;
    return length;
  }
  if (now < session.nextCheckAt) return 0;
  const ordinary = nextOrdinary(session);
  return ordinary === undefined ? 0 : writePaced(session, ordinary, out, at, end, now);
}

// RFC 8445 §6.1.4.2 paces triggered checks too. Deviation: here the peer's pace, which brings them about, is
// theirs, as in libwebrtc; the next ordinary check still keeps its distance.
function writePaced(
  session: IceSession,
  pair: CheckPair,
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  const length = writeCheck(session, pair, 'connectivity', out, at, end, now);
  if (length === 0) return 0;
  if (pair.triggered && session.triggered.at(0) === pair) {
    session.triggered.shift();
    pair.triggered = false;
  }
  session.nextCheckAt = now + session.tunables.checkInterval;
  session.route = pair.route;
  return length;
}

/** The earliest time at which the session has something to do. */
export function sessionDeadline(session: IceSession): Millis {
  if (session.isOver) return NEVER;
  if (session.retiresAt !== NEVER) return session.retiresAt;
  const silenceAt = session.lite ? liteDeadline(session) : consentDeadline(session);
  const timers = Math.min(silenceAt, session.patienceUntil, session.nominateAt, session.backupsAt);
  const deadline = checksDeadline(session, Math.min(timers, carriageDeadline(session)));
  return nextOrdinary(session) === undefined ? deadline : Math.min(deadline, session.nextCheckAt);
}
