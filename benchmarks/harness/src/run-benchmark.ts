// One round of one subject of any benchmark, as numbers by metric with what it cost: the three kinds made alike.
import type { Benchmark, OperationBenchmark, RunSettings, TrialResult } from './benchmark.ts';
import type { ProcessCost } from './flow.ts';
import type { ImplementationName } from './implementation.ts';
import { LatencyRecorder } from './latency.ts';
import type { Launch } from './launch.ts';
import { runFlow } from './run-flow.ts';
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
  const timeout = (benchmark.timeoutSeconds ?? 20 + run.seconds * 4) * 1000;
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
  const isOperation = benchmark.kind === 'operation';
  const result = await runSubject({
    task: {
      kind: benchmark.kind,
      module: benchmark.module,
      subject,
      settings: isOperation ? (benchmark.settings ?? {}) : benchmark.settings(run),
      seconds: run.mode === 'smoke' ? 0 : run.seconds,
      latency: isOperation && benchmark.latency === true && run.mode !== 'smoke',
    },
    timeout,
    launch,
    signal,
  });
  return {
    version: result.version,
    values: isOperation ? operationValues(benchmark, result) : read(benchmark.metrics, result),
    distributions: isOperation
      ? operationDistributions(result)
      : distributionsOf(benchmark.distributions, result),
    costs: { process: result.cost },
  };
}

function operationMetrics(benchmark: OperationBenchmark): MetricDescription[] {
  const metrics: MetricDescription[] = [
    { name: 'time', unit: 'ns/op', better: 'lower', judged: true },
    { name: 'rate', unit: 'Mop/s', better: 'higher', judged: false },
  ];
  if (benchmark.bytesPerOperation !== undefined)
    metrics.push({ name: 'throughput', unit: 'MB/s', better: 'higher', judged: false });
  metrics.push(
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
  values.allocated = measured.allocatedBytesPerOperation ?? Number.NaN;
  values.collections = measured.collectionsPerMillion ?? Number.NaN;
  for (const { name } of benchmark.counters ?? []) values[name] = measured[name] ?? Number.NaN;
  return values;
}

function operationDistributions({ measurement }: TrialResult): Record<string, string> {
  return typeof measurement.latency === 'string' ? { latency: measurement.latency } : {};
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
