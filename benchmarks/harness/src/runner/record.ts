// A run as data: what `--json` writes and the report, the README's table and `--compare FILE` read. Its shape is
// ../../result.schema.json; `schema` is raised when a field changes its meaning or goes.
import { areaOf } from '../benchmark.ts';
import type { ProcessCost } from '../flow.ts';
import { type LatencySummary, mergeHistograms, summarise } from '../latency.ts';
import { type MetricDescription, metricsOf } from '../run-benchmark.ts';
import { median } from '../statistics.ts';
import type { Comparison } from './comparison.ts';
import type { Commit, Machine } from './environment.ts';
import type { Side } from './plan.ts';
import type { Series, TaskResult } from './run.ts';

export const SCHEMA = 3;

export interface RunRecord {
  readonly schema: typeof SCHEMA;
  readonly date: string;
  /** What was typed. */
  readonly command: string;
  /** False if the run was interrupted: rounds or benchmarks are missing. */
  readonly complete: boolean;
  readonly commit: Commit | null;
  readonly node: string;
  readonly v8: string;
  readonly machine: Machine;
  readonly settings: {
    readonly mode: string;
    readonly rounds: number;
    readonly seconds: number;
    readonly implementations: readonly string[];
  };
  readonly benchmarks: readonly BenchmarkRecord[];
  readonly sweeps: readonly SweepRecord[];
  readonly comparison?: Comparison;
}

export interface BenchmarkRecord {
  readonly name: string;
  readonly area: string;
  readonly kind: string;
  readonly what: string;
  readonly floor?: string;
  /** The first one is the headline. */
  readonly metrics: readonly MetricDescription[];
  readonly series: readonly SeriesRecord[];
}

export interface SeriesRecord {
  readonly subject: string;
  readonly side?: Side;
  readonly version: string;
  readonly skipped?: string;
  readonly failures: number;
  readonly rounds: readonly RoundRecord[];
  readonly distributions: Readonly<Record<string, DistributionRecord>>;
}

export interface RoundRecord {
  readonly round: number;
  /** By metric; null where there was none. */
  readonly values: Readonly<Record<string, number | null>>;
  /** By process. */
  readonly costs: Readonly<Record<string, ProcessCost>>;
}

/** The latencies of all rounds together. */
export interface DistributionRecord extends LatencySummary {
  /** Each value is the mean of so many operations in a row; 1 if it is not there. */
  readonly operations?: number;
  /** What reading the clock takes, in nanoseconds, where it was taken off. */
  readonly clock?: number;
  /** An HDR histogram of nanoseconds, version 2, compressed, base64. */
  readonly histogram: string;
}

export interface SweepRecord {
  readonly name: string;
  readonly area: string;
  readonly what: string;
  readonly x: AxisRecord;
  readonly y: AxisRecord;
  readonly metric: MetricDescription;
  readonly floor?: string;
  readonly series: readonly SweepSeriesRecord[];
}

export interface AxisRecord {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

export interface SweepSeriesRecord {
  readonly subject: string;
  readonly version: string;
  /** By y, then x; null where there is no value. */
  readonly cells: readonly (readonly (number | null)[])[];
  readonly skipped?: string;
}

/**
 * A stored result of this or the last schema, as of this one; undefined of any other. What 2 had no word for, percentiles
 * of operations, it has no numbers of: it reads as one where they were not measured.
 */
export function toCurrentSchema(stored: { readonly schema?: unknown }): RunRecord | undefined {
  if (stored.schema !== SCHEMA && stored.schema !== 2) return undefined;
  return { ...(stored as RunRecord), schema: SCHEMA };
}

export function toBenchmarkRecords(results: readonly TaskResult[]): BenchmarkRecord[] {
  return results
    .filter(({ task }) => task.cell === undefined)
    .map(({ task: { benchmark }, series }) => ({
      name: benchmark.name,
      area: areaOf(benchmark.name),
      kind: benchmark.kind,
      what: benchmark.what,
      ...(benchmark.floor === undefined ? {} : { floor: benchmark.floor }),
      metrics: metricsOf(benchmark),
      series: series.map(toSeriesRecord),
    }));
}

export function toSweepRecords(results: readonly TaskResult[]): SweepRecord[] {
  const sweeps = new Map<string, SweepRecord>();
  for (const { task, series } of results) {
    if (!task.cell) continue;
    const { sweep, x, y } = task.cell;
    const metric = metricsOf(task.benchmark).find(({ name }) => name === sweep.metric);
    if (!metric) throw new Error(`${sweep.name} has no metric ${sweep.metric}`);
    let record = sweeps.get(sweep.name);
    if (record === undefined) {
      const axis = ({ name, unit, values }: AxisRecord): AxisRecord => ({ name, unit, values });
      record = {
        name: sweep.name,
        area: areaOf(sweep.name),
        what: sweep.what,
        x: axis(sweep.x),
        y: axis(sweep.y),
        metric,
        ...(task.benchmark.floor === undefined ? {} : { floor: task.benchmark.floor }),
        series: [],
      };
      sweeps.set(sweep.name, record);
    }
    for (const one of series) {
      const cells = cellsOf(record, one);
      const value = median(one.rounds.map(({ values }) => values[metric.name] ?? Number.NaN));
      cells[sweep.y.values.indexOf(y)]![sweep.x.values.indexOf(x)] = orNull(value);
    }
  }
  return [...sweeps.values()];
}

function cellsOf(record: SweepRecord, { subject, version, skipped }: Series): (number | null)[][] {
  let found = record.series.find((series) => series.subject === subject);
  if (found === undefined) {
    found = {
      subject,
      version,
      cells: record.y.values.map(() => record.x.values.map(() => null)),
      ...(skipped === undefined ? {} : { skipped: firstLine(skipped) }),
    };
    (record.series as SweepSeriesRecord[]).push(found);
  }
  return found.cells as (number | null)[][];
}

function toSeriesRecord({ subject, side, version, rounds, skipped, failures }: Series): SeriesRecord {
  const names = new Set(rounds.flatMap(({ distributions }) => Object.keys(distributions)));
  const distributions: Record<string, DistributionRecord> = {};
  const samplings = rounds.flatMap(({ sampling }) => sampling ?? []);
  const sampled =
    samplings.length === 0
      ? {}
      : {
          operations: samplings[0]!.operations,
          clock: Math.round(median(samplings.map(({ clockNanos }) => clockNanos))),
        };
  for (const name of names) {
    const histograms = rounds.flatMap(({ distributions }) => distributions[name] ?? []);
    const merged = mergeHistograms(histograms);
    if (merged && merged.histogram.totalCount > 0)
      distributions[name] = { ...summarise(merged.histogram), ...sampled, histogram: merged.encoded };
  }
  return {
    subject,
    ...(side === undefined ? {} : { side }),
    version,
    ...(skipped === undefined ? {} : { skipped: firstLine(skipped) }),
    failures,
    rounds: rounds.map(({ round, values, costs }) => ({
      round,
      values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, orNull(value)])),
      costs,
    })),
    distributions,
  };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function firstLine(text: string): string {
  return text.split('\n')[0]!;
}
