export {
  type Comparison,
  type ComparisonOptions,
  compareSides,
  compareWithRecord,
  hasRegressed,
  judgeBenchmark,
  type Verdict,
} from './comparison.ts';
export { type Commit, formatMachine, git, type Machine, readCommit, readMachine } from './environment.ts';
export {
  countInstructions,
  findInstructionCounter,
  type InstructionCounter,
  readCallgrind,
  readPerf,
} from './instructions.ts';
export {
  type Lane,
  planTasks,
  runSettings,
  type Selection,
  type Side,
  selectEntries,
  selectSubjects,
  type Task,
  thinForSmoke,
  UsageError,
} from './plan.ts';
export { formatMillis, Progress } from './progress.ts';
export {
  type BenchmarkRecord,
  type DistributionRecord,
  type RoundRecord,
  type RunRecord,
  SCHEMA,
  type SeriesRecord,
  type SweepRecord,
  toBenchmarkRecords,
  toCurrentSchema,
  toSweepRecords,
} from './record.ts';
export { type RunPlanOptions, runPlan, type Series, type Step, type TaskResult } from './run.ts';
