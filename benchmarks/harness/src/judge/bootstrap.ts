// Bootstrap: how far an estimate could have come out elsewhere, had the noise fallen otherwise. Its random numbers
// are its own and seeded, so that the same measurements always get the same verdict.

/** Numbers from 0 to 1 (exclusive) by a 32-bit mix of a counter; plenty for drawing samples. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 0x1_0000_0000;
  };
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly values: readonly number[];
  /** Gets its sample sorted; must not keep it. */
  readonly estimate: (sorted: Float64Array) => number;
  /** Share of the estimates that lie in the interval, such as 0.99. */
  readonly confidence: number;
  readonly resamples: number;
  readonly seed: number;
}

/** The percentile interval of `estimate`. */
export function bootstrapInterval(options: BootstrapOptions): Interval {
  const { values, estimate, confidence, resamples, seed } = options;
  const random = seededRandom(seed);
  const sample = new Float64Array(values.length);
  const estimates = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < sample.length; j++) sample[j] = values[Math.floor(random() * values.length)]!;
    estimates[i] = estimate(sample.sort());
  }
  estimates.sort();
  const tail = (1 - confidence) / 2;
  return { low: quantileOfSorted(estimates, tail), high: quantileOfSorted(estimates, 1 - tail) };
}

export function medianOf(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function quantileOfSorted(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
