// Binds a socket to a port of a range that an application has opened in its firewall.
import { type RandomSource, randomUnit } from '@millrace/sans-io';

/** Both included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** Beyond it the range counts as used up: a range that is so full has no room for connections anyway. */
const MAX_TRIES = 1_024;

/**
 * Tries the ports of the range in turn, from one drawn at random so that two processes do not compete for each, until
 * `open` has one. Without a range the system chooses.
 *
 * @throws {Error} that of `open`: at once if the port is not what is wrong, else that of the last port
 */
export async function openWithin<T>(
  range: PortRange | undefined,
  random: RandomSource,
  open: (port: number) => Promise<T>,
): Promise<T> {
  if (range === undefined) return open(0);
  const count = range.max - range.min + 1;
  const first = Math.floor(randomUnit(random) * count);
  for (let tries = 1; ; tries++) {
    try {
      return await open(range.min + ((first + tries - 1) % count));
    } catch (error) {
      const { code } = error as { code?: string };
      // EACCES: a port that is reserved, below 1024 or by the system.
      const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
      if (!isTaken || tries >= count || tries >= MAX_TRIES) throw error;
    }
  }
}
