export { loadImplementation } from './adapters/load.ts';
export {
  type Axis,
  areaOf,
  type Benchmark,
  type Distribution,
  type Entry,
  type FlowBenchmark,
  type Metric,
  type Mode,
  type Operation,
  type OperationBenchmark,
  type OperationSettings,
  type Prepared,
  type RunSettings,
  type Sweep,
  type Trial,
  type TrialBenchmark,
  type TrialResult,
} from './benchmark.ts';
export { CostMeter } from './costs.ts';
export type {
  Connection,
  Flow,
  FlowContext,
  FlowResult,
  Measurement,
  ProcessCost,
  Settings,
} from './flow.ts';
export {
  type Channel,
  type ChannelOptions,
  FLOOR_NAMES,
  IMPLEMENTATION_NAMES,
  type Implementation,
  type ImplementationName,
  type Peer,
  PHASES,
  type Phase,
  type Signal,
} from './implementation.ts';
export {
  LatencyRecorder,
  type LatencySummary,
  mergeHistograms,
  percentile,
  quantileMillis,
  suffices,
  summarise,
} from './latency.ts';
export {
  type MetricDescription,
  metricsOf,
  type RoundResult,
  runPair,
  runRound,
  type Sampling,
} from './run-benchmark.ts';
export { type PeerPath, type RunOptions, runFlow, UnavailableError } from './run-flow.ts';
export { formatValue, median, medianRatio, quantile, spread } from './statistics.ts';
export { startStunResponder } from './stun-responder.ts';
