// What a caller can do wrong. Thrown before any state changes; bad input from the network is never thrown.

const MESSAGES = {
  QUEUE_FULL: 'the send queue is full; wait for bufferedAmount to fall',
  CLOSED: 'the association is closed or closing',
  TOO_LARGE: 'the message is larger than the send queue can ever hold',
  EMPTY_MESSAGE: 'SCTP cannot carry a message of no bytes',
  BAD_STREAM: 'the stream id is outside the range both ends agreed on',
  NOT_HELD: 'more bytes were consumed than are held',
  BAD_INIT: 'what came by signaling is no INIT chunk that an association can begin with',
  BAD_OPTION: 'an option is outside its range',
} as const;

export type SctpErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class SctpError extends Error {
  override readonly name = 'SctpError';
  readonly code: SctpErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: SctpErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`, options);
    this.code = code;
  }
}
