// Latencies as HDR histograms: recorded in nanoseconds with three digits, kept as compressed base64 in results.
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

const TEN_SECONDS_IN_NANOS = 10_000_000_000;

export class LatencyRecorder {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: TEN_SECONDS_IN_NANOS,
    numberOfSignificantValueDigits: 3,
    autoResize: true,
    useWebAssembly: false,
  });

  recordMillis(millis: number): void {
    this.#histogram.recordValue(Math.max(0, Math.round(millis * 1e6)));
  }

  recordNanos(nanos: number): void {
    this.#histogram.recordValue(Math.max(0, Math.round(nanos)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** The `q`-quantile (0 to 1) in milliseconds. */
  quantileMillis(q: number): number {
    return this.count === 0 ? Number.NaN : this.#histogram.getValueAtPercentile(q * 100) / 1e6;
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

export interface LatencySummary {
  readonly count: number;
  /** All in nanoseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** So many values have to lie beyond a percentile for it to be more than the one slowest. */
const VALUES_BEYOND = 2;

/** Whether so many values say anything about a percentile (0 to 100): 200 about the 99th, 2,000 about the 99.9th. */
export function suffices(count: number, percent: number): boolean {
  return count * (100 - percent) >= VALUES_BEYOND * 100 - 1e-6;
}

/** In nanoseconds; NaN if there are too few values. */
export function percentile(histogram: Histogram, percent: number): number {
  return suffices(histogram.totalCount, percent) ? histogram.getValueAtPercentile(percent) : Number.NaN;
}

/** Several rounds' histograms as one; undefined of none. */
export function mergeHistograms(
  encoded: readonly string[],
): { readonly histogram: Histogram; readonly encoded: string } | undefined {
  let merged: Histogram | undefined;
  for (const text of encoded) {
    const histogram = decodeHistogram(text);
    if (merged === undefined) merged = histogram;
    else merged.add(histogram);
  }
  if (merged === undefined) return undefined;
  return {
    histogram: merged,
    encoded: encoded.length === 1 ? encoded[0]! : encodeIntoCompressedBase64(merged),
  };
}

export function decodeHistogram(encoded: string): Histogram {
  return decodeFromCompressedBase64(encoded, 32, false) as Histogram;
}

export function summarise(histogram: Histogram): LatencySummary {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
  return {
    count: histogram.totalCount,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: histogram.maxValue,
  };
}

/** The `q`-quantile of an encoded histogram, in milliseconds. */
export function quantileMillis(encoded: string, q: number): number {
  const { histogram } = mergeHistograms([encoded])!;
  return histogram.totalCount > 0 ? histogram.getValueAtPercentile(q * 100) / 1e6 : Number.NaN;
}
