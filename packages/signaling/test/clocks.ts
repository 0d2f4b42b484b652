// Clocks for tests: one moved by hand, and one that never lets anybody wait.
import type { Clock } from '../src/clock.ts';

export class ManualClock implements Clock {
  #now = 0;
  #timers: Array<{ due: number; run: () => void }> = [];

  now(): number {
    return this.#now;
  }

  date(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delay: number, run: () => void): () => void {
    const timer = { due: this.#now + delay, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get running(): number {
    return this.#timers.length;
  }

  /** Lets `milliseconds` pass, with every timer due in them in its order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (true) {
      const next = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#now = next.due;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.run();
    }
    this.#now = end;
  }
}

/** Delays up to `longest` are over at once; longer ones never are. Time passes as they are asked for. */
export function hastyClock(longest: number): Clock & { delays: number[] } {
  let now = 0;
  const delays: number[] = [];
  return {
    delays,
    now: () => now,
    date: () => 1_700_000_000_000 + now,
    after: (delay, run) => {
      if (delay > longest) return () => {};
      delays.push(delay);
      const timer = setImmediate(() => {
        now += delay;
        run();
      });
      return () => clearImmediate(timer);
    },
  };
}
