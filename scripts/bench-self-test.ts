// `npm run bench-self-test [-- --only sctp/ --tries 20 --slowdown 10%]`: judges the judge on this machine, on a loop that
// never changes and on a benchmark of the suites. Each try
// compares this checkout with itself, once as it is (must come out the same) and once with everything measured made
// slower by that share (must come out as a regression). The fast version, on made-up noise, is among the tests.

import type { Entry } from '@millrace/bench-harness';
import { JUDGE_DEFAULTS, yardstick } from '@millrace/bench-harness/judge';
import { percent } from '@millrace/bench-harness/report';
import {
  judgeBenchmark,
  planTasks,
  runPlan,
  selectEntries,
  type TaskResult,
  toBenchmarkRecords,
  UsageError,
  type Verdict,
} from '@millrace/bench-harness/runner';
import { benchmarks as latency } from '@millrace/bench-latency';
import { benchmarks as throughput } from '@millrace/bench-throughput';
import { readArguments } from './arguments.ts';

const { values } = readArguments({
  options: {
    only: { type: 'string', default: `${yardstick.name},ice/candidate-parse` },
    tries: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '1' },
    slowdown: { type: 'string', default: '10' },
    kind: { type: 'string', default: 'both' },
  },
});
let entries: readonly Entry[];
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const tries = Number(values.tries);
  if (!(Number.isInteger(tries) && tries > 0))
    throw new UsageError(`--tries takes a whole number above 0, not '${values.tries}'`);
  const slowdown = Number.parseFloat(values.slowdown) / 100;
  if (!(slowdown > 0)) throw new UsageError(`--slowdown takes a share such as 10%, not '${values.slowdown}'`);
  if (!(Number(values.seconds) > 0))
    throw new UsageError(`--seconds takes a number above 0, not '${values.seconds}'`);
  const all = [
    { kind: 'same', name: 'A/A', environment: {}, due: 'same' },
    {
      kind: 'slower',
      name: `${(slowdown * 100).toFixed(0)} % slower`,
      environment: { MILLRACE_BENCH_SLOWDOWN: String(slowdown) },
      due: 'regressed',
    },
  ] as const;
  const cases = all.filter(({ kind }) => values.kind === 'both' || values.kind === kind);
  if (cases.length === 0) throw new UsageError(`--kind takes both, same or slower, not '${values.kind}'`);
  const only = values.only.split(',');
  const selection = { mode: 'quick', implementations: ['millrace'], sweeps: false, only } as const;
  entries = selectEntries([yardstick, ...throughput, ...latency], selection);

  let wrong = 0;
  for (const { name, environment, due } of cases) {
    const right = new Map<string, number>();
    for (let tried = 1; tried <= tries; tried++) {
      const started = performance.now();
      for (const verdict of await compareWithItself(environment)) {
        const id = `${verdict.benchmark}, ${verdict.metric}`;
        const isRight = verdict.verdict === due;
        right.set(id, (right.get(id) ?? 0) + (isRight ? 1 : 0));
        if (!isRight) wrong++;
        const { ratio, low, high, pairs } = verdict;
        const seconds = ((performance.now() - started) / 1000).toFixed(0);
        console.log(
          `${name} ${tried}/${tries} ${id}: ${verdict.verdict}${isRight ? '' : ' (WRONG)'}, ${percent(ratio)} (${percent(low)} to ${percent(high)}) by ${pairs} pairs, ${seconds} s`,
        );
      }
    }
    for (const [id, count] of right)
      console.log(`${name}: ${id} was called ${due} in ${count} of ${tries} tries`);
  }
  return wrong === 0 ? 0 : 1;
}

async function compareWithItself(environment: Readonly<Record<string, string>>): Promise<Verdict[]> {
  const results = await runPlan({
    tasks: planTasks(entries, () => [
      { subject: 'millrace', side: 'base', launch: {} },
      { subject: 'millrace', side: 'head', launch: { environment } },
    ]),
    mode: 'quick',
    rounds: JUDGE_DEFAULTS.minPairs,
    maxRounds: JUDGE_DEFAULTS.maxPairs,
    seconds: Number(values.seconds),
    isSettled: (result) => verdicts(result).every(({ isSettled }) => isSettled),
  });
  return results.flatMap(verdicts);
}

function verdicts(result: TaskResult): ReturnType<typeof judgeBenchmark> {
  const [benchmark] = toBenchmarkRecords([result]);
  return judgeBenchmark(benchmark!, benchmark!.series[0], benchmark!.series[1]);
}
