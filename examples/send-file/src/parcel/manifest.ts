// What a parcel holds: the names, sizes and times of its files and folders, in the order in which they are sent. It
// comes from the other side, so every name in it is made harmless before it is used.
import { createHash } from 'node:crypto';
import { isSize, unexpected } from '../control.ts';
import { Failure } from '../failure.ts';
import { safeFileName, safeInnerName } from '../file-name.ts';

/** Files and folders in one parcel. */
export const MAX_ENTRIES = 250_000;
export const MAX_MANIFEST_BYTES: number = 32 * 1024 * 1024;
const MAX_PATH_LENGTH = 4096;
const MAX_DEPTH = 64;

export interface Entry {
  /** Names joined by `/`, on every system. */
  readonly path: string;
  /** When it was changed last, in milliseconds. */
  readonly modified: number;
  /** Bytes of a file; `undefined`: a folder. */
  readonly size: number | undefined;
}

export interface Manifest {
  readonly entries: readonly Entry[];
  /** The bytes of all files. */
  readonly bytes: number;
  readonly files: number;
  /** What both sides name at the end: SHA-256 of the manifest as it was sent. */
  readonly digest: string;
}

/** Throws if there are more entries than a receiver takes. */
export function writeManifest(entries: readonly Entry[]): string {
  const text = JSON.stringify(entries.map(({ path, modified, size }) => [path, modified, size ?? null]));
  if (entries.length > MAX_ENTRIES || Buffer.byteLength(text) > MAX_MANIFEST_BYTES)
    throw new Failure(`more than ${MAX_ENTRIES} files and folders, or names too long: pack them first`);
  return text;
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Throws unless it is a manifest whose names, made harmless, are places of their own inside one folder. */
export function parseManifest(text: string): Manifest {
  const rows = parseRows(text);
  if (rows.length > MAX_ENTRIES) throw unexpected();
  const kinds = new Map<string, 'file' | 'folder'>();
  let [bytes, files] = [0, 0];
  const entries = rows.map((row): Entry => {
    if (!Array.isArray(row) || row.length !== 3) throw unexpected();
    const [asked, modified, size] = row as unknown[];
    if (typeof asked !== 'string' || asked.length > MAX_PATH_LENGTH || !isSize(modified)) throw unexpected();
    if (size !== null && !isSize(size)) throw unexpected();
    const path = safePath(asked);
    if (kinds.has(folded(path))) throw new Failure(`two files would both be called '${path}'`);
    for (const parent of parentsOf(path)) {
      if (kinds.get(folded(parent)) === 'file') throw new Failure(`'${parent}' is a file and a folder`);
      kinds.set(folded(parent), 'folder');
    }
    kinds.set(folded(path), size === null ? 'folder' : 'file');
    bytes += size ?? 0;
    if (size !== null) files++;
    return { path, modified, size: size ?? undefined };
  });
  if (entries.length === 0 || !isSize(bytes)) throw unexpected();
  return { entries, bytes, files, digest: digestOf(text) };
}

export function safePath(asked: string): string {
  const [first, ...inner] = asked.split('/');
  if (inner.length >= MAX_DEPTH) throw unexpected();
  return [safeFileName(first!), ...inner.map(safeInnerName)].join('/');
}

/** `a/b/c`: `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) parents.push(path.slice(0, at));
  return parents;
}

/** File systems of these systems take two spellings for one name. */
const FOLDS = process.platform === 'darwin' || process.platform === 'win32';
const folded = (path: string): string => (FOLDS ? path.normalize('NFC').toLowerCase() : path);

function parseRows(text: string): unknown[] {
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows;
  } catch {
    // falls through: not JSON
  }
  throw unexpected();
}
