// One receiver at a time puts a parcel together: a file with the number of its process, which a crash leaves behind
// and the next receiver takes over.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { EXIT, Failure } from '../failure.ts';

/** Throws a refusal if another process that lives holds it. */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine = String(process.pid);
  try {
    await writeFile(path, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner !== process.pid && isAlive(owner))
      throw new Failure(
        `process ${owner} receives the same here; if it does not, delete '${path}'`,
        EXIT.refused,
      );
    await writeFile(path, mine);
  }
  return () => rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false; // killed before it had written
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
