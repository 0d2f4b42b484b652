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
  return {
    name: basename(path),
    size: stats.size,
    blocks: readBlocks(file, blockBuffers()),
    close: () => file.close(),
  };
}

export type BlockBuffers = readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];

export const blockBuffers = (): BlockBuffers => [new Uint8Array(BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)];

/** From the byte `from` on. Two buffers in turn: one is being used while the other is being filled. */
export async function* readBlocks(
  file: FileHandle,
  buffers: BlockBuffers,
  from = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let [current, other] = buffers;
  let at = from;
  let reading = file.read(current, 0, BLOCK_BYTES, at);
  try {
    while (true) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      at += bytesRead;
      reading = file.read(other, 0, BLOCK_BYTES, at);
      reading.catch(() => {}); // heard of by the await above, or nobody reads on
      yield current.subarray(0, bytesRead);
      [current, other] = [other, current];
    }
  } finally {
    await reading.catch(() => {}); // the buffers are the caller's again
  }
}
