// Every operation of the suites, in this process: that it does the work it says it does. Nothing is timed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation, OperationBenchmark } from '@millrace/bench-harness';
import { benchmarks } from '../src/index.ts';

const operations = benchmarks.filter((entry): entry is OperationBenchmark => entry.kind === 'operation');

describe('the operations of the throughput suite', () => {
  for (const { name, module, subjects, settings = {} } of operations) {
    // 1000 candidates take a quarter of a second each time.
    const times = name === 'ice/pairs-1000' ? [1] : [1, 3, 40];
    test(`${name} runs with each subject, as often as it is asked to`, async (t) => {
      const { operation } = (await import(module)) as { operation: Operation };
      for (const subject of subjects) {
        let prepared: Awaited<ReturnType<NonNullable<(typeof operation.subjects)[string]>>>;
        try {
          prepared = await operation.subjects[subject]!(settings);
        } catch (error) {
          // Rivals need not be installed, and some packages of ours are not there yet.
          if (!/^(?:ERR_)?MODULE_NOT_FOUND$/.test(String((error as { code?: unknown }).code))) throw error;
          t.diagnostic(`${subject}: ${(error as Error).message}`);
          continue;
        }
        for (const count of times) assert.notEqual(await prepared.run(count), undefined, subject);
        const counters = prepared.counters?.() ?? {};
        for (const [counter, value] of Object.entries(counters))
          assert.ok(Number.isFinite(value), `${subject}: ${counter} is ${value}`);
        // What is dropped has not been processed, and a miss has taken nothing.
        assert.equal(counters.dropped ?? 0, 0, `${subject} drops what it is given`);
        assert.equal(counters.misses ?? 0, 0, `${subject} misses`);
        prepared.close?.();
      }
    });
  }
});

describe('messages over a link in memory', () => {
  test('small ones share packets, large ones are cut, and the wire carries little more than they are', async () => {
    const wire = async (bytes: number): Promise<Readonly<Record<string, number>>> => {
      const entry = operations.find(({ name }) => name === `sctp/messages-${bytes}`)!;
      const { operation } = (await import(entry.module)) as { operation: Operation };
      return (await operation.subjects.millrace!(entry.settings!)).counters!();
    };
    const small = await wire(16);
    assert.ok(small.packets! < 0.1 && small['chunks per packet']! > 10);
    const large = await wire(65_536);
    assert.ok(large.packets! > 56 && large['wire bytes']! > 65_536 && large['wire bytes']! < 65_536 * 1.05);
  });
});
