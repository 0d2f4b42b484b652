// `npm run bench [-- --only bulk,open --impl millrace,werift --rounds 5 --seconds 3 --smoke --json FILE --gate]`:
// runs the benchmarks for millrace and its rivals in turns and prints what each did and how millrace compares.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import {
  type Benchmark,
  type Entry,
  formatValue,
  IMPLEMENTATION_NAMES,
  median,
  medianRatio,
  metricsOf,
  type RunSettings,
  runInterleaved,
  type Series,
  spread,
} from '@millrace/bench-harness';
import { benchmarks as latency } from '@millrace/bench-latency';
import { benchmarks as throughput } from '@millrace/bench-throughput';
import { readArguments } from './arguments.ts';
import { formatTable } from './table.ts';
import { ROOT } from './workspace.ts';

const ENTRIES: readonly Entry[] = [...throughput, ...latency];
const BENCHMARKS = ENTRIES.filter((entry): entry is Benchmark => entry.kind !== 'sweep');

/** What `--gate` asks of the ratio of millrace to a rival. */
const GATES = [
  { benchmark: 'e2e/bulk-65536', metric: 'throughput', rival: 'node-datachannel', least: 0.35 },
  { benchmark: 'e2e/bulk-65536', metric: 'throughput', rival: 'werift', least: 3 },
  { benchmark: 'e2e/open', metric: 'time to open', rival: 'node-datachannel', most: 1 },
  { benchmark: 'e2e/open', metric: 'time to open', rival: 'werift', most: 1 },
] as const;

const { values } = readArguments({
  options: {
    only: { type: 'string', default: BENCHMARKS.map(({ name }) => name).join(',') },
    impl: { type: 'string', default: IMPLEMENTATION_NAMES.join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    smoke: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const benchmarks = choose(
  'benchmark',
  values.only,
  BENCHMARKS.map(({ name }) => name),
).map((name) => BENCHMARKS.find((benchmark) => benchmark.name === name)!);
const implementations = choose('implementation', values.impl, IMPLEMENTATION_NAMES);
const rounds = values.smoke ? 1 : positive('rounds', values.rounds);
const seconds = values.smoke ? 1 : positive('seconds', values.seconds);
const run: RunSettings = { mode: values.smoke ? 'smoke' : 'quick', seconds };

const results: Array<{ benchmark: Benchmark; series: Series[] }> = [];
for (const benchmark of benchmarks) {
  console.log(`\n${benchmark.name}: ${benchmark.what}`);
  const isStack = (subject: string): boolean => IMPLEMENTATION_NAMES.some((name) => name === subject);
  const subjects = benchmark.subjects.filter(
    (subject) => !isStack(subject) || implementations.some((name) => name === subject),
  );
  const headline = metricsOf(benchmark)[0]!;
  const series = await runInterleaved({
    benchmark,
    subjects,
    rounds,
    run,
    onRound: ({ subject }, round, result) =>
      console.log(
        `  ${benchmark.name} ${round + 1}/${rounds} ${subject}: ${
          result instanceof Error
            ? result.message
            : `${headline.name} ${formatValue(result.values[headline.name] ?? Number.NaN)} ${headline.unit}`
        }`,
      ),
  });
  results.push({ benchmark, series });
}
for (const { benchmark, series } of results) console.log(`\n${report(benchmark, series)}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(record(), null, 2)}\n`);

// A rival that cannot run is reported above; millrace has to.
const broken = results.filter(({ series }) =>
  series.some(({ subject, skipped }) => subject === 'millrace' && skipped !== undefined),
);
for (const { benchmark } of broken) console.error(`millrace has no result in ${benchmark.name}`);
if (broken.length > 0 || (values.gate && !passesGates())) process.exitCode = 1;

function report(benchmark: Benchmark, all: readonly Series[]): string {
  const ours = all.find(({ subject }) => subject === 'millrace');
  const header = [benchmark.name, 'version'];
  for (const { name, unit } of metricsOf(benchmark)) header.push(`${name}, ${unit}`, '±', 'millrace is');
  const rows = all.map((series) => {
    const cells = [series.subject, series.version];
    if (series.rounds.length === 0) return cells;
    for (const { name } of metricsOf(benchmark)) {
      const values = valuesOf(series, name);
      const base = ours ? valuesOf(ours, name) : [];
      const ratio = series === ours || base.length === 0 ? '' : `${medianRatio(base, values).toFixed(2)}x`;
      cells.push(formatValue(median(values)), `${(spread(values) * 100).toFixed(0)} %`, ratio);
    }
    return cells;
  });
  const skipped = all
    .filter((series) => series.skipped !== undefined)
    .map((series) => `${series.subject} ${series.skipped!.split('\n')[0]}`);
  return [formatTable(header, rows, header.map((_, i) => i).slice(2)), ...skipped].join('\n');
}

function valuesOf({ rounds }: Series, metric: string): number[] {
  return rounds.map(({ values }) => values[metric] ?? Number.NaN);
}

function passesGates(): boolean {
  let passed = true;
  for (const gate of GATES) {
    const found = results.find(({ benchmark }) => benchmark.name === gate.benchmark);
    if (!found) continue;
    const of = (name: string): readonly number[] =>
      found.series
        .filter(({ subject }) => subject === name)
        .flatMap((series) => valuesOf(series, gate.metric));
    const ratio = medianRatio(of('millrace'), of(gate.rival));
    const asked = 'least' in gate ? `at least ${gate.least}` : `at most ${gate.most}`;
    const holds = 'least' in gate ? ratio >= gate.least : ratio <= gate.most;
    const verdict = Number.isNaN(ratio) ? 'not measured' : holds ? 'holds' : 'FAILS';
    console.log(`gate: ${gate.metric} / ${gate.rival} = ${formatValue(ratio)}, ${asked}: ${verdict}`);
    if (!holds && !Number.isNaN(ratio)) passed = false;
  }
  return passed;
}

/** The run as data. `schema` is raised when a field changes its meaning or goes. */
function record(): object {
  return {
    schema: 1,
    date: new Date().toISOString(),
    commit: commit(),
    node: process.versions.node,
    machine: {
      cpu: cpus()[0]?.model ?? '?',
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: process.platform,
    },
    settings: { rounds, seconds, smoke: values.smoke },
    benchmarks: results.map(({ benchmark, series }) => ({
      name: benchmark.name,
      what: benchmark.what,
      metrics: metricsOf(benchmark),
      series,
    })),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).trim();
  } catch {
    return '?';
  }
}

function choose<Name extends string>(what: string, list: string, names: readonly Name[]): Name[] {
  const chosen = list.split(',');
  const unknown = chosen.filter((name) => !names.includes(name as Name));
  if (unknown.length > 0) {
    console.error(`no ${what} is named ${unknown.join(', ')}; there are ${names.join(', ')}`);
    process.exit(2);
  }
  return chosen as Name[];
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    console.error(`--${name} takes a number above 0, not '${text}'`);
    process.exit(2);
  }
  return value;
}
