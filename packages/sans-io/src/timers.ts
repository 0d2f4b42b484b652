// A core's timers: one deadline for each member of a small table of names. A timer is a number, not an object,
// and the next deadline is a minimum over the table.
import { type Millis, NEVER } from './core.ts';

/** No deadline. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

/** The deadlines of a core, by name. */
export class TimerTable {
  readonly #deadlines: Float64Array;
  /** The earliest deadline, or `UNKNOWN` if it has to be looked for. */
  #next: Millis = NEVER;

  /** `count` timers, numbered from 0, none of them running. */
  constructor(count: number) {
    this.#deadlines = new Float64Array(count).fill(NEVER);
  }

  /** Starts `timer`, or moves it if it runs. */
  set(timer: number, deadline: Millis): void {
    this.#forget(timer);
    this.#deadlines[timer] = deadline;
    if (deadline < this.#next) this.#next = deadline;
  }

  stop(timer: number): void {
    this.#forget(timer);
    this.#deadlines[timer] = NEVER;
  }

  stopAll(): void {
    this.#deadlines.fill(NEVER);
    this.#next = NEVER;
  }

  isRunning(timer: number): boolean {
    return this.#deadlines[timer]! < NEVER;
  }

  deadlineOf(timer: number): Millis {
    return this.#deadlines[timer]!;
  }

  /** The earliest deadline; `NEVER` if no timer runs. */
  next(): Millis {
    if (this.#next !== UNKNOWN) return this.#next;
    let next = NEVER;
    for (let i = 0; i < this.#deadlines.length; i++)
      if (this.#deadlines[i]! < next) next = this.#deadlines[i]!;
    return (this.#next = next);
  }

  /** If `timer` is due, stops it and returns true. */
  take(timer: number, now: Millis): boolean {
    if (this.#deadlines[timer]! > now) return false;
    this.stop(timer);
    return true;
  }

  /** `timer` is about to change. */
  #forget(timer: number): void {
    if (this.#deadlines[timer]! === this.#next) this.#next = UNKNOWN;
  }
}
