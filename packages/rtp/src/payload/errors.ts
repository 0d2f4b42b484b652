// What a caller can do wrong. Bytes that came from the network never make anything here throw.

const MESSAGES = {
  BAD_RANGE: 'an offset is outside the bytes it belongs to',
  BAD_FRAME: 'the bytes are no frame of this format',
  BAD_OPTION: 'an option is outside its range',
  NO_ROOM: 'a payload needs more room',
} as const;

export type PayloadErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class PayloadError extends Error {
  override readonly name: string = 'PayloadError';
  readonly code: PayloadErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: PayloadErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}

/** `bytes[at, end)` must exist and not be empty. */
export function checkFrame(bytes: Uint8Array, at: number, end: number): void {
  if (!(at >= 0 && at <= end && end <= bytes.length)) {
    throw new PayloadError('BAD_RANGE', `[${at}, ${end}) of ${bytes.length} bytes`);
  }
  if (at === end) throw new PayloadError('BAD_FRAME', 'it is empty');
}

/** `out[at, end)` must exist and have `least` bytes. */
export function checkRoom(out: Uint8Array, at: number, end: number, least: number): void {
  if (!(at >= 0 && at <= end && end <= out.length)) {
    throw new PayloadError('BAD_RANGE', `[${at}, ${end}) of ${out.length} bytes`);
  }
  if (end - at < least) throw new PayloadError('NO_ROOM', `${least} bytes, got ${end - at}`);
}
