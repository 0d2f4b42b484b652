// Who is DTLS client and who is server (RFC 4145 §4, RFC 8842 §5, RFC 8829 §5.3.1).
import { SdpError } from './errors.ts';
import type { DtlsRole, Setup } from './session.ts';

/**
 * What an answer says to the `a=setup` of an offer, or what is wrong with the offer.
 *
 * @param held the role of this side in the DTLS association that already runs
 * @param preferred what to become when the offer leaves the choice
 */
export function answerSetup(
  offered: Setup | undefined,
  held?: DtlsRole,
  preferred: DtlsRole = 'client',
): 'active' | 'passive' | SdpError {
  // RFC 4145 §4: an offer that says nothing means active.
  const offer = offered ?? 'active';
  if (offer === 'holdconn') return new SdpError('MALFORMED_SETUP');
  if (offer === 'actpass') return setupOf(held ?? preferred);
  const forced = offer === 'active' ? 'server' : 'client';
  // RFC 8842 §5.5: a live association keeps its roles.
  if (held !== undefined && held !== forced) return new SdpError('DTLS_ROLE_CHANGED');
  return setupOf(forced);
}

/**
 * What an offer says. Once a role is held it is named.
 *
 * Deviation: RFC 8842 §5.2 lets a later offer say actpass, but Firefox answers that with `active` whatever role
 * it holds, and reverses the roles of the session.
 */
export function offerSetup(held?: DtlsRole): Setup {
  return held === undefined ? 'actpass' : setupOf(held);
}

/** The role of the local side after an offer and its answer; an error if both sides take the same. */
export function dtlsRole(
  side: 'offerer' | 'answerer',
  offered: Setup | undefined,
  answered: Setup | undefined,
  held?: DtlsRole,
): DtlsRole | SdpError {
  const offer = offered ?? 'active';
  // RFC 4145 §4: an answer that says nothing means passive.
  const answer = answered ?? 'passive';
  // RFC 8842 §5.3: an answer MUST be active or passive.
  if (answer === 'actpass' || answer === 'holdconn' || offer === 'holdconn')
    return new SdpError('MALFORMED_SETUP');
  if (offer === answer) return new SdpError('SAME_DTLS_ROLE');
  const answererIsClient = answer === 'active';
  const role = answererIsClient === (side === 'answerer') ? 'client' : 'server';
  return held !== undefined && held !== role ? new SdpError('DTLS_ROLE_CHANGED') : role;
}

function setupOf(role: DtlsRole): 'active' | 'passive' {
  return role === 'client' ? 'active' : 'passive';
}
