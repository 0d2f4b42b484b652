// What is chosen, in which order it runs, and what interrupts it. The processes run a trivial operation.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, test } from 'node:test';
import type { Entry, OperationBenchmark } from '../src/index.ts';
import { planTasks, runPlan, selectEntries, selectSubjects, UsageError } from '../src/runner/index.ts';

const entry = (name: `${string}/${string}`, more: Partial<OperationBenchmark> = {}): OperationBenchmark => ({
  kind: 'operation',
  name,
  what: 'adds numbers',
  quick: true,
  module: new URL('./operations/sum.ts', import.meta.url).href,
  subjects: ['millrace'],
  timeoutSeconds: 300,
  ...more,
});
const ENTRIES: readonly Entry[] = [
  entry('sctp/one'),
  entry('sctp/two', { quick: false }),
  entry('e2e/one-more'),
  {
    kind: 'sweep',
    name: 'sctp/grid',
    what: '',
    x: { name: 'x', unit: '', values: [1, 2] },
    y: { name: 'y', unit: '', values: [1, 2, 3] },
    metric: 'time',
    cell: () => entry('sctp/cell'),
  },
];
const names = (selection: Partial<Parameters<typeof selectEntries>[1]>): string[] =>
  selectEntries(ENTRIES, { mode: 'quick', only: [], implementations: [], sweeps: false, ...selection }).map(
    ({ name }) => name,
  );

describe('what is chosen', () => {
  test('is the quick part by default and everything in a full run', () => {
    assert.deepEqual(names({}), ['sctp/one', 'e2e/one-more']);
    assert.deepEqual(
      names({ mode: 'full', sweeps: true }),
      ENTRIES.map(({ name }) => name),
    );
  });

  test('is what a word names: an area, a benchmark or a part of one', () => {
    assert.deepEqual(names({ only: ['sctp'] }), ['sctp/one', 'sctp/two']);
    assert.deepEqual(names({ only: ['sctp/two'] }), ['sctp/two']);
    assert.deepEqual(names({ only: ['one'] }), ['sctp/one', 'e2e/one-more']);
    assert.deepEqual(names({ only: ['sctp/grid'] }), ['sctp/grid']);
  });

  test('is refused in one line that names what there is', () => {
    assert.throws(
      () => names({ only: ['nosuch'] }),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(
          error.message,
          /^no benchmark is named 'nosuch'; the areas are e2e, sctp, and --list has every name$/,
        );
        return true;
      },
    );
  });

  test('keeps baselines whatever stacks are asked for', () => {
    const benchmark = entry('pool/x', { subjects: ['millrace', 'werift', 'Buffer.alloc'] });
    assert.deepEqual(selectSubjects(benchmark, ['millrace']), ['millrace', 'Buffer.alloc']);
  });

  test('has a task for each cell of a sweep', () => {
    assert.equal(planTasks(ENTRIES, () => [{ subject: 'millrace', launch: {} }]).length, 3 + 6);
  });
});

describe('a run', () => {
  const lanes = ['millrace', 'throws'].map((subject) => ({ subject, launch: {} }));
  const tasks = planTasks([entry('test/sum')], () => lanes);

  test('takes turns there and back, and skips what has failed twice', async () => {
    const order: string[] = [];
    const [result] = await runPlan({
      tasks,
      mode: 'quick',
      seconds: 0.02,
      rounds: 3,
      onStep: ({ series, round }) => order.push(`${round} ${series.subject}`),
    });
    assert.deepEqual(order, ['0 millrace', '0 throws', '1 throws', '1 millrace', '2 millrace']);
    assert.match(result!.series[1]!.skipped!, /^failed: .*no luck/);
    assert.equal(result!.series[0]!.rounds.length, 3);
  });

  test('that only shows what works starts no second process for what its module does not have', async (t) => {
    let processes = 0;
    const count = (): void => void processes++;
    subscribe('child_process', count);
    t.after(() => unsubscribe('child_process', count));
    const absent = [{ subject: 'missing', launch: {} }];
    const tasks = planTasks([entry('test/first'), entry('test/second')], () => absent);
    const results = await runPlan({ tasks, mode: 'smoke', seconds: 0.02, rounds: 1 });
    assert.deepEqual(
      results.map(({ series }) => /^not available: /.test(series[0]!.skipped!)),
      [true, true],
    );
    assert.equal(processes, 1);
  });

  test('goes on while it is not settled, up to a limit', async () => {
    const quick = {
      tasks: planTasks([entry('test/sum')], () => lanes.slice(0, 1)),
      mode: 'quick',
      seconds: 0.02,
    } as const;
    const rounds = async (isSettled: boolean): Promise<number> => {
      const [result] = await runPlan({ ...quick, rounds: 1, maxRounds: 3, isSettled: () => isSettled });
      return result!.series[0]!.rounds.length;
    };
    assert.deepEqual([await rounds(false), await rounds(true)], [3, 1]);
  });

  test('that is interrupted keeps what it had and ends its processes', async () => {
    const interrupt = new AbortController();
    const hanging = [...lanes.slice(0, 1), { subject: 'hangs', launch: {} }];
    const running = runPlan({
      tasks: planTasks([entry('test/sum', { timeoutSeconds: 3600 })], () => hanging), // it would never end
      mode: 'quick',
      seconds: 0.02,
      rounds: 2,
      signal: interrupt.signal,
      onStep: () => interrupt.abort(new Error('interrupted')),
    });
    const [result] = await running;
    assert.equal(result!.series[0]!.rounds.length, 1);
    assert.equal(result!.series[1]!.skipped, undefined);
  });

  test('has its promised rounds of a headline spread over it, whatever the time', async () => {
    const order: string[] = [];
    const names = ['test/a', 'test/b', 'test/headline', 'test/c'] as const;
    const entries = names.map((name) => entry(name, { headline: name === 'test/headline' }));
    await runPlan({
      tasks: planTasks(entries, () => lanes.slice(0, 1)),
      mode: 'quick',
      seconds: 0.02,
      rounds: 5,
      headlineRounds: 3,
      budgetMillis: 1,
      onStep: ({ result, round }) => order.push(`${result.task.benchmark.name.slice(5)} ${round}`),
    });
    assert.deepEqual(order, ['headline 0', 'a 0', 'b 0', 'headline 1', 'c 0', 'headline 2']);
  });

  test('that is over leaves out what it has not begun', async () => {
    const [result] = await runPlan({
      tasks: planTasks([entry('test/sum')], () => lanes.slice(0, 1)),
      mode: 'quick',
      seconds: 0.02,
      rounds: 2,
      limitMillis: -1,
    });
    assert.deepEqual([result!.series[0]!.rounds.length, result!.series[0]!.skipped], [0, undefined]);
  });

  test('begins no round for which there is no time', async () => {
    const [result] = await runPlan({
      tasks: planTasks([entry('test/sum')], () => lanes.slice(0, 1)),
      mode: 'quick',
      seconds: 0.02,
      rounds: 5,
      budgetMillis: 1,
    });
    assert.equal(result!.series[0]!.rounds.length, 1);
  });
});
