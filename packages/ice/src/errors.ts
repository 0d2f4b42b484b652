// Caller mistakes. What comes from the network never throws.

const MESSAGES = {
  BAD_ADDRESS: 'not an IPv4 or IPv6 address with a port from 1 to 65535',
  BAD_OPTION: 'an option is out of its range',
  BAD_PARAMETERS:
    'a username fragment has 4 to 256 (our own: to 32) and a password 22 to 256 ice-chars (RFC 8839 §5.4)',
  CHECKS_BEGUN: 'the role can no longer be set: connectivity checks have begun',
  CLOSED: 'the agent is closed',
  REMOTE_PARAMETERS_SET: 'other remote parameters are already set; new ones need an ICE restart',
  SOCKET_IN_USE: 'this socket already has a host candidate with another address',
  TOO_MANY_CANDIDATES: 'no room for another local candidate',
} as const;

export type IceErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class IceError extends Error {
  readonly code: IceErrorCode;

  constructor(code: IceErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.name = 'IceError';
    this.code = code;
  }
}
