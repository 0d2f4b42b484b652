// Waiting. Everything the agent waits for is a state that can be looked at, so one loop serves all: some
// implementations miss an event now and then, and a test must tell a missing event from a missing effect.

const LOOK_EVERY = 4; // ms

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Resolves once `isSo()`. Rejects after `patience` milliseconds, saying what was waited for and what is instead. */
export async function until(
  isSo: () => boolean,
  patience: number,
  what: string,
  instead: () => string,
): Promise<void> {
  const end = performance.now() + patience;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${patience} ms, but ${instead()}`);
    await sleep(LOOK_EVERY);
  }
}
