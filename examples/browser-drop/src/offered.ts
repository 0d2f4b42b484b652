// The files that the page may take: looked at when the program starts, opened anew for whoever takes one.
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { MAX_OFFERS, type Offer } from './wire/greeting.ts';

export interface OfferedFile extends Offer {
  readonly path: string;
}

const BLOCK_BYTES = 256 * 1024;

/** Throws a failure that names the first file that can't be offered. */
export async function lookAtFiles(paths: readonly string[]): Promise<OfferedFile[]> {
  if (paths.length > MAX_OFFERS)
    throw new Failure(`${MAX_OFFERS} files at most, not ${paths.length}`, EXIT.usage);
  return Promise.all(
    paths.map(async (path, id) => {
      const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
        const what = cause.code === 'ENOENT' ? 'does not exist' : 'cannot be read';
        throw new Failure(`'${path}' ${what}`, EXIT.failed, { cause });
      });
      if (!stats.isFile()) throw new Failure(`'${path}' is not a file`);
      return { id, path, name: basename(path), size: stats.size };
    }),
  );
}

/** The bytes of a file; one buffer, used again for every block. */
export async function* blocksOf(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  await using file = await open(path, 'r');
  const block = new Uint8Array(BLOCK_BYTES);
  while (true) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES);
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
  }
}
