// What a lite agent does in place of checks: it answers, and believes what the peer nominates. RFC 8445 §2.5, §6.1.1,
// §7.3.2 (the lite agent's part of a request), §8.2 (concluding). What the peer's
// silence means is lite-consent.ts's. Left out: RFC 8445 §8.2's choice by RFC 6724 between two lite agents, where the
// pair of the highest priority, the same on both sides, is taken instead.
import type { Millis } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import type { IceSession } from './session.ts';

/**
 * A pair of lower priority takes the selected one's place only if that one has not been nominated for as long as this,
 * in milliseconds: peers that nominate with every check would have the selection go to and fro.
 */
const NOMINATION_HOLDS: Millis = 1_000;

/** RFC 8445 §7.3.2: an authentic request has come; its pair is valid without a check of ours. */
export function onLiteRequest(
  session: IceSession,
  pair: CheckPair,
  useCandidate: boolean,
  now: Millis,
): void {
  pair.state = 'succeeded';
  session.hasSucceeded = true;
  if (useCandidate) onNominated(session, pair, now);
  if (pair !== session.selected) return;
  session.heardAt = now;
  session.silent = false;
}

/**
 * Deviation: RFC 8445 §8.1.1 has the peer nominate once. libwebrtc, facing a lite agent, names the pair that it sends
 * on with each check, and moves on to another one like that: the latest nomination counts.
 */
function onNominated(session: IceSession, pair: CheckPair, now: Millis): void {
  const { selected } = session;
  pair.nominated = true;
  if (selected !== undefined && pair !== selected) {
    const holds = now - session.nominatedAt < NOMINATION_HOLDS;
    if (holds && !session.silent && selected.compare(pair) < 0) return;
    selected.nominated = false;
  }
  session.nominatedAt = now;
  session.select(pair);
}

/** RFC 8445 §6.1.1, §8.2: two lite agents check nothing and take the best pair that their candidates make. */
export function settleLite(session: IceSession): void {
  if (session.remote?.lite !== true) return;
  for (const pair of session.checklist.pairs) {
    if (pair.state === 'failed') continue;
    pair.state = 'succeeded';
    pair.verified = true;
    session.hasSucceeded = true;
  }
  const best = session.checklist.pairs.find((pair) => pair.state === 'succeeded');
  if (best === undefined || best === session.selected) return;
  if (session.selected !== undefined && session.selected.compare(best) <= 0) return;
  best.nominated = true;
  session.select(best);
}
