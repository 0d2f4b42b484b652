// Caller mistakes with a shared port. What comes from the network never throws.

const MESSAGES = {
  BAD_OPTION: 'an option is out of its range',
  CLOSED: 'the shared port is closed',
  DUPLICATE_UFRAG: 'a connection on this shared port has this username fragment already',
  NO_ADDRESS: 'there is no local address to listen on',
  REQUEST_IS_OVER: 'the request can be looked at only until the hook returns',
  TOO_MANY_CONNECTIONS: 'no room for another connection on this shared port',
} as const;

export type UdpMuxErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class UdpMuxError extends Error {
  readonly code: UdpMuxErrorCode;

  constructor(code: UdpMuxErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.name = 'UdpMuxError';
    this.code = code;
  }
}
