// What measured round trips decide: which of several pairs that are alike is checked first, and which is nominated. RFC 8445
// §6.1.4.2 goes by priority alone. Where only local preferences make the difference (§5.1.2.1: a host's own idea of its
// interfaces and relays, made before anything was measured), a measurement knows better. Pairs of unlike types keep
// their order, so a relay is never taken for being fast. Where every check nominates, both sides have to find the same
// pair by themselves, and go by priority; renomination.ts moves them later.
import { type Millis, NEVER } from '@millrace/sans-io';
import type { CheckPair } from '../pair.ts';
import type { IceSession } from './session.ts';

/** Another pair is much faster if it takes less than this share of the round trip, */
const MUCH_FASTER = 1 / 2;
/** and at least so many milliseconds less: less than that nobody notices, and it may be chance. */
const LEAST_GAIN: Millis = 20;

/** Whether `pair` is worth more than `other`, which has the higher priority. */
export function isMuchFaster(pair: CheckPair, other: CheckPair): boolean {
  const { answeredAfter: one } = pair;
  const { answeredAfter: two } = other;
  return one !== undefined && two !== undefined && one < two * MUCH_FASTER && two - one >= LEAST_GAIN;
}

/**
 * Of the waiting pairs that are like `first`, the one whose socket has the nearest server, by steps of the least gain;
 * then one whose server has not answered, which may be a way to nowhere. Deviation: RFC 8445 §6.1.4.2 has the pair of the highest
 * priority be first. All are checked, at the same pace.
 */
export function nearestLike(session: IceSession, first: CheckPair): CheckPair {
  const { serverRoundTrips, selected, silent } = session;
  if (serverRoundTrips.size === 0) return first;
  let nearest = first;
  let least = distance(session, first);
  for (const pair of session.checklist.pairs) {
    // What is worth less than the selected pair is not checked beside it.
    if (selected !== undefined && !silent && selected.compare(pair) < 0) break;
    if (pair.state !== 'waiting' || !pair.isLike(first)) continue;
    const steps = distance(session, pair);
    if (steps >= least) continue;
    nearest = pair;
    least = steps;
  }
  return nearest;
}

function distance({ serverRoundTrips }: IceSession, { base }: CheckPair): number {
  return Math.floor((serverRoundTrips.get(base.socket) ?? NEVER) / LEAST_GAIN);
}
