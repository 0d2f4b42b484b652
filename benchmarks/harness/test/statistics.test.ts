import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, medianRatio, quantile, spread } from '../src/statistics.ts';

describe('the statistics of the benchmarks', () => {
  test('a median is the middle value, or halfway between the two', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  test('a quantile is interpolated and leaves its input as it was', () => {
    const values = [30, 10, 20];
    assert.equal(quantile(values, 0), 10);
    assert.equal(quantile(values, 1), 30);
    assert.equal(quantile(values, 0.75), 25);
    assert.deepEqual(values, [30, 10, 20]);
  });

  test('a ratio is taken round by round, so that a slow moment hits both sides', () => {
    assert.equal(medianRatio([2, 20, 200], [1, 10, 100]), 2);
    assert.equal(medianRatio([2, 4], [1]), 2);
  });

  test('the spread of one value is nothing', () => {
    assert.equal(spread([5]), 0);
    assert.equal(spread([90, 100, 110]), 0.1);
  });
});
