// The folder that received files go to. Bytes go to a hidden name, and the file gets its own when everything is there
// and verified: a harmless one, and never that of a file that exists.
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@millrace/example-send-file/failure';
import { safeFileName } from '@millrace/example-send-file/file-name';
import { writeAll } from '@millrace/example-send-file/write-all';
import { TransferError } from './wire/channel.ts';
import type { Sink } from './wire/transfer.ts';

/** Names that are tried: `name`, `name (1)`, ... */
const MAX_NUMBER = 9999;

export class Received implements Sink {
  readonly #folder: string;
  readonly #name: string;
  readonly #partial: string;
  readonly #file: FileHandle;
  /** Where it is, once it is committed. */
  path = '';

  private constructor(folder: string, name: string, partial: string, file: FileHandle) {
    this.#folder = folder;
    this.#name = name;
    this.#partial = partial;
    this.#file = file;
  }

  static async open(folder: string, askedName: string, size: number): Promise<Received> {
    const { bavail, bsize } = await statfs(folder);
    if (size > bavail * bsize) throw new TransferError('there is not enough room for the file');
    const partial = join(folder, `.browser-drop-${randomBytes(6).toString('hex')}.part`);
    return new Received(folder, safeFileName(askedName), partial, await open(partial, 'wx'));
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#file, chunks);
  }

  async commit(): Promise<void> {
    await this.#file.close();
    try {
      this.path = await this.#takeName();
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => {}); // it may be closed already
    await rm(this.#partial, { force: true }).catch(() => {});
  }

  async #takeName(): Promise<string> {
    for (let number = 0; number <= MAX_NUMBER; number++) {
      const path = join(this.#folder, numbered(this.#name, number));
      try {
        await link(this.#partial, path); // unlike rename, never replaces
        await rm(this.#partial);
        return path;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST') continue;
        if (code === 'ENOENT') throw error;
      }
      try {
        await (await open(path, 'wx')).close(); // a file system without links: the name is reserved first
        await rename(this.#partial, path);
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    throw new TransferError('there are too many files of this name');
  }
}

/** `photo (1).jpg` for `photo.jpg`. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const extension = /(?<=.)\.[^.]{1,16}$/u.exec(name)?.[0] ?? '';
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`;
}

/** Makes the folder if there is none. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const stats = await stat(folder).catch(() => undefined);
    const reason = stats?.isDirectory() === false ? 'is not a folder' : 'cannot be made';
    throw new Failure(`'${folder}' ${reason}`, undefined, { cause });
  }
}
