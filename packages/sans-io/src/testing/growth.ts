// Whether work costs in proportion to its size, told from two sizes of it and not by the clock: a bound in milliseconds is
// wrong on the next machine, while what is quadratic takes sixty-four times as long for eight times as much on every one.

/** Below it nothing can be told: clocks of processor time may have steps as long, and the garbage collector comes by. */
const LEAST_TIME = 10; // ms
const WARM_UPS = 2;
/** Others at work make a try slower, never faster. */
const TRIES = 8;

export interface GrowthOptions {
  /** Processor time of this process in milliseconds. */
  readonly clock: () => number;
  /** The smaller size, and how many times that the larger one is. */
  readonly count: number;
  readonly times: number;
  /** The work of a size, ready to be done once: what comes before it is not counted. */
  readonly prepare: (count: number) => () => void;
  /** No more tries than it takes to come down to it. */
  readonly most: number;
}

/** How many times what `count` costs `times * count` does. */
export function growth({ clock, count, times, prepare, most }: GrowthOptions): number {
  const spent = (size: number): number => {
    const work = prepare(size);
    const start = clock();
    work();
    return clock() - start;
  };
  for (let i = 0; i < WARM_UPS; i++) prepare(count)();
  let small = Number.POSITIVE_INFINITY;
  let large = Number.POSITIVE_INFINITY;
  let ratio = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && ratio > most; i++) {
    small = Math.min(small, spent(count));
    large = Math.min(large, spent(count * times));
    ratio = large / Math.max(small, LEAST_TIME);
  }
  return ratio;
}
