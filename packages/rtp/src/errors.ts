// What a caller can do wrong. Thrown before any state changes; bad input from the network is never thrown.

const MESSAGES = {
  BAD_EXTENSION: 'a header extension has an id from 1 to 255 and up to 255 bytes',
  BAD_OPTION: 'an option is outside its range',
  BAD_PADDING: 'padding is from 0 to 255 bytes',
  BAD_STREAM: 'the description of a stream makes no sense',
  BAD_VALUE: 'the field cannot carry this value',
  DUPLICATE_SSRC: 'the SSRC belongs to another stream already',
  NOT_BEGUN: 'the packet was never begun or is finished',
  TOO_MANY_STREAMS: 'there are as many streams as the options allow',
} as const;

export type RtpErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class RtpError extends Error {
  override readonly name = 'RtpError';
  readonly code: RtpErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: RtpErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}
