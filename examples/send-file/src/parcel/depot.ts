// Where a parcel is put together. Bytes go to `DIR/.millrace-PARCEL/NAME.part`, and a file gets its place only when it
// is complete and verified. A crash leaves the parts; the next receiver of the same parcel finds them by their names,
// and what is in them counts only as far as its SHA-256 is that of what the sender has. So there is no journal that
// could be wrong.
import { createHash, type Hash } from 'node:crypto';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  rename,
  rm,
  rmdir,
  statfs,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import { type BlockBuffers, blockBuffers } from '../file-on-disk.ts';
import type { Claim } from './claims.ts';
import { hashFile } from './hash-file.ts';
import { takeLock } from './lock.ts';
import { type Entry, type Manifest, parentsOf } from './manifest.ts';

/** Files of this size are on the disk, not in its cache, before they get their name: a power cut leaves no hole. */
const SYNC_BYTES = 1024 * 1024;

export interface DepotOptions {
  readonly directory: string;
  /** Replace files that are there. */
  readonly force: boolean;
  /** Called while files are being hashed. */
  onHashed(): void;
}

interface Arrival {
  readonly index: number;
  readonly entry: Entry;
  readonly file: FileHandle;
  readonly hash: Hash;
  bytes: number;
}

export class Depot {
  readonly #manifest: Manifest;
  readonly #options: DepotOptions;
  readonly #parts: string;
  readonly #unlock: () => Promise<void>;
  readonly #buffers: BlockBuffers = blockBuffers();
  /** Folders that are no links, and those that are there by now. */
  readonly #checked = new Set<string>();
  readonly #made = new Set<string>();
  /** What was claimed, by index. */
  readonly #claims = new Map<number, Claim & { readonly isFinal: boolean; readonly hash: Hash }>();
  /** Parts that were as the sender has them: where to go on. */
  readonly #resumable = new Map<number, Hash>();
  readonly #complete = new Set<number>();
  #arrival: Arrival | undefined;

  private constructor(manifest: Manifest, options: DepotOptions, parts: string, unlock: () => Promise<void>) {
    this.#manifest = manifest;
    this.#options = options;
    this.#parts = parts;
    this.#unlock = unlock;
  }

  /** Throws a refusal if there are files in the way, or no space. */
  static async open(manifest: Manifest, options: DepotOptions): Promise<Depot> {
    const { directory } = options;
    const parts = join(directory, `.millrace-${nameOf(topNames(manifest).join('/'))}`);
    await mkdir(directory, { recursive: true });
    await mkdir(parts).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    return new Depot(manifest, options, parts, await takeLock(join(parts, 'lock')));
  }

  /** What is there already. Throws a refusal if something is in the way. */
  async claims(): Promise<Claim[]> {
    let missing = 0;
    for (const [index, entry] of this.#manifest.entries.entries()) {
      await this.#checkFolders(entry.path, entry.size === undefined);
      if (entry.size === undefined) continue;
      const claim = await this.#claim(index, entry as Entry & { size: number });
      missing += entry.size - (claim?.bytes ?? 0);
    }
    const { bavail, bsize } = await statfs(this.#options.directory);
    if (missing > bavail * bsize) throw new Failure('there is not enough space on the disk');
    return [...this.#claims.values()];
  }

  /** The sender has those of the claims: files that are there and others are in the way. Returns the bytes had. */
  async settle(accepted: ReadonlySet<number>): Promise<number> {
    let had = 0;
    for (const { index, bytes, isFinal, hash } of this.#claims.values()) {
      const { path, size } = this.#manifest.entries[index]!;
      if (!accepted.has(index)) {
        if (isFinal && !this.#options.force) throw this.#inTheWay(path);
        continue;
      }
      had += bytes;
      if (isFinal) this.#complete.add(index);
      else if (bytes < size!) this.#resumable.set(index, hash);
      else {
        // Only its name was missing.
        await this.begin(index, bytes, hash);
        await this.commit();
      }
    }
    this.#claims.clear();
    return had;
  }

  /** A file begins to arrive, at the byte `from`: 0, or as much as was claimed and accepted. */
  async begin(index: number, from: number, hash?: Hash): Promise<void> {
    const entry = this.#manifest.entries[index];
    const known = hash ?? this.#resumable.get(index);
    if (entry?.size === undefined || this.#arrival || this.#complete.has(index) || (from > 0 && !known))
      throw new Failure('the sender sends what it should not');
    const file = await open(this.#partOf(entry.path), from > 0 ? 'r+' : 'w');
    this.#arrival = { index, entry, file, hash: from > 0 ? known! : createHash('sha256'), bytes: from };
    if (from === 0) return;
    const { size } = await file.stat();
    if (size !== from) throw new Failure(`somebody else has changed what had arrived of '${entry.path}'`);
  }

  /** Bytes that may still come of the file that is arriving; `undefined` if none is. */
  get expected(): number | undefined {
    return this.#arrival && this.#arrival.entry.size! - this.#arrival.bytes;
  }

  /** The SHA-256 of the file that is arriving. */
  digest(): string {
    return this.#arrival!.hash.digest('hex');
  }

  /** `chunks` are kept until the promise is settled. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    const arrival = this.#arrival!;
    let rest = chunks;
    for (const chunk of chunks) arrival.hash.update(chunk);
    while (rest.length > 0) {
      let { bytesWritten } = await arrival.file.writev(rest, arrival.bytes);
      arrival.bytes += bytesWritten;
      let whole = 0;
      while (whole < rest.length && bytesWritten >= rest[whole]!.length)
        bytesWritten -= rest[whole++]!.length;
      rest = rest.slice(whole);
      if (bytesWritten > 0) rest = [rest[0]!.subarray(bytesWritten), ...rest.slice(1)]; // the disk took a part
    }
  }

  /** The file that has arrived gets its time and its place; still refuses to replace one that has appeared. */
  async commit(): Promise<void> {
    const { index, entry, file } = this.#arrival!;
    const seconds = entry.modified / 1000;
    await file.utimes(seconds, seconds);
    if (entry.size! >= SYNC_BYTES) await file.sync();
    await this.#closeArrival();
    await this.#makeFolder(dirname(entry.path));
    const [part, place] = [this.#partOf(entry.path), this.#placeOf(entry.path)];
    if (this.#options.force) await rename(part, place);
    else await this.#linkOrRename(part, place, entry.path);
    this.#complete.add(index);
  }

  /** What arrived is not what was sent: the part is worth nothing. */
  async discardArrival(): Promise<void> {
    const path = this.#arrival?.entry.path;
    await this.#closeArrival();
    if (path !== undefined) await rm(this.#partOf(path), { force: true });
  }

  /** Everything is there: folders, also empty ones, get their times, and the parts are cleared away. */
  async finish(): Promise<void> {
    const { entries, files } = this.#manifest;
    if (this.#complete.size !== files) throw new Failure('the other side has sent less than it announced');
    for (const { path, size } of entries) if (size === undefined) await this.#makeFolder(path);
    for (const { path, size, modified } of [...entries].reverse())
      if (size === undefined) await utimes(this.#placeOf(path), modified / 1000, modified / 1000);
    await rm(this.#parts, { recursive: true, force: true });
  }

  /** Parts stay for the next time. */
  async close(): Promise<void> {
    await this.#closeArrival();
    await this.#unlock();
    await rmdir(this.#parts).catch(() => {}); // there are parts in it, or it is gone
  }

  async #closeArrival(): Promise<void> {
    const arrival = this.#arrival;
    this.#arrival = undefined;
    await arrival?.file.close();
  }

  async #claim(index: number, entry: Entry & { size: number }): Promise<Claim | undefined> {
    const place = this.#placeOf(entry.path);
    const existing = await lstat(place).catch(() => undefined);
    if (existing && !existing.isFile()) throw new Failure(`'${place}' exists and is no file`, EXIT.refused);
    if (existing && existing.size !== entry.size && !this.#options.force) throw this.#inTheWay(entry.path);
    const part = await lstat(this.#partOf(entry.path)).catch(() => undefined);
    if (part?.isFile() === false) await rm(this.#partOf(entry.path), { recursive: true });
    const canReplace = !existing || this.#options.force;
    const partBytes = part?.isFile() && canReplace && part.size <= entry.size ? part.size : undefined;
    if (partBytes === undefined && existing?.size !== entry.size) return undefined;
    const path = partBytes === undefined ? place : this.#partOf(entry.path);
    const bytes = partBytes ?? entry.size;
    const hash = await hashFile(path, bytes, this.#buffers, this.#options.onHashed);
    if (!hash) return undefined;
    const claim = { index, bytes, sha256: hash.copy().digest('hex'), isFinal: partBytes === undefined, hash };
    this.#claims.set(index, claim);
    return claim;
  }

  async #linkOrRename(part: string, place: string, path: string): Promise<void> {
    try {
      await link(part, place); // unlike rename, never replaces
    } catch (error) {
      if (await lstat(place).catch(() => undefined)) throw this.#inTheWay(path);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      await rename(part, place); // a file system without links
      return;
    }
    await rm(part);
  }

  /** A link or a file where a folder should be would lead out of the directory, or nowhere. */
  async #checkFolders(path: string, isFolder: boolean): Promise<void> {
    for (const folder of isFolder ? [...parentsOf(path), path] : parentsOf(path)) {
      if (this.#checked.has(folder)) continue;
      const stats = await lstat(this.#placeOf(folder)).catch(() => undefined);
      if (stats && !stats.isDirectory())
        throw new Failure(`'${this.#placeOf(folder)}' exists and is no folder`, EXIT.refused);
      this.#checked.add(folder);
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (path === '.' || this.#made.has(path)) return;
    await mkdir(this.#placeOf(path), { recursive: true });
    this.#made.add(path);
  }

  #placeOf(path: string): string {
    return join(this.#options.directory, ...path.split('/'));
  }

  #partOf(path: string): string {
    return join(this.#parts, `${nameOf(path)}.part`);
  }

  #inTheWay(path: string): Failure {
    return new Failure(`'${this.#placeOf(path)}' exists; --force replaces it`, EXIT.refused);
  }
}

const nameOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

function topNames({ entries }: Manifest): string[] {
  return entries.flatMap(({ path }) => (path.includes('/') ? [] : [path])).sort();
}
