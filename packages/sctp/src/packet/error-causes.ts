// Error causes, as ERROR and ABORT chunks carry them (RFC 9260 §3.3.10).
import { putU32, u16, u32 } from '@millrace/sans-io';
import { MAX_CAUSE_BYTES } from '../options.ts';
import type { ErrorCause } from '../sink.ts';
import { CHUNK, makeChunk, NO_VALUE } from './chunks.ts';
import { makeParameter, walkParameters } from './parameters.ts';

export const CAUSE = {
  INVALID_STREAM: 1,
  MISSING_PARAMETER: 2,
  STALE_COOKIE: 3,
  OUT_OF_RESOURCE: 4,
  UNRECOGNIZED_CHUNK: 6,
  INVALID_MANDATORY_PARAMETER: 7,
  UNRECOGNIZED_PARAMETERS: 8,
  NO_USER_DATA: 9,
  COOKIE_WHILE_SHUTTING_DOWN: 10,
  USER_ABORT: 12,
  PROTOCOL_VIOLATION: 13,
} as const;

/** A cause is laid out like a parameter. */
export function makeCause(code: number, value: Uint8Array = NO_VALUE): Uint8Array {
  return makeParameter(code, value.length > MAX_CAUSE_BYTES ? value.subarray(0, MAX_CAUSE_BYTES) : value);
}

/** A cause whose value is text, cut to what fits. */
export function makeTextCause(code: number, text: string): Uint8Array {
  return makeCause(code, new TextEncoder().encode(text));
}

export function makeErrorChunk(cause: Uint8Array): Uint8Array {
  return makeChunk(CHUNK.ERROR, 0, trimmed(cause));
}

export function makeAbortChunk(flags: number, cause: Uint8Array | undefined): Uint8Array {
  return makeChunk(CHUNK.ABORT, flags, cause === undefined ? NO_VALUE : trimmed(cause));
}

/** RFC 9260 §3.3.10.3: the measure of staleness is in microseconds. */
export function makeStaleCookieCause(staleMicroseconds: number): Uint8Array {
  const value = new Uint8Array(4);
  putU32(value, 0, Math.min(staleMicroseconds, 0xffff_ffff) >>> 0);
  return makeCause(CAUSE.STALE_COOKIE, value);
}

/** RFC 9260 §3.3.10.2: how many parameters are missing, and which. */
export function makeMissingParameterCause(type: number): Uint8Array {
  const value = new Uint8Array(6);
  putU32(value, 0, 1);
  value[4] = type >>> 8;
  value[5] = type;
  return makeCause(CAUSE.MISSING_PARAMETER, value);
}

/** The first cause of the ERROR or ABORT chunk `bytes[at, end)`. Text is kept for the two causes that carry any. */
export function firstCause(bytes: Uint8Array, at: number, end: number): ErrorCause | undefined {
  let cause: ErrorCause | undefined;
  walkParameters(bytes, at + 4, end, (code, start, stop) => {
    const isText = code === CAUSE.USER_ABORT || code === CAUSE.PROTOCOL_VIOLATION;
    const kept = bytes.subarray(start, isText ? Math.min(stop, start + MAX_CAUSE_BYTES) : start);
    cause = { code, text: new TextDecoder().decode(kept) };
    return false;
  });
  return cause;
}

/** The measure of staleness, in microseconds, if one of the causes is a stale cookie. */
export function staleCookieMeasure(bytes: Uint8Array, at: number, end: number): number | undefined {
  let measure: number | undefined;
  walkParameters(bytes, at + 4, end, (code, start, stop) => {
    if (code === CAUSE.STALE_COOKIE && stop - start >= 4) measure = u32(bytes, start);
    return measure === undefined;
  });
  return measure;
}

/** The padding of the last cause is not part of the chunk's length. */
function trimmed(cause: Uint8Array): Uint8Array {
  return cause.subarray(0, u16(cause, 2));
}
