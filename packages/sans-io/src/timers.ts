// A core's timers: one deadline for each member of a small table of names. A timer is a number, not an object,
// and the next deadline is a minimum over the table.
import { type Millis, NEVER } from './core.ts';

export class TimerTable {
  readonly #deadlines: Float64Array;

  /** `count` timers, numbered from 0, none of them running. */
  constructor(count: number) {
    this.#deadlines = new Float64Array(count).fill(NEVER);
  }

  /** Starts `timer`, or moves it if it runs. */
  set(timer: number, deadline: Millis): void {
    this.#deadlines[timer] = deadline;
  }

  stop(timer: number): void {
    this.#deadlines[timer] = NEVER;
  }

  stopAll(): void {
    this.#deadlines.fill(NEVER);
  }

  isRunning(timer: number): boolean {
    return this.#deadlines[timer]! < NEVER;
  }

  deadlineOf(timer: number): Millis {
    return this.#deadlines[timer]!;
  }

  /** The earliest deadline; `NEVER` if no timer runs. */
  next(): Millis {
    let next = NEVER;
    for (let i = 0; i < this.#deadlines.length; i++)
      if (this.#deadlines[i]! < next) next = this.#deadlines[i]!;
    return next;
  }

  /** If `timer` is due, stops it and returns true. */
  take(timer: number, now: Millis): boolean {
    if (this.#deadlines[timer]! > now) return false;
    this.#deadlines[timer] = NEVER;
    return true;
  }
}
