// A file of any size whose bytes look random and are always the same: the key stream of AES in counter mode.
import { createCipheriv, createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const BLOCK_BYTES = 1024 * 1024;

/** Writes `bytes` of it to `path`; returns their SHA-256. */
export async function writeSampleFile(path: string, bytes: number, signal: AbortSignal): Promise<string> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'millrace'), Buffer.alloc(16));
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(BLOCK_BYTES);
  await using file = await open(path, 'wx');
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    signal.throwIfAborted();
    const block = cipher.update(left < BLOCK_BYTES ? zeros.subarray(0, left) : zeros);
    hash.update(block);
    await file.writeFile(block);
  }
  return hash.digest('hex');
}
