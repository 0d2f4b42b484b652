// What a caller can do wrong. What comes from the network never throws.

const MESSAGES = {
  BAD_OPTION: 'an option is outside its range',
  BAD_STATE: 'not in this state',
  BAD_RANGE: 'an offset is outside the bytes it belongs to',
} as const;

export type TurnErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake, before anything has changed; `code` is stable. */
export class TurnError extends Error {
  override readonly name: string = 'TurnError';
  readonly code: TurnErrorCode;

  /** `detail` names what came instead; never a secret. */
  constructor(code: TurnErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}
