// `npm run bench-self-test [-- --only sctp/ --tries 20 --slowdown 10%]`: judges the judge on this machine, on a loop that
// never changes and on a benchmark of the suites. Each try
// compares this checkout with itself, once as it is (must come out the same) and once with everything measured made
// slower by that share (must come out as a regression). The fast version, on made-up noise, is among the tests.

import { JUDGE_DEFAULTS, yardstick } from '@millrace/bench-harness/judge';
import { percent } from '@millrace/bench-harness/report';
import {
  judgeBenchmark,
  planTasks,
  runPlan,
  selectEntries,
  type TaskResult,
  toBenchmarkRecords,
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
const selection = { mode: 'quick', implementations: ['millrace'], sweeps: false } as const;
const entries = selectEntries([yardstick, ...throughput, ...latency], {
  ...selection,
  only: values.only.split(','),
});
const slowdown = Number.parseFloat(values.slowdown) / 100;
const cases = [
  { name: 'A/A', environment: {}, due: 'same' },
  {
    name: `${(slowdown * 100).toFixed(0)} % slower`,
    environment: { MILLRACE_BENCH_SLOWDOWN: String(slowdown) },
    due: 'regressed',
  },
] as const;

let wrong = 0;
for (const { name, environment, due } of cases) {
  if (values.kind !== 'both' && !name.startsWith(values.kind)) continue;
  const right = new Map<string, number>();
  for (let tried = 1; tried <= Number(values.tries); tried++) {
    const started = performance.now();
    for (const { benchmark, metric, verdict, ratio, low, high, pairs } of await compareWithItself(
      environment,
    )) {
      const id = `${benchmark}, ${metric}`;
      if (verdict === due) right.set(id, (right.get(id) ?? 0) + 1);
      else wrong++;
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      console.log(
        `${name} ${tried}/${values.tries} ${id}: ${verdict}${verdict === due ? '' : ' (WRONG)'}, ${percent(ratio)} (${percent(low)} to ${percent(high)}) by ${pairs} pairs, ${seconds} s`,
      );
    }
  }
  for (const [id, count] of right)
    console.log(`${name}: ${id} was called ${due} in ${count} of ${values.tries} tries`);
}
process.exitCode = wrong === 0 ? 0 : 1;

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
