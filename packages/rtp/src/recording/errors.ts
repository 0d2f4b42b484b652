// What a caller can do wrong, and files that are not what they should be.

const MESSAGES = {
  BAD_RANGE: 'a number is outside its range',
  BAD_PACKET: 'a packet can not be recorded',
  BAD_FILE: 'the bytes are not a file of this kind',
} as const;

export type RecordingErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, or for a file that is not what it should be; `code` is stable. */
export class RecordingError extends Error {
  override readonly name: string = 'RecordingError';
  readonly code: RecordingErrorCode;

  /** `detail` names the argument and what came instead. */
  constructor(code: RecordingErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}
