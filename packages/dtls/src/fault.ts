// What ends a handshake: the close code for our side and the alert for the other.
import { ALERT } from './alert.ts';
import type { CloseCode } from './close-reason.ts';

export interface Fault {
  readonly kind: 'fault';
  readonly code: CloseCode;
  /** Sent to the peer; `undefined` where there is nothing to say. */
  readonly alert: number | undefined;
}

/** RFC 5246 §7.2.2 says which alert goes with which fault. */
const ALERT_OF: Readonly<Partial<Record<CloseCode, number>>> = {
  'role-conflict': ALERT.unexpectedMessage,
  // RFC 8122 §6.2: a certificate that matches no fingerprint ends the connection with bad_certificate.
  'fingerprint-mismatch': ALERT.badCertificate,
  'no-certificate': ALERT.handshakeFailure,
  'certificate-not-requested': ALERT.handshakeFailure,
  'bad-certificate': ALERT.unsupportedCertificate,
  'bad-signature': ALERT.decryptError,
  'bad-finished': ALERT.decryptError,
  'protocol-version': ALERT.protocolVersion,
  downgraded: ALERT.illegalParameter,
  'missing-extension': ALERT.missingExtension,
  'no-common-cipher-suite': ALERT.handshakeFailure,
  'no-common-group': ALERT.handshakeFailure,
  'no-common-signature-scheme': ALERT.handshakeFailure,
  'extended-master-secret-missing': ALERT.handshakeFailure,
  'unexpected-message': ALERT.unexpectedMessage,
  'unsupported-extension': ALERT.unsupportedExtension,
  'decode-error': ALERT.decodeError,
  'illegal-parameter': ALERT.illegalParameter,
};

export function fault(code: CloseCode): Fault {
  return { kind: 'fault', code, alert: ALERT_OF[code] };
}
