// Moving to another pair without a restart, if both sides have said that they know how (the ice-option
// `renomination`). draft-thatcher-ice-renomination, with what libwebrtc makes of it: the controlling side numbers its
// nominations (NOMINATION), and of all nominated pairs the one with the highest number carries the data; a nomination
// without a number counts less than any. Here are the reasons to nominate anew, and what it takes to have them: some
// pairs beside the selected one are asked from time to time, so that it is known which of them work and how fast.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import { trigger } from './connectivity.ts';
import type { IceSession } from './session.ts';

/** So many probes in a row a pair has to answer before data moves to it that is served as it is. */
const STEADY_PROBES = 3;
/** What is faster by less is not worth moving for, as a share and in milliseconds. */
const MUCH_FASTER = 0.5;
const LEAST_GAIN: Millis = 20;
/** A preferred pair is returned to if it is at most so much slower. */
const NOT_SLOWER = 1.25;
const SLACK: Millis = 10;
/** So many consent checks in a row unanswered are no accident. */
const SILENT_CHECKS = 3;

/** Called after anything that could change the selection. */
export function settleBackups(session: IceSession, now: Millis): void {
  if (!session.renominates || session.isOver || session.selected === undefined) {
    session.probes.clear();
    session.backupsAt = NEVER;
  } else if (session.backupsAt === NEVER) {
    session.backupsAt = now + session.tunables.backupInterval;
  }
}

/** Time has come to ask the pairs that are kept in reserve; and with what is known of them, to think again. */
export function expireBackups(session: IceSession, now: Millis): void {
  const { selected } = session;
  if (now < session.backupsAt || selected === undefined) return;
  session.backupsAt = now + session.tunables.backupInterval;
  if (session.probes.length === 0) for (const pair of backups(session, selected)) session.probes.push(pair);
  if (
    session.role !== 'controlling' ||
    session.silent ||
    now < session.switchedAt + session.tunables.renominationHold
  )
    return;
  const better = betterPair(session, selected);
  if (better !== undefined) renominate(session, better, now);
}

/** A consent check of the selected pair goes unanswered once more: another pair, if one has answered since. */
export function onDoubt(session: IceSession, now: Millis): void {
  const { selected, consentUnanswered } = session;
  if (!session.renominates || selected?.lastResponseAt === undefined) return;
  if (consentUnanswered === 0) return;
  if (session.probes.length === 0) session.backupsAt = now;
  if (session.role !== 'controlling' || consentUnanswered < SILENT_CHECKS) return;
  if (now < selected.lastResponseAt + session.tunables.renominateAfter) return;
  const askedAt = session.consentAskedAt;
  for (const pair of session.checklist.pairs) {
    if (pair === selected || pair.state !== 'succeeded' || pair.lastResponseAt === undefined) continue;
    // It has answered while the selected one did not.
    if (pair.lastResponseAt <= askedAt) continue;
    renominate(session, pair, now);
    return;
  }
}

/** The selected pair is silent and all others begin anew: whichever works first is nominated by that, above what was. */
export function nominateAny(session: IceSession): void {
  if (!session.renominates || session.role !== 'controlling') return;
  session.nominations++;
  for (const pair of session.checklist.pairs)
    if (pair !== session.selected) pair.nominationSent = session.nominations;
}

/** The silence is over before another pair has worked: none is nominated by a later check. */
export function nominateNone(session: IceSession): void {
  for (const pair of session.checklist.pairs) pair.nominationSent = pair.nomination;
}

/** A pair has answered: a probe, or another check. */
export function onAnswer(pair: CheckPair): void {
  pair.probesAnswered = pair.probesAsked === 0 ? 0 : pair.probesAnswered + 1;
  pair.probesAsked = 0;
}

/** A pair in reserve has been asked. Whoever leaves two probes unanswered is not steady. */
export function onProbeSent(pair: CheckPair): void {
  if (++pair.probesAsked > 1) pair.probesAnswered = 0;
}

export function renominate(session: IceSession, pair: CheckPair, now: Millis): void {
  // RFC 8445 §8.1.1: one nomination at a time.
  for (const each of session.checklist.pairs) if (each.nominating) return;
  session.switchedAt = now;
  pair.nominationSent = ++session.nominations;
  pair.nominating = true;
  trigger(session, pair);
}

/** The best of each way there is: several pairs of the same two addresses would die together. */
function* backups(session: IceSession, selected: CheckPair): Generator<CheckPair> {
  const seen = new Set<string>();
  for (const pair of session.checklist.pairs) {
    if (pair === selected || pair.state === 'frozen') continue;
    if (pair.state === 'failed' && pair.lastResponseAt === undefined) continue;
    const way = `${pair.base.socket} ${pair.remote.address} ${pair.remote.transport}`;
    if (seen.has(way)) continue;
    seen.add(way);
    yield pair;
    if (seen.size === session.tunables.maxBackupPairs) return;
  }
}

/** What is much faster than the selected pair; or preferred to it by the candidates' priorities, and not slower. */
function betterPair(session: IceSession, selected: CheckPair): CheckPair | undefined {
  const held = selected.roundTripTime;
  if (held === undefined) return undefined;
  let best: CheckPair | undefined;
  let bestTime = Number.POSITIVE_INFINITY;
  for (const pair of session.checklist.pairs) {
    const time = pair.roundTripTime;
    if (pair === selected || pair.state !== 'succeeded' || time === undefined) continue;
    if (pair.probesAnswered < STEADY_PROBES || time >= bestTime) continue;
    const isFaster = time < held * MUCH_FASTER && held - time >= LEAST_GAIN;
    const isPreferred = pair.compare(selected) < 0 && time <= held * NOT_SLOWER + SLACK;
    if (!isFaster && !isPreferred) continue;
    best = pair;
    bestTime = time;
  }
  return best;
}
