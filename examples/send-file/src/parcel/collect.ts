// The files and folders somebody wants to send: found, in a fixed order, before anybody is asked to wait for them.
// Links inside folders are not followed, and what is neither file nor folder is left out; both are counted.
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import type { Entry } from './manifest.ts';

export interface Collection {
  readonly entries: readonly Entry[];
  /** Where the entry of the same index is on this machine. */
  readonly places: readonly string[];
  /** Links, sockets, devices: left out. */
  readonly skipped: number;
}

export async function collect(paths: readonly string[]): Promise<Collection> {
  const found = { entries: [] as Entry[], places: [] as string[], skipped: 0 };
  const names = new Set<string>();
  for (const path of paths) {
    const place = resolve(path);
    const name = basename(place) || 'folder';
    if (names.has(name)) throw new Failure(`two of the paths are called '${name}'`, EXIT.usage);
    names.add(name);
    await add(place, name, found, true);
  }
  return found;
}

interface Found {
  readonly entries: Entry[];
  readonly places: string[];
  skipped: number;
}

async function add(place: string, name: string, found: Found, isNamed: boolean): Promise<void> {
  // A link that was named is meant; one that is found inside a folder might lead anywhere.
  const stats = await (isNamed ? stat(place) : lstat(place)).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure(
      `'${place}' ${cause.code === 'ENOENT' ? 'does not exist' : 'cannot be read'}`,
      EXIT.failed,
      {
        cause,
      },
    );
  });
  if (!stats.isFile() && !stats.isDirectory()) {
    if (isNamed) throw new Failure(`'${place}' is neither a file nor a folder`);
    found.skipped++;
    return;
  }
  const size = stats.isFile() ? stats.size : undefined;
  found.entries.push({ path: name, modified: Math.max(0, Math.floor(stats.mtimeMs)), size });
  found.places.push(place);
  if (!stats.isDirectory()) return;
  const children = await readdir(place).catch((cause: Error) => {
    throw new Failure(`'${place}' cannot be read`, EXIT.failed, { cause });
  });
  for (const child of children.sort()) await add(join(place, child), `${name}/${child}`, found, false);
}
