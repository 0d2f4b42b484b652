// `npm run bench [-- --only bulk,open --impl millrace,werift --rounds 5 --seconds 3 --smoke --json FILE --gate]`:
// runs the benchmarks for millrace and its rivals in turns and prints what each did and how millrace compares.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import {
  type Benchmark,
  formatValue,
  IMPLEMENTATION_NAMES,
  median,
  medianRatio,
  runInterleaved,
  type Series,
  spread,
} from '@millrace/bench-harness';
import { open, pingPong } from '@millrace/bench-latency';
import { bulk } from '@millrace/bench-throughput';
import { readArguments } from './arguments.ts';
import { formatTable } from './table.ts';
import { ROOT } from './workspace.ts';

const BENCHMARKS: readonly Benchmark[] = [bulk, open, pingPong];

/** What `--gate` asks of the ratio of millrace to a rival. */
const GATES = [
  { benchmark: bulk, metric: 'throughput', rival: 'node-datachannel', least: 0.35 },
  { benchmark: bulk, metric: 'throughput', rival: 'werift', least: 3 },
  { benchmark: open, metric: 'time to open', rival: 'node-datachannel', most: 1 },
  { benchmark: open, metric: 'time to open', rival: 'werift', most: 1 },
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

const results: Array<{ benchmark: Benchmark; series: Series[] }> = [];
for (const benchmark of benchmarks) {
  console.log(`\n${benchmark.name}: ${benchmark.what}`);
  const series = await runInterleaved({
    benchmark,
    implementations,
    rounds,
    seconds,
    smoke: values.smoke,
    onProgress: (line) => console.log(`  ${line}`),
  });
  results.push({ benchmark, series });
}
for (const { benchmark, series } of results) console.log(`\n${report(benchmark, series)}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(record(), null, 2)}\n`);

// A rival that cannot run is reported above; millrace has to.
const broken = results.filter(({ series }) =>
  series.some(({ implementation, skipped }) => implementation === 'millrace' && skipped !== undefined),
);
for (const { benchmark } of broken) console.error(`millrace has no result in ${benchmark.name}`);
if (broken.length > 0 || (values.gate && !passesGates())) process.exitCode = 1;

function report(benchmark: Benchmark, all: readonly Series[]): string {
  const ours = all.find(({ implementation }) => implementation === 'millrace');
  const header = [benchmark.name, 'version'];
  for (const { name, unit } of benchmark.metrics) header.push(`${name}, ${unit}`, '±', 'millrace is');
  const rows = all.map((series) => {
    const cells = [series.implementation, series.version];
    if (Object.keys(series.values).length === 0) return cells;
    for (const { name } of benchmark.metrics) {
      const values = series.values[name] ?? [];
      const base = ours?.values[name] ?? [];
      const ratio = series === ours || base.length === 0 ? '' : `${medianRatio(base, values).toFixed(2)}x`;
      cells.push(formatValue(median(values)), `${(spread(values) * 100).toFixed(0)} %`, ratio);
    }
    return cells;
  });
  const skipped = all
    .filter((series) => series.skipped !== undefined)
    .map((series) => `${series.implementation} ${series.skipped!.split('\n')[0]}`);
  return [formatTable(header, rows, header.map((_, i) => i).slice(2)), ...skipped].join('\n');
}

function passesGates(): boolean {
  let passed = true;
  for (const gate of GATES) {
    const found = results.find(({ benchmark }) => benchmark === gate.benchmark);
    if (!found) continue;
    const valuesOf = (name: string): readonly number[] =>
      found.series.find(({ implementation }) => implementation === name)?.values[gate.metric] ?? [];
    const ratio = medianRatio(valuesOf('millrace'), valuesOf(gate.rival));
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
      metrics: benchmark.metrics.map(({ name, unit, better }) => ({ name, unit, better })),
      series: series.map(({ implementation, version, values, skipped }) => ({
        implementation,
        version,
        values,
        skipped,
      })),
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
