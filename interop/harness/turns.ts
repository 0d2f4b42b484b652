// Several peers are met at a time, each by a process of its own. A scenario that claims or measures how fast something
// goes has the machine to itself: the others wait between two of theirs. By files in the folder of the results, so that
// no process has to know of the others.

import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LOOK_INTERVAL = 20; // ms
const ALONE = 'alone-';
const AMONG = 'among-';

/** Runs `body` when its turn has come. `results` is the file of the results; without one nobody else is there. */
export async function inTurn<T>(
  results: string | undefined,
  isAlone: boolean,
  body: () => Promise<T>,
): Promise<T> {
  if (results === undefined) return body();
  const folder = join(dirname(results), 'turns');
  mkdirSync(folder, { recursive: true });
  const own = join(folder, `${isAlone ? ALONE : AMONG}${process.pid}`);
  const inTheWay = isAlone ? [ALONE, AMONG] : [ALONE];
  try {
    while (true) {
      // First said, then looked: of two who come at once, at least one sees the other.
      closeSync(openSync(own, 'w'));
      if (!isOccupied(folder, inTheWay)) break;
      // Who wants to be alone goes on saying so, and no other scenario begins; of two of those the lower number is first.
      if (!isAlone || mustYield(folder)) rmSync(own);
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
    return await body();
  } finally {
    rmSync(own, { force: true });
  }
}

function others(folder: string, prefix: string): number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((pid) => pid !== process.pid && isAlive(pid));
}

function isOccupied(folder: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => others(folder, prefix).length > 0);
}

function mustYield(folder: string): boolean {
  return others(folder, ALONE).some((pid) => pid < process.pid);
}

/** What a process that was killed has left behind holds nobody up. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
