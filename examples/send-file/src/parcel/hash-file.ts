// SHA-256 of the first bytes of a file, as a hash that can go on.
import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type BlockBuffers, readBlocks } from '../file-on-disk.ts';

/** `undefined` if there are not so many bytes, or they cannot be read. */
export async function hashFile(
  path: string,
  bytes: number,
  buffers: BlockBuffers,
  onHashed: () => void,
): Promise<Hash | undefined> {
  const hash = createHash('sha256');
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  let left = bytes;
  try {
    for await (const block of readBlocks(file, buffers)) {
      hash.update(block.subarray(0, Math.min(left, block.length)));
      left -= Math.min(left, block.length);
      onHashed();
      if (left === 0) break;
    }
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
  return left === 0 ? hash : undefined;
}
