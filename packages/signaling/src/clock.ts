// Time as server and client see it; tests hand in a clock they move by hand.

export interface Clock {
  /** Milliseconds; only differences mean anything. */
  now(): number;
  /** Whole milliseconds since 1970. */
  date(): number;
  /** Calls `run` once after `delay` milliseconds, unless the returned function is called first. */
  after(delay: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};
