// One round of one subject of any benchmark, as numbers by metric with what it cost: the three kinds made alike.
import type { Benchmark, OperationBenchmark, RunSettings, TrialResult } from './benchmark.ts';
import type { ProcessCost } from './flow.ts';
import type { ImplementationName } from './implementation.ts';
import { LatencyRecorder, mergeHistograms, percentile } from './latency.ts';
import type { Launch } from './launch.ts';
import type { SubjectArguments } from './messages.ts';
import { runFlow } from './run-flow.ts';
import { runInTurns } from './run-in-turns.ts';
import { runSubject } from './run-subject.ts';

export interface MetricDescription {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly judged: boolean;
}

/** What one subject did in one round. */
export interface RoundResult {
  readonly version: string;
  readonly values: Readonly<Record<string, number>>;
  /** Encoded histograms by the name of the distribution. */
  readonly distributions: Readonly<Record<string, string>>;
  /** By process: `offerer` and `answerer` of a flow, `process` of the others. */
  readonly costs: Readonly<Record<string, ProcessCost>>;
  /** What one value of an operation's distribution is the mean of. */
  readonly sampling?: Sampling;
}

export interface Sampling {
  readonly operations: number;
  /** What reading the clock takes, in nanoseconds; it has been taken off. */
  readonly clockNanos: number;
}

export interface RoundOptions {
  readonly benchmark: Benchmark;
  readonly subject: string;
  readonly run: RunSettings;
  readonly launch?: Launch;
  readonly signal?: AbortSignal | undefined;
}

export function metricsOf(benchmark: Benchmark): readonly MetricDescription[] {
  if (benchmark.kind === 'operation') return operationMetrics(benchmark);
  return benchmark.metrics.map(({ name, unit, better, judged }, i) => ({
    name,
    unit,
    better,
    judged: judged ?? i === 0,
  }));
}

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { benchmark, subject, run, launch = {}, signal } = options;
  const timeout = timeoutOf(benchmark, run);
  if (benchmark.kind === 'flow') {
    const result = await runFlow({
      implementation: subject as ImplementationName,
      flow: benchmark.flow,
      settings: benchmark.settings(run),
      timeout,
      launch,
      signal,
    });
    return {
      version: result.version,
      values: read(benchmark.metrics, result),
      distributions: distributionsOf(benchmark.distributions, result),
      costs: { offerer: result.offerer, answerer: result.answerer },
    };
  }
  if (benchmark.kind === 'operation') {
    const task = operationTask(benchmark, subject, run);
    return operationRound(benchmark, await runSubject({ task, timeout, launch, signal }));
  }
  const { module } = benchmark;
  const seconds = run.mode === 'smoke' ? 0 : run.seconds;
  const task = {
    kind: 'trial',
    module,
    subject,
    settings: benchmark.settings(run),
    seconds,
    sample: 0,
  } as const;
  const result = await runSubject({ task, timeout, launch, signal });
  return {
    version: result.version,
    values: read(benchmark.metrics, result),
    distributions: distributionsOf(benchmark.distributions, result),
    costs: { process: result.cost },
  };
}

export interface PairOptions extends Omit<RoundOptions, 'launch' | 'benchmark'> {
  readonly benchmark: OperationBenchmark;
  readonly launches: readonly [base: Launch, head: Launch];
}

/** A round of an operation from two checkouts at once, which take turns of milliseconds. It takes no percentiles. */
export async function runPair(options: PairOptions): Promise<[RoundResult, RoundResult]> {
  const { benchmark, subject, run, launches, signal } = options;
  const task = { ...operationTask(benchmark, subject, run), sample: 0 };
  const timeout = timeoutOf(benchmark, run) * 2;
  const [base, head] = await runInTurns({ task, launches, timeout, signal });
  return [operationRound(benchmark, base), operationRound(benchmark, head)];
}

/** Where nothing is measured the machine may be as slow as it likes: whatever takes longer than this hangs. */
const LEAST_SMOKE_SECONDS = 240;

function timeoutOf({ timeoutSeconds }: Benchmark, { mode, seconds }: RunSettings): number {
  const usual = timeoutSeconds ?? 20 + seconds * 4;
  return (mode === 'smoke' ? Math.max(usual, LEAST_SMOKE_SECONDS) : usual) * 1000;
}

function operationTask(benchmark: OperationBenchmark, subject: string, run: RunSettings): SubjectArguments {
  const isMeasured = run.mode !== 'smoke';
  return {
    kind: 'operation',
    module: benchmark.module,
    subject,
    settings: benchmark.settings ?? {},
    seconds: isMeasured ? run.seconds : 0,
    sample: isMeasured ? (benchmark.sample ?? 1) : 0,
  };
}

function operationRound(benchmark: OperationBenchmark, result: TrialResult): RoundResult {
  const { latency, operationsPerSample, clockNanos } = result.measurement;
  return {
    version: result.version,
    values: operationValues(benchmark, result),
    distributions: typeof latency === 'string' ? { [OPERATION_DISTRIBUTION]: latency } : {},
    costs: { process: result.cost },
    ...(typeof operationsPerSample === 'number' && typeof clockNanos === 'number'
      ? { sampling: { operations: operationsPerSample, clockNanos } }
      : {}),
  };
}

/** The name of the one distribution that operations have. */
const OPERATION_DISTRIBUTION = 'latency';

function operationMetrics(benchmark: OperationBenchmark): MetricDescription[] {
  const metrics: MetricDescription[] = [
    { name: 'time', unit: 'ns/op', better: 'lower', judged: true },
    { name: 'rate', unit: 'Mop/s', better: 'higher', judged: false },
  ];
  if (benchmark.bytesPerOperation !== undefined)
    metrics.push({ name: 'throughput', unit: 'MB/s', better: 'higher', judged: false });
  metrics.push(
    { name: 'p99', unit: 'ns/op', better: 'lower', judged: false },
    { name: 'p99.9', unit: 'ns/op', better: 'lower', judged: false },
    { name: 'in samples of', unit: 'op', better: 'lower', judged: false },
    { name: 'allocated', unit: 'B/op', better: 'lower', judged: false },
    { name: 'collections', unit: '/Mop', better: 'lower', judged: false },
  );
  for (const counter of benchmark.counters ?? [])
    metrics.push({ ...counter, judged: counter.judged ?? false });
  return metrics;
}

function operationValues(benchmark: OperationBenchmark, result: TrialResult): Record<string, number> {
  const measured = result.measurement as Readonly<Record<string, number>>;
  const nanos = measured.nanosPerOperation ?? Number.NaN;
  const values: Record<string, number> = { time: nanos, rate: 1000 / nanos };
  if (benchmark.bytesPerOperation !== undefined)
    values.throughput = (benchmark.bytesPerOperation / nanos) * 1000;
  const { latency, operationsPerSample } = result.measurement;
  if (typeof latency === 'string') {
    const { histogram } = mergeHistograms([latency])!;
    values.p99 = percentile(histogram, 99);
    values['p99.9'] = percentile(histogram, 99.9);
    values['in samples of'] = operationsPerSample as number;
  }
  values.allocated = measured.allocatedBytesPerOperation ?? Number.NaN;
  values.collections = measured.collectionsPerMillion ?? Number.NaN;
  for (const { name } of benchmark.counters ?? []) values[name] = measured[name] ?? Number.NaN;
  return values;
}

function read<Result>(
  metrics: readonly { readonly name: string; readonly read: (result: Result) => number }[],
  result: Result,
): Record<string, number> {
  return Object.fromEntries(metrics.map((metric) => [metric.name, metric.read(result)]));
}

const NANOS = { ns: 1, µs: 1_000, ms: 1_000_000 } as const;

function distributionsOf<Result>(
  distributions:
    | readonly {
        readonly name: string;
        readonly unit: keyof typeof NANOS;
        readonly read: (result: Result) => readonly number[] | string;
      }[]
    | undefined,
  result: Result,
): Record<string, string> {
  const encoded: Record<string, string> = {};
  for (const { name, unit, read } of distributions ?? []) {
    const values = read(result);
    if (typeof values === 'string') encoded[name] = values;
    else {
      const recorder = new LatencyRecorder();
      for (const value of values) recorder.recordNanos(value * NANOS[unit]);
      encoded[name] = recorder.encode();
    }
  }
  return encoded;
}
