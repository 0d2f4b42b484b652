// The driver of operations and trials: what it measures of a trivial one, and what becomes of a subject that is
// missing, fails, hangs or dies.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Benchmark, type OperationBenchmark, runRound, UnavailableError } from '../src/index.ts';
import { mergeHistograms } from '../src/latency.ts';

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
  timeoutSeconds: 5,
};
const run = { mode: 'quick', seconds: 0.05 } as const;

describe('an operation in a process of its own', () => {
  test('has its time, rate, allocations, counters and latencies measured', async () => {
    const { values, distributions, costs } = await runRound({ benchmark: sum, subject: 'millrace', run });
    assert.ok(values.time! > 0.05 && values.time! < 1000, `${values.time} ns`);
    assert.ok(Math.abs(values.rate! * values.time! - 1000) < 1e-6);
    assert.ok(values.throughput! > 0);
    assert.ok(values.allocated! < 10, `${values.allocated} bytes for an addition`);
    assert.ok(values.calls! > 10);
    assert.ok(mergeHistograms([distributions.latency!])!.histogram.totalCount > 0);
    assert.ok(costs.process!.peakMemory > 1_000_000);
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
