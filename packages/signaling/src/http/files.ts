// Static files, read once when the server starts: what is not among them can't be asked for, however a path is spelt.
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { SignalingError } from '../errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
};
/** Of all files together. */
const MAX_BYTES = 64 * 1024 * 1024;

export class Files {
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly type: string }>();
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * A folder, or what would be in it by path (`/index.html`). Throws Node's error if the folder can't be read, and
   * `BAD_OPTION` if there is too much in it.
   */
  constructor(
    files: string | ReadonlyMap<string, Uint8Array>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#headers = headers;
    let total = 0;
    for (const [path, bytes] of typeof files === 'string' ? readFolder(files) : files) {
      total += bytes.length;
      if (total > MAX_BYTES)
        throw new SignalingError('BAD_OPTION', { detail: `files of more than ${MAX_BYTES} bytes` });
      this.#files.set(path, { bytes, type: TYPES[extname(path)] ?? 'application/octet-stream' });
    }
  }

  /** Whether the request was for one of the files, and has been answered. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const file = this.#files.get(path.endsWith('/') ? `${path}index.html` : path);
    if (!file) return false;
    response.setHeader('Content-Type', file.type);
    response.setHeader('Content-Length', file.bytes.length);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-cache');
    for (const name in this.#headers) response.setHeader(name, this.#headers[name]!);
    response.end(request.method === 'HEAD' ? undefined : file.bytes);
    return true;
  }
}

function* readFolder(folder: string): Generator<[path: string, bytes: Uint8Array], void, void> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const url = path.slice(folder.length).split(sep).join('/').replace(/^\/?/, '/');
    yield [url, readFileSync(path)];
  }
}
