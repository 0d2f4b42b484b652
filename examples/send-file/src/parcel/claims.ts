// What a receiver has already: for some files, so many bytes from the start and their SHA-256. The sender looks
// whether its own file begins like that.
import { isSize, unexpected } from '../control.ts';
import type { Entry } from './manifest.ts';

export interface Claim {
  readonly index: number;
  readonly bytes: number;
  readonly sha256: string;
}

export function writeClaims(claims: readonly Claim[]): string {
  return JSON.stringify(claims.map(({ index, bytes, sha256 }) => [index, bytes, sha256]));
}

/** Throws unless there is at most one claim for each file, within its size. */
export function parseClaims(text: string, entries: readonly Entry[]): Claim[] {
  let last = -1;
  return parseList(text).map((row): Claim => {
    const [index, bytes, sha256] = Array.isArray(row) ? (row as unknown[]) : [];
    if (!isSize(index) || !isSize(bytes) || typeof sha256 !== 'string' || index <= last) throw unexpected();
    const size = entries[index]?.size;
    if (size === undefined || bytes > size) throw unexpected();
    last = index;
    return { index, bytes, sha256 };
  });
}

export function parseIndices(text: string): Set<number> {
  const indices = parseList(text);
  if (!indices.every(isSize)) throw unexpected();
  return new Set(indices);
}

function parseList(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch {
    // falls through: not JSON
  }
  throw unexpected();
}
