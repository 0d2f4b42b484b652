// What a caller can do wrong. Thrown before any state changes; bad input from the network is never thrown.

const MESSAGES = {
  BAD_PROFILE: 'there is no such protection profile',
  BAD_KEY: 'the master key or salt has the wrong length for the profile',
  BAD_OPTION: 'an option is outside its range',
  BAD_RANGE: 'an offset is outside the bytes it belongs to',
  BAD_PACKET: 'what is to be protected is no RTP or RTCP packet',
  NO_TAILROOM: 'there is no room for the authentication tag behind the packet',
  TOO_MANY_STREAMS: 'maxStreams sources are known already',
  CLOSED: 'used after close',
} as const;

export type SrtpErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class SrtpError extends Error {
  override readonly name = 'SrtpError';
  readonly code: SrtpErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: SrtpErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}
