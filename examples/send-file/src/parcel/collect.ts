// The files and folders somebody wants to send: found, in a fixed order, before anybody is asked to wait for them.
// Links inside folders are not followed, what is neither file nor folder is left out, and so are
// names that are no UTF-8, which Linux allows and nobody else could write; all are counted.
import { isUtf8 } from 'node:buffer';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import type { Entry } from './manifest.ts';

export interface Collection {
  readonly entries: readonly Entry[];
  /** Where the entry of the same index is on this machine. */
  readonly places: readonly string[];
  /** Links, sockets, devices, names that are no text: left out. */
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
  const names = await readdir(place, { encoding: 'buffer' }).catch((cause: Error) => {
    throw new Failure(`'${place}' cannot be read`, EXIT.failed, { cause });
  });
  const children = names.filter((each) => isUtf8(each));
  found.skipped += names.length - children.length;
  for (const child of children.map(String).sort())
    await add(join(place, child), `${name}/${child}`, found, false);
}
