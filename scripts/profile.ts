// `npm run profile -- BENCHMARK [--impl millrace] [--seconds 5] [--out DIR]`: runs one benchmark once with V8's sampler on
// and writes, for each of its processes, a CPU profile (for the browser's developer tools), a flame graph as SVG, and
// the ten hottest functions.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runRound } from '@millrace/bench-harness';
import { type CpuProfile, drawFlameGraph, hottest, toCallTree } from '@millrace/bench-harness/profile';
import { runSettings, selectEntries, UsageError } from '@millrace/bench-harness/runner';
import { benchmarks as latency } from '@millrace/bench-latency';
import { benchmarks as throughput } from '@millrace/bench-throughput';
import { readArguments } from './arguments.ts';
import { formatTable } from './table.ts';
import { ROOT } from './workspace.ts';

const HOTTEST = 10;

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments({
    allowPositionals: true,
    options: {
      impl: { type: 'string', default: 'millrace' },
      seconds: { type: 'string', default: '5' },
      out: { type: 'string' },
    },
  });
  const [word] = positionals;
  const benchmarks = [...throughput, ...latency].filter((entry) => entry.kind !== 'sweep');
  if (word === undefined || positionals.length > 1)
    throw new UsageError(
      'npm run profile takes the name of one benchmark; npm run bench -- --full --list has them',
    );
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new UsageError(`--seconds takes a number above 0, not '${values.seconds}'`);
  const selection = { mode: 'full', only: [word], implementations: [], sweeps: false } as const;
  const chosen = selectEntries(benchmarks, selection).filter((entry) => entry.kind !== 'sweep');
  const benchmark = chosen.find(({ name }) => name === word) ?? chosen[0]!;
  if (chosen.length > 1 && benchmark.name !== word)
    throw new UsageError(
      `'${word}' is ${chosen.length} benchmarks, one is profiled at a time: ${chosen.map(({ name }) => name).join(', ')}`,
    );
  const subjects: readonly string[] = benchmark.subjects;
  if (!subjects.includes(values.impl))
    throw new UsageError(`${benchmark.name} has no '${values.impl}'; there are ${subjects.join(', ')}`);

  const folder =
    values.out ?? join(ROOT, 'profiles', `${benchmark.name}-${values.impl}`.replaceAll(/[^\w.-]+/g, '-'));
  mkdirSync(folder, { recursive: true });
  const processes = benchmark.kind === 'flow' ? ['offerer', 'answerer'] : ['process'];
  for (const name of processes) rmSync(join(folder, `${name}.cpuprofile`), { force: true });
  console.log(`${benchmark.name}, ${values.impl}: ${benchmark.what}`);
  const { values: measured } = await runRound({
    benchmark: { ...benchmark, timeoutSeconds: 60 + seconds * 10 },
    subject: values.impl,
    run: { ...runSettings('flow', 'full', seconds) },
    launch: { environment: { MILLRACE_BENCH_PROFILE: folder } },
  });
  console.log(
    Object.entries(measured)
      .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
      .join(', '),
    '(slower than without the sampler)',
  );
  for (const name of processes) report(folder, name, `${benchmark.name}, ${values.impl}, ${name}`);
}

function report(folder: string, name: string, title: string): void {
  const profile = JSON.parse(readFileSync(join(folder, `${name}.cpuprofile`), 'utf8')) as CpuProfile;
  const tree = toCallTree(profile, `${pathToFileURL(ROOT).href}/`);
  writeFileSync(join(folder, `${name}.svg`), drawFlameGraph(tree, title));
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const rows = hottest(tree, HOTTEST).map((hot) => [
    percent(hot.self),
    percent(hot.total),
    hot.name,
    hot.place,
  ]);
  console.log(`\n${title}: ${(tree.total / 1000).toFixed(0)} ms of processor time`);
  console.log(formatTable(['itself', 'with callees', 'function', 'where'], rows, [0, 1]));
  console.log(`${join(folder, `${name}.svg`)} and .cpuprofile`);
}
