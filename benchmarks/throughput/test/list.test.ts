import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Settings } from '@millrace/bench-harness';
import { benchmarks } from '../src/index.ts';

describe('the list of the throughput suite', () => {
  test('names each benchmark once and points at modules that exist', () => {
    assert.equal(new Set(benchmarks.map(({ name }) => name)).size, benchmarks.length);
    for (const entry of benchmarks) {
      const one = entry.kind === 'sweep' ? entry.cell(entry.x.values[0]!, entry.y.values[0]!) : entry;
      const url = one.kind === 'flow' ? one.flow : one.module;
      assert.ok(existsSync(fileURLToPath(url)), url);
      assert.equal(one.subjects[0], 'millrace');
      if (one.floor !== undefined && entry.kind !== 'sweep')
        assert.ok(one.subjects.some((subject) => subject === one.floor));
      if (entry.kind === 'sweep') {
        assert.ok(one.kind !== 'operation' && one.metrics.some(({ name }) => name === entry.metric));
      }
    }
  });

  test('has end to end each way to deliver, size, number of channels and direction, and a bit of each in the quick run', () => {
    const flows = benchmarks.filter((entry) => entry.kind === 'flow');
    const settingsOf = ({ settings }: (typeof flows)[number]): Settings =>
      settings({ mode: 'quick', seconds: 1 });
    const met = flows.map(settingsOf).map((settings) => JSON.stringify(settings));
    assert.equal(flows.length, 3 * 4 * 2 * 2);
    assert.equal(new Set(met).size, flows.length);
    const quick = flows.filter(({ quick }) => quick).map(settingsOf);
    for (const [setting, ...values] of [
      ['ordered', 0, 1],
      ['maxRetransmits', -1, 0],
      ['channels', 1, 100],
      ['directions', 1, 2],
    ] as const)
      for (const value of values)
        assert.ok(
          quick.some((settings) => settings[setting] === value),
          `the quick run has ${setting} ${value}`,
        );
  });
});
