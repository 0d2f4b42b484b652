// What can go wrong, in one table that server and client share. The server sends the code in a JSON body with
// the status; the client gives it back to the caller as the same class.
import type { Tail } from './records/record.ts';

export type SignalingErrorCode =
  | 'BAD_REQUEST'
  | 'ROOM_REFUSED'
  | 'MEMBER_GONE'
  | 'NOT_ALLOWED'
  | 'CREATION_REFUSED'
  | 'NOT_FOUND'
  | 'NO_SUCH_TOKEN'
  | 'NO_SUCH_NAMEPLATE'
  | 'METHOD_REFUSED'
  | 'OUT_OF_ORDER'
  | 'SEQUENCE_MISMATCH'
  | 'TOKENS_FULL'
  | 'TOO_MANY_REQUESTS'
  | 'ROOM_FULL'
  | 'HISTORY_LOST'
  | 'MESSAGE_TOO_LARGE'
  | 'REQUEST_TOO_LARGE'
  | 'INTERNAL'
  | 'ROOMS_FULL'
  | 'STORE_FAILED'
  | 'STORE_MISSING'
  | 'STORE_VERSION'
  | 'SERVER_CLOSED'
  | 'UNREACHABLE'
  | 'NOT_SIGNALING'
  | 'NOT_JSON'
  | 'BAD_INVITE'
  | 'RECIPIENT_GONE'
  | 'WHIP_REFUSED'
  | 'BAD_OPTION'
  | 'CLOSED';

const ERRORS: Readonly<Record<SignalingErrorCode, readonly [status: number, message: string]>> = {
  // Answers of the server.
  BAD_REQUEST: [400, 'the request is not one this server understands'],
  ROOM_REFUSED: [401, 'no such room, or the token is not its own'],
  MEMBER_GONE: [401, 'no longer a member of the room: it has left or was away too long'],
  NOT_ALLOWED: [403, 'the token does not allow this'],
  CREATION_REFUSED: [403, 'this server does not let clients create rooms'],
  NOT_FOUND: [404, 'nothing is served at this path'],
  NO_SUCH_TOKEN: [404, 'the room has no such token'],
  NO_SUCH_NAMEPLATE: [404, 'no room has this number'],
  METHOD_REFUSED: [405, 'this path does not take that method'],
  OUT_OF_ORDER: [409, 'the first message is not the next one of its writer'],
  ROOM_FULL: [409, 'the room has as many members as it may have'],
  TOKENS_FULL: [409, 'the room has as many tokens as it may have'],
  HISTORY_LOST: [410, 'records were dropped before they were read'],
  SEQUENCE_MISMATCH: [412, 'another record has taken the number that was expected'],
  MESSAGE_TOO_LARGE: [413, 'the message is larger than the server takes'],
  REQUEST_TOO_LARGE: [413, 'the request is larger than the server takes'],
  TOO_MANY_REQUESTS: [429, 'this client asks more often than it may'],
  INTERNAL: [500, 'the server failed'],
  ROOMS_FULL: [503, 'the server has as many rooms as it may have'],
  STORE_FAILED: [503, 'the store of the signaling server does not work'],
  STORE_MISSING: [0, "rooms in Redis need the package '@redis/client'"],
  STORE_VERSION: [0, 'the store was made by another version of the signaling server'],
  SERVER_CLOSED: [503, 'the signaling server has closed'],
  // Found by the client.
  UNREACHABLE: [0, 'the signaling server cannot be reached'],
  NOT_SIGNALING: [0, 'what answers at this address is not a millrace signaling server'],
  NOT_JSON: [0, 'the message cannot be written as JSON'],
  BAD_INVITE: [0, 'not an invitation: expected http(s)://HOST/rooms/ROOM#TOKEN'],
  WHIP_REFUSED: [0, 'the endpoint does not take the offer'],
  RECIPIENT_GONE: [0, 'the recipient is not in the room'],
  CLOSED: [0, 'the room has been left'],
  // Found by whoever starts a server.
  BAD_OPTION: [0, 'an option is out of its range'],
};

export interface SignalingErrorOptions extends ErrorOptions {
  /** Where the stream ends, for who expected another number. */
  readonly tail?: Tail;
  /** The oldest record that there is, for who asked for an older one. */
  readonly oldest?: number;
  /** The methods that a path takes, for who used another. */
  readonly allow?: readonly string[];
  /** What was wrong, behind the message. */
  readonly detail?: string;
}

/** What server and client tell; `code` is stable, and `status` its HTTP status. */
export class SignalingError extends Error {
  readonly code: SignalingErrorCode;
  readonly tail: Tail | undefined;
  readonly oldest: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(code: SignalingErrorCode, options: SignalingErrorOptions = {}) {
    super(options.detail === undefined ? ERRORS[code][1] : `${ERRORS[code][1]}: ${options.detail}`, options);
    this.name = 'SignalingError';
    this.code = code;
    this.tail = options.tail;
    this.oldest = options.oldest;
    this.allow = options.allow;
  }

  /** The HTTP status that carries this error; 0 if only a client can meet it. */
  get status(): number {
    return ERRORS[this.code][0];
  }
}

export function isSignalingErrorCode(code: unknown): code is SignalingErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}
