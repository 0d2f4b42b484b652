// The few statistics the tables need. Medians and ratios, because means do not survive a busy machine.

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The `q`-quantile, 0 to 1, interpolated between neighbours. NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const fraction = position - below;
  const low = sorted[below]!;
  return fraction === 0 ? low : low + (sorted[below + 1]! - low) * fraction;
}

/** Half the distance from the smallest to the largest value, as a share of the median. */
export function spread(values: readonly number[]): number {
  if (values.length < 2) return 0;
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/** The median over rounds of `a / b`: a round's two values were measured next to each other, so noise cancels. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  const rounds = Math.min(a.length, b.length);
  return median(Array.from({ length: rounds }, (_, i) => a[i]! / b[i]!));
}

/** Three digits that matter, whole from 100 on. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
