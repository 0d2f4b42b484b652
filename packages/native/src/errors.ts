// What a caller can do wrong. Thrown before any native call is made; bad input from the network is never thrown.

const MESSAGES = {
  BAD_RANGE: 'an offset is outside the bytes it belongs to',
  BAD_LENGTH: 'a length is outside the range of this algorithm',
  BAD_KEY: 'the key or nonce has the wrong length',
  BAD_ALGORITHM: 'this algorithm is not available here',
  BAD_ARGUMENT: 'an argument is of the wrong kind',
  BAD_ADDRESS: 'not an IP address of this socket’s family with a port',
  NONCE_REUSE: 'records are sealed in rising order: this one would use a nonce again',
  WRONG_DIRECTION: 'a record key works in one direction only',
  CLOSED: 'used after close',
  OUT_OF_MEMORY: 'the system gives no more memory',
  REFUSED: 'the crypto library refused a call that it must not refuse',
} as const;

export type NativeErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, or when the system refuses; `code` is stable. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly code: NativeErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: NativeErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`, options);
    this.code = code;
  }
}
