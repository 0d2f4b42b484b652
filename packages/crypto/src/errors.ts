// What a caller can do wrong. Bytes that came from the network never make anything here throw.

const MESSAGES = {
  BAD_RANGE: 'an offset is outside the bytes it belongs to',
  BAD_LENGTH: 'a length is outside the range of this algorithm',
  BAD_KEY: 'the key or nonce has the wrong length',
  BAD_ALGORITHM: 'there is no such algorithm',
  CLOSED: 'used after close',
} as const;

export type CryptoErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class CryptoError extends Error {
  override readonly name: string = 'CryptoError';
  readonly code: CryptoErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: CryptoErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}

/** `bytes[at, end)` must exist, with `room` more behind it. */
export function checkRange(bytes: Uint8Array, at: number, end: number, room: number): void {
  if (!(at >= 0 && at <= end && end + room <= bytes.length)) {
    const wanted = room === 0 ? `[${at}, ${end})` : `[${at}, ${end}) and ${room} more`;
    throw new CryptoError('BAD_RANGE', `${wanted} of ${bytes.length} bytes`);
  }
}
