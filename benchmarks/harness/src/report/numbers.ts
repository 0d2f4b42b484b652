// What the report and the tables take from a record: medians, ratios to others, the processes' costs.
import type { BenchmarkRecord, SeriesRecord } from '../runner/record.ts';
import { median } from '../statistics.ts';

export type Metric = BenchmarkRecord['metrics'][number];

export function valuesOf(series: SeriesRecord, metric: string): number[] {
  return series.rounds.flatMap(({ values }) => values[metric] ?? []);
}

export function oursOf(benchmark: BenchmarkRecord): SeriesRecord | undefined {
  return benchmark.series.find(({ subject, side }) => subject === 'millrace' && side !== 'base');
}

/** How many times as good millrace is as `series`: above 1 is better, whichever way the metric points. */
export function advantageOver(benchmark: BenchmarkRecord, series: SeriesRecord, metric: Metric): number {
  const ours = oursOf(benchmark);
  if (ours === undefined || ours === series) return Number.NaN;
  const theirs = new Map(series.rounds.map(({ round, values }) => [round, values[metric.name]]));
  const ratios = ours.rounds.flatMap(({ round, values }) => {
    const [our, their] = [values[metric.name], theirs.get(round)];
    if (our == null || their == null) return [];
    const ratio = metric.better === 'higher' ? our / their : their / our;
    return Number.isFinite(ratio) && ratio > 0 ? [ratio] : [];
  });
  return median(ratios);
}

/** The median over rounds of a cost of each process. */
export function costByProcess(
  series: SeriesRecord,
  cost: keyof SeriesRecord['rounds'][number]['costs'][string],
): Record<string, number> {
  const processes = new Set(series.rounds.flatMap(({ costs }) => Object.keys(costs)));
  return Object.fromEntries(
    [...processes].map((name) => [
      name,
      median(series.rounds.flatMap(({ costs }) => costs[name]?.[cost] ?? [])),
    ]),
  );
}

/** Names of metrics as they stand in sentences: `throughput, Mbit/s`. */
export function titleOf({ name, unit }: Pick<Metric, 'name' | 'unit'>): string {
  return unit === '' ? name : `${name}, ${unit}`;
}

/** Signed, from a ratio where above 1 is better. */
export function percent(ratio: number): string {
  const value = (ratio - 1) * 100;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} %`;
}
