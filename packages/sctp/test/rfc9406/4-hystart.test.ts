import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AckSample } from '@millrace/sctp';
import { HyStart } from '../../src/tx/congestion/hystart.ts';

const MTU = 1_000;

/** Slow start of a flow whose round trips and rates of delivery are as told. */
class SlowStart {
  readonly hystart = new HyStart(() => 0.5);
  window = 100_000;
  #round = 0;

  /** One round of 20 samples, in which the window can grow by itself. Returns by what factor it has become larger. */
  round(roundTripTime: number, deliveryRate: number): number {
    const before = this.window;
    for (let i = 0; i < 20; i++) {
      const sample: Partial<AckSample> = {
        ackedBytes: before / 20,
        roundTripTime,
        shortestRoundTripTime: 50,
        deliveryRate,
        windowLimited: true,
        priorDelivered: this.#round * 1_000_000,
        delivered: (this.#round + 1) * 1_000_000,
      };
      this.window = this.hystart.next(this.window, MTU, sample as AckSample);
    }
    this.#round++;
    return this.window / before;
  }

  /** Rounds of `roundTripTime` at a fixed `rate` until slow start is over. */
  roundsToEnd(roundTripTime: number, rate: number): number {
    let rounds = 0;
    while (!this.hystart.isOver && rounds < 100) {
      this.round(roundTripTime, rate);
      rounds++;
    }
    return rounds;
  }
}

describe('RFC 9406 §4.2 HyStart++', () => {
  test('a steady round trip leaves slow start alone', () => {
    const slowStart = new SlowStart();
    for (let i = 0; i < 10; i++) assert.equal(slowStart.round(50, slowStart.window / 50), 2);
    assert.equal(slowStart.hystart.isOver, false);
  });

  test('with a longer one the window becomes what fills the path, and slow start ends if more of it brings nothing', () => {
    const slowStart = new SlowStart();
    slowStart.round(50, 4_000);
    slowStart.round(50, 4_000);
    slowStart.round(60, 4_000);
    const filled = 1.25 * 4_000 * 50 + 4 * MTU;
    assert.equal(slowStart.window, filled);
    let most = 0;
    for (let rounds = 0; !slowStart.hystart.isOver; rounds++) {
      assert.ok(rounds < 25);
      slowStart.round(60, 4_000);
      most = Math.max(most, slowStart.window);
    }
    assert.ok(most < 1.3 * filled, `${most}`);
    assert.equal(slowStart.window, filled);
  });

  test('while the rate grows with the window the queue is that of others, and conservative slow start goes on', () => {
    const slowStart = new SlowStart();
    slowStart.round(50, 2_000);
    slowStart.round(50, 4_000);
    slowStart.round(60, 4_000);
    const before = slowStart.window;
    for (let i = 0; i < 12; i++) slowStart.round(60, slowStart.window / 60);
    assert.equal(slowStart.hystart.isOver, false);
    assert.equal(slowStart.hystart.isInCss, true);
    assert.ok(slowStart.window > 5 * before, `${slowStart.window / before}`);
    // Its share of the path is what it is now: more window brings no more.
    assert.ok(slowStart.roundsToEnd(60, 20_000) < 25);
  });

  test('if it becomes shorter again and the rate grows with the window, it was no queue', () => {
    const slowStart = new SlowStart();
    slowStart.round(50, 2_000);
    slowStart.round(50, 4_000);
    slowStart.round(60, 4_000);
    assert.equal(slowStart.hystart.isInCss, true);
    for (let i = 0; i < 6 && slowStart.hystart.isInCss; i++) slowStart.round(50, slowStart.window / 50);
    assert.equal(slowStart.hystart.isInCss, false);
    assert.equal(slowStart.round(50, slowStart.window / 50), 2);
  });
});
