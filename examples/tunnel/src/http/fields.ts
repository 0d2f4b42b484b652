// Header fields on their way through (RFC 9110 §7.6.1): what concerns one connection only stays behind.
import type { Fields } from '../wire/frames.ts';

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
]);

/** RFC 9110 §7.6.1: without the hop-by-hop fields, those that `Connection` names, and those in `also` (lower case). */
export function endToEnd(fields: Fields, also: ReadonlySet<string> = new Set()): string[] {
  const named = new Set<string>();
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]!.toLowerCase() === 'connection')
      for (const option of fields[i + 1]!.split(',')) named.add(option.trim().toLowerCase());
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && !named.has(name) && !also.has(name)) kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

/** The first field of that name (lower case). */
export function fieldOf(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i]!.toLowerCase() === name) return fields[i + 1];
  return undefined;
}

function countOf(fields: Fields, name: string): number {
  let count = 0;
  for (let i = 0; i < fields.length; i += 2) if (fields[i]!.toLowerCase() === name) count++;
  return count;
}

/** RFC 9110 §8.6: the length that the fields declare; `undefined` for none, null for one that cannot be relied on. */
export function declaredLength(fields: Fields): number | undefined | null {
  const count = countOf(fields, 'content-length');
  if (count === 0) return undefined;
  const text = fieldOf(fields, 'content-length')!;
  return count === 1 && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
