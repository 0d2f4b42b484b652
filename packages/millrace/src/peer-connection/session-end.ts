// Why a session has ended, out of what its layers say of their own ends: whose doing it was, a code that stays the same,
// and a sentence. All codes are listed in docs/errors.md.
import { CLOSE_CODES, type CloseReason as DtlsCloseReason } from '@millrace/dtls';
import type { CloseReason as SctpCloseReason } from '@millrace/sctp';
import type { MillraceConfiguration } from './configuration.ts';

/** For `closed`, and for the errors of channels. */
export interface SessionEnd {
  readonly by: 'local' | 'remote' | 'failure';
  /** Stable, such as `ICE_FAILED`, `DTLS_FINGERPRINT_MISMATCH`, `DTLS_CLOSE_NOTIFY`. */
  readonly code: string;
  readonly message: string;
}

export const CLOSED: SessionEnd = { by: 'local', code: 'CLOSED', message: 'close() was called' };
export const MUX_CLOSED: SessionEnd = {
  by: 'local',
  code: 'MUX_CLOSED',
  message: 'the shared port of the connection was closed',
};

/** RFC 9260 §3.3.10.12: the peer's application called it a day. */
const USER_INITIATED_ABORT = 12;

/** ICE has failed, and no restart came in time. */
export function endOfIce(hadConnected: boolean, configuration: MillraceConfiguration): SessionEnd {
  return {
    by: 'failure',
    code: hadConnected ? 'ICE_CONSENT_EXPIRED' : 'ICE_FAILED',
    message: hadConnected
      ? silence(configuration)
      : 'no pair of candidates connects: check firewalls and that both sides exchange their candidates',
  };
}

export function endOfDtls({ by, code, alert }: DtlsCloseReason): SessionEnd {
  const isFarewell = code === 'close-notify' || code === 'closed';
  return {
    by: isFarewell ? by : 'failure',
    code: `DTLS_${code.replaceAll('-', '_').toUpperCase()}`,
    message: alert === undefined ? CLOSE_CODES[code] : `${CLOSE_CODES[code]} (alert ${alert})`,
  };
}

export function endOfSctp({ by, code, cause }: SctpCloseReason): SessionEnd {
  // RFC 9260 §3.3.7: an ABORT need not say why; one that names no error is no failure either.
  const isLeaving = by === 'remote' && (cause === undefined || cause.code === USER_INITIATED_ABORT);
  const isFarewell = code === 'SHUTDOWN' || (code === 'ABORTED' && isLeaving);
  return {
    by: isFarewell && by !== 'timeout' ? by : 'failure',
    code: `SCTP_${code}`,
    message: isFarewell
      ? 'the peer has closed the connection'
      : `the association ended: ${cause?.text || code}`,
  };
}

/** RFC 7675 §5.1: how long nothing had come by then. */
function silence({ consentTimeout = 30_000, iceLite }: MillraceConfiguration): string {
  return `the peer has not ${iceLite ? 'sent a check' : 'answered'} for ${consentTimeout / 1000} seconds`;
}
