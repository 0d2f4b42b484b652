// The state that all of this adds up to. RFC 8445 §8.1.2, RFC 8863 §3 (patience), and what W3C's
// RTCIceTransportState makes of it.
import type { Millis } from '@millrace/sans-io';
import { settleConsent } from './consent.ts';
import { isConcluded, settleSelection } from './nomination.ts';
import { settleBackups } from './renomination.ts';
import type { IceSession } from './session.ts';

/** Called after anything that could change selection, consent or state. */
export function settle(session: IceSession, now: Millis): void {
  if (session.isOver) return;
  settleSelection(session, now);
  settleConsent(session, now);
  settleBackups(session, now);
  if (session.selected !== undefined) {
    if (session.silent) session.setState('disconnected');
    else {
      const isComplete = session.localEnded && session.remoteEnded && isConcluded(session);
      // Whoever waits for `connected` alone must not miss it, so the way to `completed` leads through it.
      if (!isComplete || session.state !== 'completed') session.setState('connected');
      if (isComplete) session.setState('completed');
    }
    return;
  }
  if (hasFailed(session)) {
    session.setState('failed');
    session.silence();
  } else if (session.remote !== undefined && session.checklist.pairs.length > 0) {
    session.setState('checking');
  }
}

// RFC 8863 §3: MUST NOT fail before the PAC timer has run out, whatever has failed until then.
// Deviation: RFC 8838 §8 keeps a checklist running until the peer has ended its candidates. Many applications
// never signal that end, and a peer of whom nothing usable has come by then would leave us waiting for ever.
function hasFailed(session: IceSession): boolean {
  if (!session.impatient) return false;
  for (const pair of session.checklist.pairs) if (pair.state !== 'failed') return false;
  return true;
}
