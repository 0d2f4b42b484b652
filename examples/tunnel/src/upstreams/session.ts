// What tells which session a request belongs to: a header field, or a cookie (RFC 6265 §4.2.1).
import { fieldOf } from '../http/fields.ts';
import type { Fields } from '../wire/frames.ts';

export type SessionOf = (fields: Fields) => string | undefined;

/** `NAME` or `cookie:NAME`, as --sticky has it; `undefined` if it can be neither. */
export function parseSticky(text: string): SessionOf | undefined {
  const cookie = /^cookie:(.*)$/i.exec(text)?.[1];
  if (!/^[!#$%&'*+.^_`|~\dA-Za-z-]+$/.test(cookie ?? text)) return undefined;
  if (cookie !== undefined) return (fields) => cookieOf(fieldOf(fields, 'cookie'), cookie);
  const name = text.toLowerCase();
  return (fields) => fieldOf(fields, name);
}

function cookieOf(field: string | undefined, name: string): string | undefined {
  for (const pair of field?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
