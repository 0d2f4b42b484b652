// Consent (RFC 7675) as a lite agent has it: the peer asks for ours, and its requests show that it is alive.
import { type Millis, NEVER } from '@millrace/sans-io';
import { loseConsent } from './consent.ts';
import type { IceSession } from './session.ts';

/** When the peer's silence will mean something. A lite peer says nothing in ICE: it is never silent. */
export function liteDeadline({ selected, heardAt, silent, tunables }: IceSession): Millis {
  if (selected === undefined || heardAt === NEVER) return NEVER;
  return heardAt + (silent ? tunables.consentExpiry : Math.min(tunables.liteSilence, tunables.consentExpiry));
}

export function expireLite(session: IceSession, now: Millis): void {
  const { selected, heardAt, tunables } = session;
  if (selected === undefined || now < liteDeadline(session)) return;
  // RFC 7675 §5.1: whoever has not asked for 30 s has no consent of ours to renew, and gives none.
  if (now >= heardAt + tunables.consentExpiry) loseConsent(session, selected, now);
  else session.silent = true;
}
