// Which pair carries the data. RFC 8445 §8.1.1 (nominating), §7.2.5.3.4 and §7.3.1.5 (being nominated);
// RFC 5245 §8.1.1.2 for peers that nominate with every check: the nominated pair with the highest priority is it.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import { isWorthChecking, trigger } from './connectivity.ts';
import { settleLite } from './lite.ts';
import { isMuchFaster } from './round-trips.ts';
import type { IceSession } from './session.ts';

/** Brings the selection up to date after a pair's state, priority or nomination has changed. */
export function settleSelection(session: IceSession, now: Millis): void {
  if (session.lite) {
    settleLite(session);
    return;
  }
  if (!session.hasSucceeded) return;
  nominate(session, now);
  const best = bestNominated(session);
  if (best === undefined || best === session.selected) return;
  const abandoned = session.silent ? session.selected : undefined;
  session.select(best);
  // What fell silent is out until the peer or we find it working again.
  if (abandoned === undefined) return;
  fail(abandoned);
  if (session.baseOf(abandoned.base.socket) === abandoned.base) return;
  // Its socket has been withdrawn, and it was kept only to be in use.
  abandoned.verified = false;
  session.checklist.remove(abandoned);
}

export function fail(pair: CheckPair): void {
  pair.state = 'failed';
  pair.nominated = false;
  pair.nominating = false;
  pair.useCandidateReceived = false;
  pair.nomination = 0;
  pair.nominationReceived = 0;
  pair.nominationSent = 0;
}

/** The pair to be used until one is selected, so that DTLS need not wait for the nomination. */
export function bestValid(session: IceSession): CheckPair | undefined {
  if (!session.hasSucceeded) return undefined;
  for (const pair of session.checklist.pairs) if (pair.state === 'succeeded') return pair;
  return undefined;
}

/**
 * The last one nominated by number; of those without, or with the same, the one by which the peer sends, else the one
 * with the highest priority.
 *
 * Deviation: RFC 8445 §8.1.1 has one nominated pair, RFC 5245 §8.1.1.2 takes the best of several. Where the peer controls
 * and sends by another nominated pair, it has chosen that one, for it may have lost the address of the best: what is sent
 * there would be lost until it falls silent. So the controlled side follows, as libwebrtc's does.
 */
function bestNominated(session: IceSession): CheckPair | undefined {
  let best: CheckPair | undefined;
  for (const pair of session.checklist.pairs) {
    if (pair.state !== 'succeeded' || !pair.nominated) continue;
    if (session.silent && pair === session.selected) continue;
    if (best === undefined || pair.nomination > best.nomination) best = pair;
    else if (pair.nomination === best.nomination && pair === session.heard && session.role === 'controlled')
      best = pair;
  }
  return best ?? session.selected;
}

/**
 * When controlling: sends the best valid pair's nomination where no check has carried it. Aggressively this
 * comes up only after a switch of roles; regularly it is how every pair is chosen.
 */
function nominate(session: IceSession, now: Millis): void {
  const { nominateAt } = session;
  session.nominateAt = NEVER;
  if (session.role !== 'controlling' || (session.selected !== undefined && !session.silent)) return;
  let best: CheckPair | undefined;
  let isBetterPending = false;
  for (const pair of session.checklist.pairs) {
    if (pair.state === 'succeeded' && pair !== session.selected) {
      // RFC 8445 §8.1.1: one nomination at a time.
      if (pair.nominated || pair.nominating) return;
      if (best === undefined || (pair.isLike(best) && isMuchFaster(pair, best))) best = pair;
    } else if (best === undefined && (pair.state === 'waiting' || pair.state === 'in-progress')) {
      isBetterPending = true;
    }
  }
  if (best === undefined) return;
  // RFC 8445 §8.1.1 leaves open how long to wait for a better pair.
  if (isBetterPending && session.tunables.nomination === 'regular') {
    const until = nominateAt === NEVER ? now + session.tunables.nominationPatience : nominateAt;
    if (now < until) {
      session.nominateAt = until;
      return;
    }
  }
  best.nominating = true;
  trigger(session, best);
}

/** RFC 8445 §8.1.2: whether every pair that could be better than the selected one has been tried. */
export function isConcluded(session: IceSession): boolean {
  for (const pair of session.checklist.pairs) {
    if (pair === session.selected) continue;
    if (!isWorthChecking(session, pair)) return true;
    if (pair.state === 'waiting' || pair.state === 'in-progress' || pair.state === 'frozen') return false;
  }
  return true;
}
