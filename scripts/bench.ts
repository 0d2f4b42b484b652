// `npm run bench [-- --full --only e2e,sctp/bundle --impl millrace,werift --json FILE --report DIR --compare main]`:
// runs the benchmarks for millrace, its rivals and the floors in turns and prints what each did and how millrace
// compares; docs/performance.md has all options. Interrupted once it keeps what it has; twice it goes at once.
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry, Mode } from '@millrace/bench-harness';
import { JUDGE_DEFAULTS } from '@millrace/bench-harness/judge';
import {
  type Comparison,
  compareSides,
  compareWithRecord,
  formatMachine,
  hasRegressed,
  judgeBenchmark,
  type Lane,
  Progress,
  planTasks,
  type RunRecord,
  readCommit,
  readMachine,
  runPlan,
  SCHEMA,
  selectEntries,
  selectSubjects,
  type TaskResult,
  thinForSmoke,
  toBenchmarkRecords,
  toSweepRecords,
  UsageError,
} from '@millrace/bench-harness/runner';
import { benchmarks as latency } from '@millrace/bench-latency';
import { benchmarks as throughput } from '@millrace/bench-throughput';
import { type BaseCheckout, checkOut } from './bench/checkout.ts';
import { checkGates } from './bench/gates.ts';
import { benchInstructions } from './bench/instructions.ts';
import { formatMarkdown } from './bench/markdown.ts';
import { type BenchOptions, readBenchOptions } from './bench/options.ts';
import { readRecord, writeFile, writeReport } from './bench/results.ts';
import { formatBenchmarks, formatComparison, formatSweep } from './bench/tables.ts';
import { ROOT } from './workspace.ts';

/** A run of everything begins no round that would end after so long. */
const BUDGET_MS: Readonly<Record<Mode, number>> = { smoke: Infinity, quick: 150_000, full: 1_380_000 };
/** What the README tells of has a spread, so a full run has so many rounds of it at least. */
const HEADLINE_ROUNDS: Readonly<Record<Mode, number>> = { smoke: 0, quick: 1, full: 3 };
/** However slow the machine is: what has not begun by then is left out. */
const LIMIT_MS: Readonly<Record<Mode, number>> = { smoke: Infinity, quick: 165_000, full: Infinity };
const ENTRIES: readonly Entry[] = [...throughput, ...latency];

try {
  process.exitCode = await main(readBenchOptions());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function main(options: BenchOptions): Promise<number> {
  const entries = selectEntries(ENTRIES, options);
  if (options.list) {
    for (const { name, kind, what } of entries) console.log(`${name}  (${kind}) ${what}`);
    return 0;
  }
  const machine = readMachine();
  const earlier = options.compare && 'file' in options.compare ? readRecord(options.compare.file) : undefined;
  const interrupt = listenForInterrupt();
  const progress = new Progress(process.stderr);
  const base = options.compare && 'ref' in options.compare ? checkOut(options.compare.ref) : undefined;
  process.once('exit', () => base?.remove());
  try {
    for (const note of base?.notes ?? []) progress.note(note);
    if (options.instructions) {
      const benchmarks = entries.filter((entry) => entry.kind === 'operation');
      const { threshold } = options;
      const signal = interrupt;
      return (await benchInstructions({ benchmarks, base: base?.root, threshold, progress, signal })) ? 0 : 1;
    }
    const results = await run(options, entries, base, progress, interrupt);
    progress.end();
    const record = toRecord(options, results, machine, base, earlier, interrupt.aborted);
    return conclude(options, record, interrupt.aborted);
  } finally {
    base?.remove();
  }
}

function run(
  options: BenchOptions,
  entries: readonly Entry[],
  base: BaseCheckout | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<TaskResult[]> {
  const { mode, rounds, seconds, implementations } = options;
  const tasks = planTasks(entries, (benchmark) => {
    const subjects = selectSubjects(benchmark, implementations);
    if (!base) return subjects.map((subject): Lane => ({ subject, launch: {} }));
    if (!subjects.includes('millrace')) return [];
    return [
      { subject: 'millrace', side: 'base', launch: { root: base.root } },
      { subject: 'millrace', side: 'head', launch: {} },
    ];
  });
  if (tasks.length === 0)
    throw new UsageError('nothing to run: no chosen benchmark has a chosen implementation');
  // Hundreds of short processes: what the first has compiled the others need not. Nothing that is measured may know.
  if (mode === 'smoke') process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'millrace-bench-smoke');
  return runPlan({
    tasks: mode === 'smoke' ? thinForSmoke(tasks) : tasks,
    mode,
    rounds,
    seconds,
    signal,
    ...(base ? { maxRounds: JUDGE_DEFAULTS.maxPairs, isSettled } : {}),
    ...(base || options.only.length > 0
      ? {}
      : {
          budgetMillis: BUDGET_MS[mode],
          limitMillis: LIMIT_MS[mode],
          headlineRounds: HEADLINE_ROUNDS[mode],
        }),
    concurrency: mode === 'smoke' ? availableParallelism() : 1,
    onStep: (step) => progress.step(step),
  });
}

/** Whether more pairs would hardly change what is said of a benchmark. */
function isSettled(result: TaskResult): boolean {
  // There will be no pair: what one side cannot run is told once.
  if (result.series.some(({ skipped }) => skipped !== undefined)) return true;
  const [benchmark] = toBenchmarkRecords([result]);
  const [before, after] = benchmark!.series;
  return judgeBenchmark(benchmark!, before, after).every(({ isSettled }) => isSettled);
}

function toRecord(
  options: BenchOptions,
  results: readonly TaskResult[],
  machine: RunRecord['machine'],
  base: BaseCheckout | undefined,
  earlier: RunRecord | undefined,
  interrupted: boolean,
): RunRecord {
  const { mode, rounds, seconds, implementations, threshold } = options;
  const benchmarks = toBenchmarkRecords(results);
  let comparison: Comparison | undefined;
  if (base)
    comparison = compareSides(benchmarks, {
      with: (options.compare as { ref: string }).ref,
      base: base.commit,
      interleaved: true,
      threshold,
    });
  else if (options.compare && 'file' in options.compare) {
    comparison = compareWithRecord(benchmarks, earlier!, {
      with: options.compare.file,
      base: earlier!.commit,
      interleaved: false,
      threshold,
    });
  }
  return {
    schema: SCHEMA,
    date: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
      ' ',
    ),
    complete: !interrupted && benchmarks.every(isMeasured),
    commit: readCommit(ROOT) ?? null,
    node: process.versions.node,
    v8: process.versions.v8,
    machine,
    settings: { mode, rounds, seconds, implementations },
    benchmarks,
    sweeps: toSweepRecords(results),
    ...(comparison ? { comparison } : {}),
  };
}

/** Prints and writes what there is, and says how the process ends. */
function conclude(options: BenchOptions, record: RunRecord, interrupted: boolean): number {
  const measured = record.benchmarks.filter(isMeasured);
  const { commit, machine, node, settings } = record;
  console.log(`\n${formatBenchmarks(measured)}`);
  for (const sweep of record.sweeps) console.log(`\n${formatSweep(sweep)}`);
  console.log(
    `\n${settings.mode} run of ${commit ? `${commit.id}${commit.dirty ? ' with changes' : ''}` : 'no commit'}, Node ${node}, ${formatMachine(machine)}`,
  );
  if (record.comparison) {
    const { base, interleaved } = record.comparison;
    console.log(
      `head against ${record.comparison.with}${base ? ` (${base.id})` : ''}${interleaved ? '' : ', measured at another time'}:\n${formatComparison(record.comparison)}`,
    );
  }
  if (options.json !== undefined) writeFile(options.json, `${JSON.stringify(record, null, 1)}\n`);

  if (options.markdown !== undefined) writeFile(options.markdown, formatMarkdown(record));
  if (options.report !== undefined) writeReport(options.report, record);

  let failures = 0;
  if (interrupted) console.error('interrupted: this is what there was');
  else if (measured.length < record.benchmarks.length) {
    const left = record.benchmarks.filter((benchmark) => !isMeasured(benchmark));
    console.error(`no time was left for ${left.map(({ name }) => name).join(', ')}: --only measures them`);
  }
  // A rival that cannot run is reported above; millrace has to, where there is something of it to run.
  for (const { name, series } of interrupted ? [] : measured)
    for (const { subject, side, skipped, rounds } of series)
      if (
        subject === 'millrace' &&
        side !== 'base' &&
        (skipped === undefined ? rounds.length === 0 : !skipped.endsWith('is not there yet'))
      ) {
        console.error(`millrace has no result in ${name}${skipped === undefined ? '' : `: ${skipped}`}`);
        failures++;
      }
  if (options.gate) {
    const { lines, hold } = checkGates(measured);
    for (const line of lines) console.log(line);
    if (!hold) failures++;
  }
  if (record.comparison && hasRegressed(record.comparison)) {
    console.error(
      `regressed: ${record.comparison.verdicts
        .filter(({ verdict }) => verdict === 'regressed')
        .map(({ benchmark }) => benchmark)
        .join(', ')}`,
    );
    failures++;
  }
  return interrupted ? 130 : failures > 0 ? 1 : 0;
}

/** Or it is known why not. */
function isMeasured({ series }: RunRecord['benchmarks'][number]): boolean {
  return series.some(({ rounds, skipped }) => rounds.length > 0 || skipped !== undefined);
}

function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error('interrupted'));
    });
  return controller.signal;
}
