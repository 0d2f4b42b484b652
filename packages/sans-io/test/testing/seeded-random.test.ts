import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '../../src/testing/seeded-random.ts';

const draw = (seed: number, count: number): number[] => {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.u32());
};

describe('seeded randomness', () => {
  test('gives the same numbers for the same seed, and others for another', () => {
    assert.deepEqual(draw(1, 50), draw(1, 50));
    assert.notDeepEqual(draw(1, 50), draw(2, 50));
    assert.notDeepEqual(draw(0, 5), [0, 0, 0, 0, 0]);
  });

  test('spreads evenly enough that a test may rely on a chance', () => {
    const random = new SeededRandom(11);
    const buckets = new Uint32Array(10);
    for (let i = 0; i < 100_000; i++) buckets[random.below(10)]!++;
    for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500, String(count));
    let hits = 0;
    for (let i = 0; i < 100_000; i++) if (random.chance(0.05)) hits++;
    assert.ok(Math.abs(hits - 5_000) < 400, String(hits));
  });

  test('never takes a chance of 0 and always one of 1', () => {
    const random = new SeededRandom(3);
    for (let i = 0; i < 1_000; i++) {
      assert.equal(random.chance(0), false);
      assert.equal(random.chance(1), true);
    }
  });
});
