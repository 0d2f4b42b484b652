// The driver of operations and trials: what it measures of a trivial one, and what becomes of a subject that is
// missing, fails, hangs or dies.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Benchmark,
  type OperationBenchmark,
  runPair,
  runRound,
  UnavailableError,
} from '../src/index.ts';
import { mergeHistograms, percentile } from '../src/latency.ts';

const module = new URL('./operations/sum.ts', import.meta.url).href;
const sum: OperationBenchmark = {
  kind: 'operation',
  name: 'test/sum',
  what: 'adds numbers',
  quick: true,
  module,
  subjects: ['millrace'],
  settings: { step: 3 },
  bytesPerOperation: 8,
  sample: 16,
  counters: [{ name: 'calls', unit: '', better: 'higher' }],
  timeoutSeconds: 300,
};
const SLOWER = { environment: { MILLRACE_BENCH_SLOWDOWN: '4' } };
const run = { mode: 'quick', seconds: 0.05 } as const;

describe('an operation in a process of its own', () => {
  test('has its time, rate, allocations, counters and latencies measured', async () => {
    const { values, costs } = await runRound({ benchmark: sum, subject: 'millrace', run });
    assert.ok(values.time! > 0.05 && values.time! < 1000, `${values.time} ns`);
    assert.ok(Math.abs(values.rate! * values.time! - 1000) < 1e-6);
    assert.ok(values.throughput! > 0);
    assert.ok(values.allocated! < 10, `${values.allocated} bytes for an addition`);
    assert.ok(values.calls! > 10);
    assert.ok(costs.process!.peakMemory > 1_000_000);
  });

  test('has its percentiles taken from samples of as many operations as the benchmark says', async () => {
    const round = await runRound({ benchmark: sum, subject: 'millrace', run: { ...run, seconds: 0.5 } });
    const { histogram } = mergeHistograms([round.distributions.latency!])!;
    assert.ok(histogram.totalCount > 0);
    assert.equal(round.values['in samples of'], 16);
    assert.equal(round.sampling!.operations, 16);
    assert.ok(round.sampling!.clockNanos >= 0 && round.sampling!.clockNanos < 100_000);
    // Of as many as there was time for: nearly always enough for both, see below.
    for (const percent of [99, 99.9])
      assert.equal(round.values[`p${percent}`], percentile(histogram, percent));
  });

  test('has no percentile that too few samples say nothing about', async () => {
    const slow = { ...sum, subjects: ['slow'] };
    const { values, distributions } = await runRound({ benchmark: slow, subject: 'slow', run });
    assert.ok(mergeHistograms([distributions.latency!])!.histogram.totalCount < 200);
    assert.ok(Number.isNaN(values.p99) && Number.isNaN(values['p99.9']));
  });

  test('is measured in turns with the same of another checkout: by their ratio, without percentiles', async () => {
    const [base, head] = await runPair({ benchmark: sum, subject: 'millrace', run, launches: [{}, SLOWER] });
    const ratio = head.values.time! / base.values.time!;
    assert.ok(ratio > 2, `${ratio} times as slow, not 5`);
    assert.equal(head.values.p99, undefined);
    assert.deepEqual(head.distributions, {});
    assert.ok(base.values.calls! > 10 && head.values.allocated! < 10);
  });

  test('that fails on one side fails on both, and leaves no process', async () => {
    const running = runPair({ benchmark: sum, subject: 'throws', run, launches: [{}, {}] });
    await assert.rejects(running, /no luck/);
  });

  test('runs once through for a smoke test', async () => {
    const { values } = await runRound({
      benchmark: sum,
      subject: 'millrace',
      run: { mode: 'smoke', seconds: 1 },
    });
    assert.equal(values.calls, 1);
  });

  const failures: Array<[subject: string, reason: RegExp]> = [
    ['throws', /no luck/],
    ['dies', /ended early \(exit code 7\)/],
    ['nobody', /has no subject nobody/],
  ];
  for (const [subject, reason] of failures)
    test(`tells why ${subject} has no result`, async () => {
      await assert.rejects(runRound({ benchmark: sum, subject, run }), reason);
    });

  test('is not available if a module it needs is not installed', async () => {
    await assert.rejects(runRound({ benchmark: sum, subject: 'missing', run }), UnavailableError);
  });

  test('that hangs is ended', async () => {
    await assert.rejects(
      runRound({ benchmark: { ...sum, timeoutSeconds: 1 }, subject: 'hangs', run }),
      /not done after 1 s/,
    );
  });
});

describe('a trial', () => {
  test('yields what it has measured itself', async () => {
    const benchmark: Benchmark = {
      kind: 'trial',
      name: 'test/trial',
      what: 'returns its setting',
      quick: true,
      module,
      subjects: ['millrace'],
      settings: () => ({ value: 42 }),
      metrics: [
        { name: 'value', unit: 's', better: 'lower', read: ({ measurement }) => measurement.value as number },
      ],
      distributions: [
        { name: 'list', unit: 'ms', read: ({ measurement }) => measurement.list as readonly number[] },
      ],
    };
    const { values, distributions } = await runRound({ benchmark, subject: 'millrace', run });
    assert.deepEqual(values, { value: 42 });
    assert.equal(mergeHistograms([distributions.list!])!.histogram.totalCount, 3);
  });
});
