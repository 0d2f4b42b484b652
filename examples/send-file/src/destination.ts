// A file being received: bytes go to a temporary name beside the final one, which appears only when everything is
// there and verified.
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Failure } from './failure.ts';
import { safeFileName } from './file-name.ts';
import { writeAll } from './write-all.ts';

export class Destination {
  /** Where the file will be. */
  readonly path: string;
  readonly #partial: string;
  readonly #force: boolean;
  readonly #file: FileHandle;

  private constructor(path: string, partial: string, force: boolean, file: FileHandle) {
    this.path = path;
    this.#partial = partial;
    this.#force = force;
    this.#file = file;
  }

  /** Throws a refusal if the file exists, unless `force` is set. */
  static async open(directory: string, askedName: string, force: boolean): Promise<Destination> {
    const path = join(directory, safeFileName(askedName));
    await mkdir(directory, { recursive: true });
    const existing = await lstat(path).catch(() => undefined);
    if (existing && !existing.isFile()) throw new Failure(`'${path}' exists and is no file`, EXIT.refused);
    if (existing && !force) throw alreadyThere(path);
    const partial = join(directory, `.millrace-${randomBytes(6).toString('hex')}.part`);
    return new Destination(path, partial, force, await open(partial, 'wx'));
  }

  /** `chunks` are kept until the promise is settled. */
  write(chunks: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#file, chunks);
  }

  /** Gives the file its name; still refuses to replace one that has appeared meanwhile. */
  async commit(): Promise<void> {
    await this.#file.close();
    if (this.#force) {
      await rename(this.#partial, this.path);
      return;
    }
    try {
      await link(this.#partial, this.path); // unlike rename, never replaces
    } catch (error) {
      const isThere = await lstat(this.path).catch(() => undefined);
      if (isThere) throw alreadyThere(this.path);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      await rename(this.#partial, this.path); // a file system without links
      return;
    }
    await rm(this.#partial);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {}); // it may be closed already
    await rm(this.#partial, { force: true });
  }
}

/** Throws unless files can be put in `directory`, or it can still be made: before anybody is asked to send. */
export async function checkDirectory(directory: string): Promise<void> {
  const stats = await stat(directory).catch(() => undefined);
  if (stats && !stats.isDirectory()) throw new Failure(`'${directory}' is not a directory`);
}

const alreadyThere = (path: string): Failure =>
  new Failure(`'${path}' exists; --force replaces it`, EXIT.refused);
