// A clock that runs twenty times faster than it should, for what takes half a minute. To be imported before millrace.
const HURRY = 20;

const now = performance.now.bind(performance);
const later = globalThis.setTimeout;
performance.now = () => now() * HURRY;
globalThis.setTimeout = ((run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
  later(run, delay / HURRY, ...args)) as typeof globalThis.setTimeout;
