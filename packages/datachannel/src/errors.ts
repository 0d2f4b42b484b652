// What a caller can do wrong. Thrown before any state changes; bad input from the network is never thrown.

const MESSAGES = {
  NOT_OPEN: 'the channel is not open',
  CLOSED: 'the association has ended',
  TOO_LARGE: 'the message is longer than the peer takes',
  QUEUE_FULL: 'the send queue is full; wait for bufferedAmount to fall',
  ID_IN_USE: 'another channel has this id',
  BAD_ID: 'a negotiated channel needs an id from 0 to 65534',
  NO_FREE_ID: 'every stream id of this side is in use, or the peer takes no more streams',
  TOO_MANY_CHANNELS: 'maxChannels channels exist already',
  LABEL_TOO_LONG: 'the label is longer than 65535 bytes of UTF-8',
  PROTOCOL_TOO_LONG: 'the protocol is longer than 65535 bytes of UTF-8',
  TWO_LIMITS: 'maxRetransmits and maxPacketLifeTime exclude each other',
  BAD_LIMIT: 'maxRetransmits and maxPacketLifeTime are integers from 0 to 4294967295',
  BAD_PRIORITY: 'the priority is an integer from 0 to 65535',
  ROLE_CHANGED: 'the DTLS role is settled and cannot change',
  BAD_OPTION: 'an option is outside its range',
} as const;

export type DataChannelErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class DataChannelError extends Error {
  override readonly name = 'DataChannelError';
  readonly code: DataChannelErrorCode;

  constructor(code: DataChannelErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.code = code;
  }
}

/** What the association threw, in the words of this package. */
export function sendError(cause: unknown): unknown {
  const code = (cause as { code?: unknown }).code;
  const known: readonly DataChannelErrorCode[] = ['QUEUE_FULL', 'TOO_LARGE', 'CLOSED'];
  const ours = known.find((name) => name === code);
  return ours === undefined ? cause : new DataChannelError(ours, { cause });
}
