// A file of hashed keys: a line each, `ID SHA-256 what it is for`. Lines that begin with # are comments.
import { appendFile, readFile } from 'node:fs/promises';
import { Failure } from '@millrace/example-send-file/failure';
import { LIMITS } from '../options.ts';
import type { DrawnKey } from './key.ts';

/** Hashes by id. @throws {Failure} that names the line which cannot be read */
export async function readKeys(path: string): Promise<Map<string, Uint8Array>> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new Failure(`the file of keys cannot be read: ${cause.message}`, undefined, { cause });
  });
  if (text.length > LIMITS.keyFileBytes) throw new Failure('the file of keys is too large');
  const keys = new Map<string, Uint8Array>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, id, hex] = LINE.exec(line) ?? [];
    if (id === undefined || hex === undefined) throw new Failure(`line ${i + 1} of the file of keys is none`);
    keys.set(id, Buffer.from(hex, 'hex'));
    if (keys.size > LIMITS.keys) throw new Failure(`there are more than ${LIMITS.keys} keys in the file`);
  }
  return keys;
}

export function keyLine({ id, hash }: DrawnKey, name: string): string {
  return `${id} ${Buffer.from(hash).toString('hex')} ${name}`.trimEnd();
}

export async function addKey(path: string, drawn: DrawnKey, name: string): Promise<void> {
  await appendFile(path, `${keyLine(drawn, name)}\n`, { mode: 0o600 });
}

const LINE = /^([a-z2-9]{8}) ([0-9a-f]{64})(?:\s.*)?$/;
