// Head against base: the verdict on every judged metric of every benchmark that both sides have.
import { JUDGE_DEFAULTS, type Judgement, judge, pairUp } from '../judge/judge.ts';
import type { Commit } from './environment.ts';
import type { BenchmarkRecord, RunRecord, SeriesRecord } from './record.ts';

export interface Comparison {
  /** As it was asked for: a git reference or a file. */
  readonly with: string;
  readonly base: Commit | null;
  /** Whether both sides were measured in turns in one run. If not, the machine may have been in another mood. */
  readonly interleaved: boolean;
  readonly threshold: number;
  readonly verdicts: readonly Verdict[];
}

export interface Verdict extends Omit<Judgement, 'verdict' | 'isSettled'> {
  readonly benchmark: string;
  readonly metric: string;
  /** `none`: one of the sides has no values. */
  readonly verdict: Judgement['verdict'] | 'none';
}

/** A verdict while pairs are still being measured. */
export interface JudgedMetric extends Verdict {
  /** Whether more pairs could hardly change it. */
  readonly isSettled: boolean;
}

export interface ComparisonOptions {
  readonly with: string;
  readonly base: Commit | null;
  readonly interleaved: boolean;
  readonly threshold?: number;
}

/** Of one run that measured both sides in turns. */
export function compareSides(benchmarks: readonly BenchmarkRecord[], options: ComparisonOptions): Comparison {
  const verdicts = benchmarks.flatMap((benchmark) => {
    const side = (name: string): SeriesRecord | undefined =>
      benchmark.series.find((series) => series.side === name);
    return final(judgeBenchmark(benchmark, side('base'), side('head'), options.threshold));
  });
  return { threshold: JUDGE_DEFAULTS.threshold, ...options, verdicts };
}

/** Of this run with an earlier one. Rounds are paired in order: whatever drifted in between counts as change. */
export function compareWithRecord(
  benchmarks: readonly BenchmarkRecord[],
  earlier: RunRecord,
  options: ComparisonOptions,
): Comparison {
  const ours = (benchmark: BenchmarkRecord | undefined): SeriesRecord | undefined =>
    benchmark?.series.find(({ subject, side }) => subject === 'millrace' && side !== 'base');
  const verdicts = benchmarks.flatMap((benchmark) => {
    const before = earlier.benchmarks.find(({ name }) => name === benchmark.name);
    return final(judgeBenchmark(benchmark, ours(before), ours(benchmark), options.threshold));
  });
  return { threshold: JUDGE_DEFAULTS.threshold, ...options, verdicts };
}

export function judgeBenchmark(
  benchmark: Pick<BenchmarkRecord, 'name' | 'metrics'>,
  base: Pick<SeriesRecord, 'rounds'> | undefined,
  head: Pick<SeriesRecord, 'rounds'> | undefined,
  threshold: number = JUDGE_DEFAULTS.threshold,
): JudgedMetric[] {
  return benchmark.metrics
    .filter(({ judged }) => judged)
    .map(({ name, better }) => {
      const values = (series: Pick<SeriesRecord, 'rounds'> | undefined): { round: number; value: number }[] =>
        (series?.rounds ?? []).map(({ round, values }) => ({ round, value: values[name] ?? Number.NaN }));
      const judgement = judge(pairUp(values(base), values(head)), { better, threshold });
      const id = { benchmark: benchmark.name, metric: name };
      if (!judgement)
        return { ...id, verdict: 'none', ratio: 1, low: 1, high: 1, pairs: 0, isSettled: false };
      return { ...id, ...judgement };
    });
}

function final(judged: readonly JudgedMetric[]): Verdict[] {
  return judged.map(({ isSettled: _, ...verdict }) => verdict);
}

export function hasRegressed({ verdicts }: Comparison): boolean {
  return verdicts.some(({ verdict }) => verdict === 'regressed');
}
