export {
  type Benchmark,
  formatValue,
  type InterleaveOptions,
  type Metric,
  runInterleaved,
  type Series,
} from './benchmark.ts';
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
  IMPLEMENTATION_NAMES,
  type Implementation,
  type ImplementationName,
  type Peer,
  type Signal,
} from './implementation.ts';
export { type RunOptions, runFlow, UnavailableError } from './run-flow.ts';
export { median, medianRatio, quantile, spread } from './statistics.ts';
