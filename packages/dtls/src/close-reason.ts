// Why a connection ended: an event with a stable code, the side that ended it and the alert that went with it.

/** The codes of `CloseReason`, each with the sentence that explains it. */
export const CLOSE_CODES = {
  closed: 'close() was called',
  'close-notify': 'the peer closed the connection',
  alert: 'the peer reported a fatal error; see the alert',
  timeout: 'the handshake did not finish in time',
  'role-conflict': 'the peer has taken the same role (two clients or two servers)',
  'fingerprint-mismatch': 'the certificate of the peer matches none of the expected fingerprints',
  'no-certificate': 'the peer presented no certificate',
  'certificate-not-requested': 'the peer did not ask for our certificate: it would not know who we are',
  'bad-certificate': 'the certificate of the peer cannot be read or its key is of a kind not accepted',
  'bad-signature': 'the peer does not hold the private key of its certificate',
  'bad-finished': 'the handshake was changed on its way',
  'protocol-version': 'no version of DTLS is spoken by both sides',
  downgraded: 'both sides speak DTLS 1.3, but somebody has changed the hello so that 1.2 was chosen',
  'no-common-cipher-suite': 'no cipher suite is accepted by both sides',
  'no-common-group': 'no key exchange group is accepted by both sides',
  'no-common-signature-scheme': 'no signature scheme fits both the certificate and the peer',
  'extended-master-secret-missing': 'the peer does not support the extended master secret',
  'unexpected-message': 'the peer sent a handshake message out of turn',
  'missing-extension': 'a handshake message of the peer lacks an extension that must be there',
  'unsupported-extension': 'the peer answered with an extension that was not offered',
  'decode-error': 'a handshake message of the peer is malformed',
  'illegal-parameter': 'a handshake message of the peer has a value that is not allowed',
  'sequence-exhausted': 'as many records have been sealed under one key as may be',
  'too-many-forgeries': 'as many records have failed to open under one key as may be',
} as const;

export type CloseCode = keyof typeof CLOSE_CODES;

export interface CloseReason {
  /** The side that decided: `remote` for alerts of the peer, `local` for everything found here. */
  readonly by: 'local' | 'remote';
  readonly code: CloseCode;
  /** The alert sent (`local`) or received (`remote`), if there was one; RFC 5246 §7.2. */
  readonly alert?: number;
}
