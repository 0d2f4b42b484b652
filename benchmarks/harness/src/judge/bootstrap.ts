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

/**
 * The percentile interval of `estimate`, its percentiles moved outwards as far as Student's t lies outside of the normal
 * distribution for that many values: a plain percentile interval of a handful of values is too sure of itself.
 */
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
  const tail = expandedTail((1 - confidence) / 2, values.length);
  return { low: quantileOfSorted(estimates, tail), high: quantileOfSorted(estimates, 1 - tail) };
}

function medianOf(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The median of the means of every two values (Hodges and Lehmann): about as sure as the mean where the noise is normal,
 * and unmoved by one value in four that is far off.
 */
export function middleOf(sorted: Float64Array): number {
  const count = sorted.length;
  const means = new Float64Array((count * (count + 1)) / 2);
  let at = 0;
  for (let i = 0; i < count; i++) for (let j = i; j < count; j++) means[at++] = (sorted[i]! + sorted[j]!) / 2;
  return medianOf(means.sort());
}

/** The tail beyond the t quantile of `tail` if it were normal. */
function expandedTail(tail: number, count: number): number {
  if (count < 2) return 0;
  return normalTail(Math.sqrt(count / (count - 1)) * studentQuantile(tail, count - 1));
}

/** Above which a share of `tail` of Student's t lies: the normal quantile and three terms of its expansion in 1/df. */
function studentQuantile(tail: number, degrees: number): number {
  const z = normalQuantile(tail);
  const z2 = z * z;
  const g1 = (z * (z2 + 1)) / 4;
  const g2 = (z * ((5 * z2 + 16) * z2 + 3)) / 96;
  const g3 = (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384;
  return z + (g1 + (g2 + g3 / degrees) / degrees) / degrees;
}

/** Above which a share of `tail` of the normal distribution lies, by bisection: it is asked for a few times only. */
function normalQuantile(tail: number): number {
  let low = 0;
  let high = 10;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return low;
}

/** The share of the normal distribution above `z` ≥ 0: its density summed up by Simpson's rule. */
function normalTail(z: number): number {
  const steps = 200;
  const width = 10 / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((z + i * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}

function quantileOfSorted(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
