// Connectivity checks as they go out: which is next, what it says, when it is repeated and when it has failed.
// RFC 8445 §6.1.4 (scheduling), §7.2.2 to §7.2.4 (forming), §14 (pacing and timeouts).
import { type Millis, NEVER, ownCopy } from '@millrace/sans-io';
import {
  ClientTransaction,
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  METHOD_BINDING,
  MessageWriter,
  NOMINATION,
  PRIORITY,
  type TransactionTunables,
  USE_CANDIDATE,
  USERNAME,
} from '@millrace/stun';
import { candidatePriority } from '../candidate.ts';
import type { CheckPair } from '../pair.ts';
import { addCarriage } from './carriage.ts';
import type { Check } from './check.ts';
import { nearestLike } from './round-trips.ts';
import type { IceSession } from './session.ts';

/** Where packets are lost at random the second loss should not cost more than the first. */
const EVEN_WAITS = 3;

const writer = new MessageWriter();
const NO_BYTES = new Uint8Array(0);

/** The check that was to nominate `pair` has failed: it is not to be nominated by a later one without anybody's wish. */
export function giveUpNomination(pair: CheckPair): void {
  if (pair.nominating && pair.nominationSent !== pair.nomination) pair.nominationSent = pair.nomination;
  pair.nominating = false;
}

/** Puts `pair` before all ordinary checks. RFC 8445 §7.3.1.4 */
export function trigger(session: IceSession, pair: CheckPair): void {
  if (pair.state !== 'frozen' && pair.state !== 'succeeded') pair.state = 'waiting';
  if (pair.triggered) return;
  pair.triggered = true;
  session.triggered.push(pair);
}

/** Whether checking `pair` could still change the outcome. */
export function isWorthChecking(session: IceSession, pair: CheckPair): boolean {
  const { selected } = session;
  if (selected === undefined || session.silent || pair === selected || pair.nominating) return true;
  return pair.compare(selected) < 0;
}

/** The pair whose turn it is once Ta has passed. RFC 8445 §6.1.4.2: the waiting one with the highest priority. */
export function nextOrdinary(session: IceSession): CheckPair | undefined {
  if (session.remote === undefined || session.isOver || session.lite) return undefined;
  for (const pair of session.checklist.pairs) {
    if (!isWorthChecking(session, pair)) return undefined; // nor are those behind it
    if (pair.state === 'waiting') return nearestLike(session, pair);
  }
  return undefined;
}

/** The head of the triggered-check queue; pairs that failed or were dropped meanwhile are passed over. */
export function nextTriggered(session: IceSession): CheckPair | undefined {
  if (session.remote === undefined) return undefined;
  for (let pair = session.triggered.at(0); pair !== undefined; pair = session.triggered.at(0)) {
    // A succeeded pair is checked again when it is to be nominated.
    if (pair.state === 'waiting' || (pair.state === 'succeeded' && pair.nominating)) return pair;
    session.triggered.shift();
    pair.triggered = false;
  }
  return undefined;
}

/** Writes the first request of a new check of `pair`; 0 if it does not fit. */
export function writeCheck(
  session: IceSession,
  pair: CheckPair,
  purpose: Check['purpose'],
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  const isReliable = pair.base.transport === 'tcp';
  const tunables = purpose === 'connectivity' ? checkTunables(session, isReliable) : consentTunables(session);
  const nomination = session.renominates && session.role === 'controlling' ? pair.nominationSent : 0;
  const useCandidate = nomination === 0 && carriesUseCandidate(session, pair);
  // RFC 8445 §7.1.1: the priority that a peer-reflexive candidate found by this check would have.
  const localPreference = (pair.base.priority >>> 8) & 0xffff;
  const priority = candidatePriority('prflx', localPreference, pair.base.component, pair.base.transport);
  const transaction = new ClientTransaction(session.random, tunables);
  const check: Check = {
    transaction,
    pair,
    purpose,
    role: session.role,
    useCandidate,
    nomination,
    priority,
    bytes: NO_BYTES,
    replaceAt: NEVER,
    resend: false,
  };
  const length = writeRequest(session, check, out, at, end, now);
  if (length === 0) return 0;
  check.bytes = ownCopy(out, at, at + length);
  pair.requestsSent++;
  remember(session, check);
  if (purpose === 'connectivity') {
    // RFC 8445 §7.3.1.4: an older check is not repeated, but its response still counts.
    pair.check?.transaction.cancel(now);
    pair.check = check;
    if (pair.state !== 'succeeded') pair.state = 'in-progress';
  } else if (purpose === 'consent') {
    pair.consentRequestsSent++;
  }
  onSent(session, check, now);
  return length;
}

function writeRequest(
  session: IceSession,
  check: Check,
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  const { transaction, pair, role, useCandidate, nomination, priority } = check;
  // RFC 8445 §7.2.2: the peer's username fragment, then ours.
  const username = `${session.remote!.usernameFragment}:${session.local.usernameFragment}`;
  writer.begin(out, at, end, 'request', METHOD_BINDING, transaction.id).add(USERNAME, username);
  // RFC 8445 §7.1.3
  writer.add(role === 'controlling' ? ICE_CONTROLLING : ICE_CONTROLLED, session.tieBreaker);
  if (useCandidate) writer.add(USE_CANDIDATE, true);
  if (nomination > 0) writer.add(NOMINATION, nomination);
  writer.add(PRIORITY, priority);
  addCarriage(session, pair, writer, end, now);
  return writer.addIntegrity(session.remoteKey, session.crypto).addFingerprint().finish();
}

/**
 * Writes the request of `check` again. Deviation: RFC 8489 §6.2.1 has it be the same message; while it carries
 * something, that is what is up to date, since whoever answers Binding requests keeps nothing of them.
 */
export function writeResend(
  session: IceSession,
  check: Check,
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  let { length } = check.bytes;
  if (session.piggyback?.isOn) {
    length = writeRequest(session, check, out, at, end, now);
    if (length === 0) return 0;
    check.bytes = ownCopy(out, at, at + length);
  } else {
    if (length > end - at) return 0;
    out.set(check.bytes, at);
  }
  check.resend = false;
  onSent(session, check, now);
  return length;
}

function onSent(session: IceSession, check: Check, now: Millis): void {
  check.transaction.onSent(now);
  session.requestsSent++;
}

/**
 * Deviation: RFC 8445 leaves aggressive nomination to RFC 5245 agents, yet browsers nominate with every check,
 * and it saves a round trip. RFC 8445 §6.1.1 and RFC 5245 §8.1.1: never so with a lite peer.
 */
function carriesUseCandidate(session: IceSession, pair: CheckPair): boolean {
  if (session.role !== 'controlling') return false;
  const isRegular = session.tunables.nomination === 'regular' || session.remote?.lite === true;
  return !isRegular || pair.nominating || pair.nominated;
}

/**
 * RFC 8445 §14.3: RTO grows with the number of checks that share the pacing.
 * Deviation: it starts below 500 ms, since libwebrtc repeats an unanswered check within 50 ms and a lost
 * first check would otherwise add half a second to every opening; the second wait is as long as the first, and later ones
 * are capped instead of doubling on.
 */
function checkTunables(session: IceSession, isReliable: boolean): TransactionTunables {
  const { checkInterval, checkRtoInitial, checkRtoMax, checkSends, checkLastWait } = session.tunables;
  // RFC 8489 §6.2.2: over TCP nothing is sent twice; the connection tells when it is lost.
  if (isReliable) {
    const { reliableCheckWait: rto } = session.tunables;
    return { rto, rtoMax: rto, sends: 1, lastWait: 1 };
  }
  let busy = 0;
  for (const pair of session.checklist.pairs)
    if (pair.state === 'waiting' || pair.state === 'in-progress') busy++;
  const rto = Math.max(checkRtoInitial, checkInterval * busy);
  return {
    rto,
    rtoMax: Math.max(rto, checkRtoMax),
    evenWaits: EVEN_WAITS,
    sends: checkSends,
    lastWait: checkLastWait,
  };
}

// RFC 7675 §5.1: a consent check is sent once; its response counts as long as consent itself could last.
function consentTunables(session: IceSession): TransactionTunables {
  return {
    rto: session.tunables.consentInterval,
    rtoMax: session.tunables.consentInterval,
    sends: 1,
    lastWait: 1,
  };
}

function remember(session: IceSession, check: Check): void {
  if (session.checks.size >= session.tunables.maxTransactions) {
    for (const [key, oldest] of session.checks) {
      // The check that a pair's fate hangs on is kept as long as there is another to forget.
      if (oldest.pair.check === oldest) continue;
      session.checks.delete(key);
      break;
    }
  }
  if (session.checks.size >= session.tunables.maxTransactions) {
    const [key, oldest] = session.checks[Symbol.iterator]().next().value!;
    session.checks.delete(key);
    onTimeout(oldest);
  }
  session.checks.set(check.transaction.key, check);
}

/** The earliest time at which a check wants to be repeated or given up. */
export function checksDeadline(session: IceSession, earliest: Millis): Millis {
  for (const check of session.checks.values()) {
    if (check.resend) continue;
    earliest = Math.min(earliest, check.transaction.deadline, check.replaceAt);
  }
  return earliest;
}

/** Queues what is to be repeated and ends what has waited long enough. */
export function expireChecks(session: IceSession, now: Millis): void {
  for (const [key, check] of session.checks) {
    if (check.resend) continue;
    if (now >= check.replaceAt) {
      check.replaceAt = NEVER;
      if (check.pair.check === check && check.pair.state === 'in-progress') trigger(session, check.pair);
    }
    const due = check.transaction.due(now);
    if (due === 'nothing') continue;
    if (due === 'timeout') {
      session.checks.delete(key);
      onTimeout(check);
    } else if (isWorthChecking(session, check.pair)) {
      check.resend = true;
      session.resends.push(check);
    } else {
      park(check, now);
    }
  }
}

/** RFC 5245 §8.1.2: beside a selected pair, lower ones are not pursued. A late response still counts. */
function park(check: Check, now: Millis): void {
  check.transaction.cancel(now);
  if (check.pair.check !== check) return;
  check.pair.check = undefined;
  if (check.pair.state === 'in-progress') check.pair.state = 'waiting';
}

/** RFC 8445 §7.2.5.2.3: a check without response fails its pair; one that was replaced meanwhile does not. */
function onTimeout(check: Check): void {
  const { pair } = check;
  if (pair.check !== check) return;
  pair.check = undefined;
  giveUpNomination(pair);
  // A pair that succeeded before stays so: consent will tell whether it still works.
  if (pair.state === 'in-progress') pair.state = 'failed';
}
