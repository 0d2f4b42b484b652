// A file to be sent: opened before anybody is asked to wait for it, read a block ahead of what is being sent.
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { EXIT, Failure } from './failure.ts';
import type { FileSource } from './transfer.ts';

const BLOCK_BYTES = 1024 * 1024;

export interface OpenFile extends FileSource {
  close(): Promise<void>;
}

export async function openFile(path: string): Promise<OpenFile> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(`'${path}' ${isMissing ? 'does not exist' : 'cannot be read'}`, EXIT.failed, {
      cause: error,
    });
  }
  const stats = await file.stat();
  if (!stats.isFile()) {
    await file.close();
    throw new Failure(`'${path}' is not a file`);
  }
  return { name: basename(path), size: stats.size, blocks: readBlocks(file), close: () => file.close() };
}

/** Two buffers in turn: one is being sent while the other is being read. */
async function* readBlocks(file: FileHandle): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let [current, other] = [new Uint8Array(BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)];
  let reading = file.read(current, 0, BLOCK_BYTES);
  while (true) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return;
    reading = file.read(other, 0, BLOCK_BYTES);
    reading.catch(() => {}); // heard of by the await above, or nobody reads on
    yield current.subarray(0, bytesRead);
    [current, other] = [other, current];
  }
}
