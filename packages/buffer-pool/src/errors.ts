// What the pool throws: mistakes of the caller, never a lack of memory.

const MESSAGES = {
  BAD_OPTION: 'an option is out of range',
  BAD_LENGTH: 'a length is a whole number of bytes from 0 up',
  RELEASED_TWICE: 'a lease was released more often than it was held',
  USED_AFTER_RELEASE: 'a lease was used after its release',
  OVERRUN: 'bytes beside a slot were written by its holder',
  LEAKED: 'leases were never released',
} as const;

export type BufferPoolErrorCode = keyof typeof MESSAGES;

/** Thrown for a caller's mistake; `code` is stable. */
export class BufferPoolError extends Error {
  override readonly name: string = 'BufferPoolError';
  readonly code: BufferPoolErrorCode;

  constructor(code: BufferPoolErrorCode, detail?: string) {
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.code = code;
  }
}
