// How the test files of the protocol packages share processes. They know no socket, clock or timer and leave nothing
// behind, and a process for each of two hundred takes longer to start than most of them to run. `node --test` is given
// one module that imports them; all else is a process of its own, file by file.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROTOCOL_PACKAGES } from '../layers/architecture.ts';
import { ROOT } from '../workspace.ts';

/** So few that they all take far less than what one test may take, and that the last process is not waited for. */
const FILES_PER_GROUP = 12;
const FOLDER = join(ROOT, 'node_modules/.cache/test-groups');

/** `files` with groups in the place of those that can share a process; paths are relative to the root. */
export function groupFiles(files: readonly string[]): string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const grouped: string[] = [];
  const rest = new Set(files);
  for (const name of PROTOCOL_PACKAGES) {
    const own = files.filter((file) => file.startsWith(`packages/${basename(name)}/`));
    for (let from = 0, count = 1; own.length - from > 1; from += FILES_PER_GROUP, count++) {
      const members = own.slice(from, from + FILES_PER_GROUP);
      const path = join(FOLDER, `${basename(name)}-${count}.mjs`);
      writeFileSync(path, members.map((file) => `import '${pathToFileURL(join(ROOT, file))}';\n`).join(''));
      for (const member of members) rest.delete(member);
      grouped.push(path);
    }
  }
  return [...grouped, ...rest];
}

/** What a reader is to call it, if `file` is a group. */
export function describeGroup(file: string): string | undefined {
  if (!file.startsWith(FOLDER)) return undefined;
  const [, name, count] = /^(.*)-(\d+)\.mjs$/.exec(basename(file)) ?? [];
  return `packages/${name}, ${count}`;
}
