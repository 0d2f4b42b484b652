// Who controls, and what happens when both think they do. RFC 8445 §6.1.1, §7.2.5.1, §7.3.1.1.
import type { Millis } from '@millrace/sans-io';
import { ICE_CONTROLLED, ICE_CONTROLLING, type StunMessage } from '@millrace/stun';
import type { IceRole } from '../options.ts';
import type { Check } from './check.ts';
import { trigger } from './connectivity.ts';
import type { IceSession } from './session.ts';

/** What a verified request's role attribute means for us: the peer is told (487), or we have switched, or neither. */
export function settleRoles(session: IceSession, request: StunMessage, now: Millis): 'agreed' | 'refuse' {
  // RFC 8445 §6.1.1: a lite agent is controlled, whatever the tie-breakers; a peer that is so too has to switch.
  if (session.lite) return request.has(ICE_CONTROLLED) ? 'refuse' : 'agreed';
  const theirs = request.get(session.role === 'controlling' ? ICE_CONTROLLING : ICE_CONTROLLED);
  if (theirs === undefined) return 'agreed';
  // RFC 8445 §7.3.1.1: the larger tie-breaker controls; of equals, whoever is asked keeps its role.
  const weWin = session.tieBreaker >= theirs;
  if (weWin === (session.role === 'controlling')) return 'refuse';
  return switchRole(session, session.role === 'controlling' ? 'controlled' : 'controlling', now)
    ? 'agreed'
    : 'refuse';
}

/** RFC 8445 §7.2.5.1: the peer refused our role. The pair is checked again whether or not we have switched since. */
export function onRoleConflict(session: IceSession, check: Check, now: Millis): void {
  if (check.role === session.role) {
    if (!switchRole(session, session.role === 'controlling' ? 'controlled' : 'controlling', now)) {
      if (check.pair.state !== 'succeeded') check.pair.state = 'failed';
      return;
    }
    // RFC 8445 §7.2.5.1: a new tie-breaker goes with the new role.
    session.tieBreaker = session.drawTieBreaker();
  }
  if (check.pair.state !== 'succeeded' && check.pair.check === undefined) trigger(session, check.pair);
}

/** Without a check refused: the caller's or the peer's description says so. */
export function assumeRole(session: IceSession, role: IceRole): void {
  if (session.role === role) return;
  session.role = role;
  session.events.push({ kind: 'role', role });
  // RFC 8445 §6.1.2.3: a pair's priority depends on who controls.
  session.checklist.prioritise(role);
  for (const pair of session.checklist.pairs) {
    pair.nominating = false;
    pair.useCandidateReceived = false;
    pair.nomination = 0;
    pair.nominationReceived = 0;
    pair.nominationSent = 0;
  }
}

function switchRole(session: IceSession, role: IceRole, now: Millis): boolean {
  if (session.roleSwitches >= session.tunables.maxRoleSwitches) return false;
  session.roleSwitches++;
  assumeRole(session, role);
  // Checks under way carry the old role and will be refused: they start again at once.
  for (const pair of session.checklist.pairs) {
    if (pair.state !== 'in-progress') continue;
    pair.check?.transaction.cancel(now);
    pair.check = undefined;
    trigger(session, pair);
  }
  return true;
}
