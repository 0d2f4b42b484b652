import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
});
