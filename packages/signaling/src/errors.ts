// What can go wrong, in one table that server and client share. The server sends the code in a JSON body with
// the status; the client gives it back to the caller as the same class.

export type SignalingErrorCode =
  | 'BAD_REQUEST'
  | 'ROOM_REFUSED'
  | 'PEER_REFUSED'
  | 'CREATION_REFUSED'
  | 'NOT_FOUND'
  | 'RECIPIENT_GONE'
  | 'METHOD_REFUSED'
  | 'OUT_OF_ORDER'
  | 'ROOM_FULL'
  | 'HISTORY_LOST'
  | 'MESSAGE_TOO_LARGE'
  | 'REQUEST_TOO_LARGE'
  | 'INTERNAL'
  | 'ROOMS_FULL'
  | 'SERVER_CLOSED'
  | 'UNREACHABLE'
  | 'NOT_SIGNALING'
  | 'NOT_JSON'
  | 'BAD_INVITE'
  | 'CLOSED';

const ERRORS: Readonly<Record<SignalingErrorCode, readonly [status: number, message: string]>> = {
  // Answers of the server.
  BAD_REQUEST: [400, 'the request is not one this server understands'],
  ROOM_REFUSED: [401, 'no such room, or the token is not its own'],
  PEER_REFUSED: [401, 'no such peer in the room: it has left or was away too long'],
  CREATION_REFUSED: [403, 'this server does not let clients create rooms'],
  NOT_FOUND: [404, 'nothing is served at this path'],
  RECIPIENT_GONE: [404, 'the recipient is not in the room'],
  METHOD_REFUSED: [405, 'this path does not take that method'],
  OUT_OF_ORDER: [409, 'a message before this one is missing'],
  ROOM_FULL: [409, 'the room has as many peers as it may have'],
  HISTORY_LOST: [410, 'messages were dropped before this peer read them'],
  MESSAGE_TOO_LARGE: [413, 'the message is larger than the server takes'],
  REQUEST_TOO_LARGE: [413, 'the request is larger than the server takes'],
  INTERNAL: [500, 'the server failed'],
  ROOMS_FULL: [503, 'the server has as many rooms as it may have'],
  SERVER_CLOSED: [503, 'the signaling server has closed'],
  // Found by the client.
  UNREACHABLE: [0, 'the signaling server cannot be reached'],
  NOT_SIGNALING: [0, 'what answers at this address is not a millrace signaling server'],
  NOT_JSON: [0, 'the message cannot be written as JSON'],
  BAD_INVITE: [0, 'not an invitation: expected http(s)://HOST/rooms/ROOM#TOKEN'],
  CLOSED: [0, 'the room has been left'],
};

export class SignalingError extends Error {
  readonly code: SignalingErrorCode;

  constructor(code: SignalingErrorCode, options?: ErrorOptions) {
    super(ERRORS[code][1], options);
    this.name = 'SignalingError';
    this.code = code;
  }

  /** The HTTP status that carries this error; 0 if only a client can meet it. */
  get status(): number {
    return ERRORS[this.code][0];
  }
}

export function isSignalingErrorCode(code: unknown): code is SignalingErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}
