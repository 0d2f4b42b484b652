// Caller mistakes. What comes from the network never throws.

const MESSAGES = {
  BAD_ADDRESS: 'not an IPv4 or IPv6 address with a port',
  BAD_CHANGE: 'the message is finished or was never begun',
  BAD_TRANSACTION_ID: 'a transaction id has 12 bytes',
  BAD_VALUE: 'the attribute cannot carry this value',
} as const;

export type StunErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class StunError extends Error {
  readonly code: StunErrorCode;

  constructor(code: StunErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.name = 'StunError';
    this.code = code;
  }
}
