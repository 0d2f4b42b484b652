// What two ends of a request say to each other on its channel. The first message each way is binary and begins with the
// head, as JSON behind its length; what follows is body. The binary messages behind it are body and nothing else. Text
// messages are JSON: the end of a body, credit for more body, or that the request is given up.
import { LIMITS } from '../options.ts';

/** Header fields as they stood, name and value in turns: order, case and repetition are kept. */
export type Fields = readonly string[];

export interface RequestHead {
  readonly method: string;
  /** Origin form: begins with a slash. */
  readonly path: string;
  readonly fields: Fields;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly message: string;
  readonly fields: Fields;
}

export interface Opening {
  readonly head: Record<string, unknown>;
  /** A part of the message. */
  readonly body: Uint8Array;
  /** The body has no more. */
  readonly isWhole: boolean;
}

export type Control =
  | { readonly type: 'end' }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'abort'; readonly reason: AbortReason };

/** Why a request came to nothing, in words for whoever reads a log. */
export const ABORTS = {
  'client-left': 'the client left',
  gone: 'the other side is gone',
  idle: 'the upstream said nothing for too long',
  'upstream-cut': 'the upstream broke off',
  protocol: 'the other side broke the rules of the tunnel',
} as const;
export type AbortReason = keyof typeof ABORTS;

export const END = '{"type":"end"}';
const LENGTH_BYTES = 4;

/** `body` is copied. */
export function writeOpening(
  head: RequestHead | ResponseHead,
  body: Uint8Array,
  isWhole: boolean,
): Uint8Array {
  const text = JSON.stringify(isWhole ? { ...head, isWhole } : head);
  const headBytes = Buffer.byteLength(text);
  const message = Buffer.allocUnsafe(LENGTH_BYTES + headBytes + body.length);
  message.writeUInt32BE(headBytes, 0);
  message.write(text, LENGTH_BYTES);
  message.set(body, LENGTH_BYTES + headBytes);
  return message;
}

/** `undefined` if it is no head. Handed over: the body is a part of it. */
export function parseOpening(message: Uint8Array): Opening | undefined {
  if (message.length < LENGTH_BYTES) return undefined;
  const { buffer, byteOffset, length } = message;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  if (end > length || end - LENGTH_BYTES > LIMITS.headBytes) return undefined;
  const head = parseObject(bytes.toString('utf8', LENGTH_BYTES, end));
  return head && { head, body: bytes.subarray(end), isWhole: head.isWhole === true };
}

/** What a text message means; `undefined` if it is none of ours. */
export function parseControl(text: string): Control | undefined {
  if (text.length > LIMITS.controlCharacters) return undefined;
  const value = parseObject(text);
  switch (value?.type) {
    case 'end':
      return { type: 'end' };
    case 'credit':
      return isCount(value.bytes) ? { type: 'credit', bytes: value.bytes } : undefined;
    case 'abort':
      return { type: 'abort', reason: isAbortReason(value.reason) ? value.reason : 'gone' };
    default:
      return undefined;
  }
}

export function parseRequestHead(value: Record<string, unknown>): RequestHead | undefined {
  const { method, path, fields, hasBody, isUpgrade } = value;
  if (typeof method !== 'string' || !TOKEN.test(method) || method === 'CONNECT') return undefined;
  if (typeof path !== 'string' || !PATH.test(path)) return undefined;
  if (!isFields(fields)) return undefined;
  return { method, path, fields, hasBody: hasBody === true, isUpgrade: isUpgrade === true };
}

export function parseResponseHead(value: Record<string, unknown>): ResponseHead | undefined {
  const { status, message, fields } = value;
  if (!Number.isInteger(status) || !isFinal(status as number)) return undefined;
  if (typeof message !== 'string' || !VALUE.test(message) || !isFields(fields)) return undefined;
  return { status: status as number, message, fields };
}

// RFC 9110 §5.6.2, §5.5: no control character can end a line early and begin another request.
const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;

/** 101 ends what HTTP has to say; others below 200 concern one connection only. */
const isFinal = (status: number): boolean => status === 101 || (status >= 200 && status <= 999);

function isFields(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length % 2 !== 0) return false;
  return value.every((text, i) => typeof text === 'string' && (i % 2 === 0 ? TOKEN : VALUE).test(text));
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= LIMITS.windowBytes;
}

function isAbortReason(value: unknown): value is AbortReason {
  return typeof value === 'string' && Object.hasOwn(ABORTS, value);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
