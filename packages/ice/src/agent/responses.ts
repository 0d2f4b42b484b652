// Responses to our checks. RFC 8445 §7.2.5 (the STUN client's part), RFC 8489 §6.3.3, §6.3.4 and §9.1.4.
import type { Millis } from '@millrace/sans-io';
import {
  type ClientTransaction,
  ERROR,
  ERROR_CODE,
  type StunMessage,
  TRANSACTION_ID_AT,
  type TransportAddress,
  verifyIntegrity,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import type { IceDrop } from '../drops.ts';
import { learnReflexive } from './candidates.ts';
import { takeCarriage } from './carriage.ts';
import type { Check } from './check.ts';
import { giveUpNomination } from './connectivity.ts';
import { loseConsent, onConsent } from './consent.ts';
import { onAnswer } from './renomination.ts';
import { onRoleConflict } from './roles.ts';
import type { IceSession } from './session.ts';

/** Answered transactions that are remembered for what rides with another answer. */
export const MAX_ANSWERED = 16;

export function onResponse(
  session: IceSession,
  response: StunMessage,
  socket: number,
  from: TransportAddress,
  now: Millis,
): IceDrop | undefined {
  const check = session.checks.get(response.transactionKey);
  if (!check?.transaction.matches(response.bytes, response.at + TRANSACTION_ID_AT))
    return onAnotherAnswer(session, response);
  // RFC 8489 §9.1.4: without the right integrity the response is as if it had not come. That goes for errors
  // too: a forged 401 must not fail a pair.
  if (!verifyIntegrity(response, session.remoteKey, session.crypto)) return 'bad-integrity';
  session.checks.delete(check.transaction.key);
  session.responsesReceived++;
  check.pair.responsesReceived++;
  const { route } = check.pair;
  // RFC 8445 §7.2.5.2.1: the response has to come the way the request went.
  const isSymmetric =
    socket === route.socket && from.port === route.remote.port && from.address === route.remote.address;
  if (!isSymmetric) {
    onFailure(check, now);
    return 'bad-route';
  }
  if (response.messageClass === 'success') return onSuccess(session, check, response, now);
  onError(session, check, response, now);
  return undefined;
}

function onSuccess(
  session: IceSession,
  check: Check,
  response: StunMessage,
  now: Millis,
): IceDrop | undefined {
  const { pair } = check;
  const mapped = response.get(XOR_MAPPED_ADDRESS);
  // RFC 8489 §6.3.3: a response with an attribute that we would have to understand is a failure.
  if (mapped === undefined || response.unknownRequired.length > 0) {
    onFailure(check, now);
    return 'bad-attributes';
  }
  const sample = check.transaction.roundTripTime(now);
  if (sample !== undefined) pair.onRoundTrip(sample);
  else pair.onRoundTripWithin(now - check.transaction.firstSentAt);
  pair.answeredAfter ??= now - check.transaction.firstSentAt;
  learnReflexive(session, pair, mapped, check.priority);
  // An older check's answer is as good as the newest one's: that one need not be repeated.
  if (pair.check !== undefined && pair.check !== check) pair.check.transaction.cancel(now);
  pair.check = undefined;
  pair.verified = true;
  pair.lastResponseAt = now;
  pair.state = 'succeeded';
  session.hasSucceeded = true;
  rememberAnswered(session, check.transaction);
  takeCarriage(session, response);
  // RFC 8445 §7.2.5.3.4
  if (session.role === 'controlling' && (check.useCandidate || check.nomination > 0)) {
    pair.nominated = true;
    pair.nomination = Math.max(pair.nomination, check.nomination);
    // An older check's answer says nothing of the nomination that is on its way.
    if (check.nomination === pair.nominationSent) pair.nominating = false;
  } else if (session.role === 'controlled' && pair.useCandidateReceived) {
    pair.nominated = true;
    pair.nomination = pair.nominationReceived;
  }
  onAnswer(pair);
  onConsent(session, pair, now);
  return undefined;
}

function onError(session: IceSession, check: Check, response: StunMessage, now: Millis): void {
  const code = response.get(ERROR_CODE)?.code;
  if (code === ERROR.ROLE_CONFLICT) {
    if (check.pair.check === check) check.pair.check = undefined;
    onRoleConflict(session, check, now);
  } else if (code === ERROR.FORBIDDEN && check.pair === session.consentPair) {
    // RFC 7675 §5.2: the peer wants no more of this.
    loseConsent(session, check.pair, now);
  } else {
    onFailure(check, now);
  }
}

/** RFC 8445 §7.2.5.2: the pair fails with its check; consent is not lost by one bad answer. */
function onFailure(check: Check, now: Millis): void {
  const { pair } = check;
  if (pair.check !== check) return;
  check.transaction.cancel(now);
  pair.check = undefined;
  giveUpNomination(pair);
  if (pair.state === 'in-progress') pair.state = 'failed';
}

/** Only where something may ride. */
function rememberAnswered({ piggyback, answered }: IceSession, transaction: ClientTransaction): void {
  if (!piggyback?.isOn) answered.length = 0;
  else if (answered.push(transaction) > MAX_ANSWERED) answered.shift();
}

/**
 * A check that was sent twice has two answers, and of what rides the second may bring what the first could not have: by then
 * the peer knows our description, and answers our flight. For ICE the first one has said all.
 */
function onAnotherAnswer(session: IceSession, response: StunMessage): IceDrop | undefined {
  const isOn = session.piggyback?.isOn && response.messageClass === 'success';
  const { bytes, at } = response;
  if (!isOn || !session.answered.some((each) => each.matches(bytes, at + TRANSACTION_ID_AT)))
    return 'unknown-transaction';
  if (!verifyIntegrity(response, session.remoteKey, session.crypto)) return 'bad-integrity';
  takeCarriage(session, response);
  return undefined;
}
