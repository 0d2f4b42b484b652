// What a caller can do wrong. Bad input from the peer is never an error here: it is a drop or a close reason.

const MESSAGES = {
  INVALID_OPTION: 'an option is out of its range',
  CERTIFICATE_UNUSABLE: 'the certificate or its key cannot be used',
  KEY_MISMATCH: 'the private key is not that of the certificate',
  NO_USABLE_FINGERPRINT: 'none of the remote fingerprints can be checked',
  ALREADY_STARTED: 'the connection was started before',
  NOT_CONNECTED: 'the connection is not established',
  RECORD_TOO_LARGE: 'the plaintext does not fit into one record',
  RESERVED_LABEL: 'the exporter label belongs to the protocol itself',
} as const;

export type DtlsErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class DtlsError extends Error {
  readonly code: DtlsErrorCode;

  constructor(code: DtlsErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`, options);
    this.name = 'DtlsError';
    this.code = code;
  }
}
