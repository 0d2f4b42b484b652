import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AckSample } from '@millrace/sctp';
import { HyStart } from '../../src/tx/congestion/hystart.ts';

/** One round of `count` samples, each `roundTripTime` long; returns the growth of the last. */
function round(hystart: HyStart, number: number, count: number, roundTripTime: number): number {
  let growth = 0;
  for (let i = 0; i < count; i++)
    growth = hystart.growth({
      ackedBytes: 1_000,
      roundTripTime,
      priorDelivered: number * 100_000,
      delivered: (number + 1) * 100_000,
    } as AckSample);
  return growth;
}

describe('RFC 9406 §4.2 HyStart++', () => {
  test('a steady round trip leaves slow start alone', () => {
    const hystart = new HyStart();
    for (let i = 0; i < 20; i++) assert.equal(round(hystart, i, 20, 50), 1_000);
    assert.equal(hystart.isOver, false);
  });

  test('a longer one slows growth to a quarter, and ends slow start after five rounds', () => {
    const hystart = new HyStart();
    round(hystart, 0, 20, 50);
    round(hystart, 1, 20, 50);
    assert.equal(round(hystart, 2, 20, 60), 250);
    for (let i = 3; i < 8; i++) round(hystart, i, 20, 60);
    assert.equal(hystart.isOver, true);
  });

  test('if it becomes shorter again, it was no queue', () => {
    const hystart = new HyStart();
    round(hystart, 0, 20, 50);
    round(hystart, 1, 20, 50);
    round(hystart, 2, 20, 60);
    assert.equal(round(hystart, 3, 20, 50), 1_000);
  });
});
