// How long is waited for what takes milliseconds when all is well: figures in the scenarios are of a machine that has nothing
// else to do, and this one may be ten times as slow, or stand still for seconds.

const AMPLE = 5;
const HASTY = { always: 1, sometimes: 2 } as const;

let factor: number = AMPLE;

/** Milliseconds to wait in the place of so many. */
export function patient(milliseconds: number): number {
  return milliseconds * factor;
}

/** Runs what is known to fail, by waiting in vain, `always` or `sometimes`: no longer than it takes to be sure of that. */
export async function hastily<T>(fails: keyof typeof HASTY, body: () => Promise<T>): Promise<T> {
  factor = HASTY[fails];
  try {
    return await body();
  } finally {
    factor = AMPLE;
  }
}
