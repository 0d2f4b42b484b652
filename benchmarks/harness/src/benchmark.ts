// What a benchmark is. Suites list theirs with plain data: modules are named by URL and only loaded in the processes
// that measure, so that a list costs nothing and the same list can run another checkout's packages.
//
// Three kinds. An *operation* is a loop in one process, timed by tinybench. A *flow* is two processes that talk. A
// *trial* is one process that measures itself: simulated time, handshakes, memory of idle things. A *sweep* is a
// grid of any of them.
import type { FlowResult, Measurement, ProcessCost, Settings } from './flow.ts';
import type { ImplementationName } from './implementation.ts';

/** smoke: shows only that it runs. quick: under three minutes altogether. full: everything, long enough to publish. */
export type Mode = 'smoke' | 'quick' | 'full';

export interface RunSettings {
  readonly mode: Mode;
  /** How long one subject may measure in one round, warm-up aside. Smoke: some hundredths. */
  readonly seconds: number;
}

export interface Metric<Result> {
  readonly name: string;
  /** `Mbit/s`, `ms`, `ns`, `bytes`, ... Tables scale nothing: choose one that gives readable numbers. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Takes the metric's value from one round; NaN if this round has none. */
  readonly read: (result: Result) => number;
  /** Whether `--compare` fails on it. The first metric of a benchmark is judged, others only if they say so. */
  readonly judged?: boolean;
}

/** Latencies of one round, as a plain list or as what `LatencyRecorder.encode` gave. */
export interface Distribution<Result> {
  readonly name: string;
  readonly unit: 'ns' | 'µs' | 'ms';
  readonly read: (result: Result) => readonly number[] | string;
}

interface Common {
  /** `area/case`: `sctp/bundle-64B`, `e2e/bulk-65536`. Unique; `--only` takes it, its area or a part of it. */
  readonly name: `${string}/${string}`;
  /** One line for people. */
  readonly what: string;
  /** Whether the quick run has it; smoke and full have all. */
  readonly quick: boolean;
  /** One that the README tells of: a full run has several rounds of it, whatever the time. */
  readonly headline?: boolean;
  /** Longest a single round may take before it counts as hung, in seconds. Default: 20 + 4 × seconds. */
  readonly timeoutSeconds?: number;
}

/** One process runs `run(times)` of one subject. Metrics are the same for all: time, rate, p99, allocations, collections. */
export interface OperationBenchmark extends Common {
  readonly kind: 'operation';
  /** URL of the module that exports `operation: Operation`. */
  readonly module: string;
  /** Keys of the module's `subjects`, `millrace` first. Names of implementations obey `--impl`; others always run. */
  readonly subjects: readonly string[];
  /** The subject that is no rival but the least it could cost, such as a plain copy. */
  readonly floor?: string;
  readonly settings?: OperationSettings;
  /** Payload of one operation: adds bytes per second. */
  readonly bytesPerOperation?: number;
  /**
   * How many operations one sample of the percentiles takes, the same for every subject. Default: 1. A few more where
   * one is done before the clock can tell, below some hundreds of nanoseconds; the results say how many.
   */
  readonly sample?: number;
  /** Numbers the subject counts itself (`Prepared.counters`), such as wire bytes for each message. */
  readonly counters?: readonly Omit<Metric<never>, 'read'>[];
}

export interface FlowBenchmark extends Common {
  readonly kind: 'flow';
  /** URL of the module that exports `flow: Flow`. */
  readonly flow: string;
  /** `millrace` first. Those not in `--impl` are left out. */
  readonly subjects: readonly ImplementationName[];
  /** The subject that is no rival but what the machine itself does, such as plain datagrams. */
  readonly floor?: ImplementationName;
  readonly settings: (run: RunSettings) => Settings;
  readonly metrics: readonly Metric<FlowResult>[];
  readonly distributions?: readonly Distribution<FlowResult>[];
}

export interface TrialBenchmark extends Common {
  readonly kind: 'trial';
  /** URL of the module that exports `trial: Trial`. */
  readonly module: string;
  readonly subjects: readonly string[];
  readonly floor?: string;
  readonly settings: (run: RunSettings) => OperationSettings;
  readonly metrics: readonly Metric<TrialResult>[];
  readonly distributions?: readonly Distribution<TrialResult>[];
}

export type Benchmark = OperationBenchmark | FlowBenchmark | TrialBenchmark;

/** A heat map: one metric over two axes, each cell a benchmark of its own. Runs with `--full` or when `--only` names it. */
export interface Sweep {
  readonly kind: 'sweep';
  readonly name: `${string}/${string}`;
  readonly what: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Name of the metric that colours the cells. */
  readonly metric: string;
  /** `name` and `quick` of what it returns are not looked at. */
  readonly cell: (x: number, y: number) => Benchmark;
}

export interface Axis {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** What a suite exports as `benchmarks`. */
export type Entry = Benchmark | Sweep;

export type OperationSettings = Readonly<Record<string, number | string>>;

/** The subjects of an operation benchmark, by name. Each is set up outside of the measured time. */
export interface Operation {
  readonly subjects: Readonly<Record<string, (settings: OperationSettings) => Prepared | Promise<Prepared>>>;
}

export interface Prepared {
  /**
   * Does the operation `times` times in a plain loop and returns something that depends on all of them, so that
   * nothing can be optimised away. The harness chooses `times` for batches of about a millisecond.
   */
  run(times: number): unknown;
  /** Averages over everything so far, by the names in the benchmark's `counters`. Asked after the measurement. */
  counters?(): Readonly<Record<string, number>>;
  close?(): void;
}

/** The subjects of a trial, by name. Each measures itself and returns what its metrics read. */
export type Trial = Readonly<
  Record<string, (settings: OperationSettings) => Promise<Measurement> | Measurement>
>;

export interface TrialResult {
  readonly version: string;
  readonly measurement: Measurement;
  readonly cost: ProcessCost;
}

/** `sctp` of `sctp/bundle-64B`. */
export function areaOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}
