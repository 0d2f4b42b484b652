import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Pacer } from '../src/tx/pacer.ts';

const PACKET = 1_160;
/** What a timer that comes late may catch up with. */
const CATCH_UP_MS = 5;

/** Sends whenever the pacer lets it, asked at the times given; returns when each packet left. */
function departures(
  pacer: Pacer,
  asked: readonly number[],
  rate: number,
  pause: number,
  burst: number,
): number[] {
  const left: number[] = [];
  for (const now of asked) {
    while (!pacer.isBlocked(now)) {
      pacer.onSent(PACKET, rate, pause, burst, now);
      left.push(now);
    }
    pacer.wait();
  }
  return left;
}

describe('Pacer', () => {
  const rates = fc.integer({ min: 50, max: 125_000 });
  const gaps = fc.array(fc.double({ min: 0.01, max: 30, noNaN: true }), { minLength: 2, maxLength: 200 });

  test('in no stretch of time leaves more than its rate, a pause’s credit, a late timer’s and a burst allow', () => {
    fc.assert(
      fc.property(rates, gaps, fc.integer({ min: 1, max: 16 }), (rate, steps, packets) => {
        const burst = Pacer.burstBytes(rate, 2 * PACKET, 50);
        const pause = Math.max(packets * PACKET, burst);
        let now = 1_000;
        const asked = steps.map((step) => (now += step));
        const left = departures(new Pacer(), asked, rate, pause, burst);
        const spare = Math.max(pause, CATCH_UP_MS * rate) + burst + PACKET;
        for (let from = 0; from < left.length; from += 1 + (left.length >> 5))
          for (let to = from; to < left.length; to += 1 + (left.length >> 5)) {
            const bytes = (to - from + 1) * PACKET;
            assert.ok(
              bytes <= (left[to]! - left[from]!) * rate + spare + 1e-6,
              `${bytes} bytes from ${from} to ${to}`,
            );
          }
      }),
      { numRuns: 200 },
    );
  });

  test('asked at the time it names, it keeps the rate', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const pacer = new Pacer();
        const burst = Pacer.burstBytes(rate, 2 * PACKET, 50);
        const start = 1_000;
        let now = start;
        let sent = 0;
        while (sent < 2_000 * PACKET) {
          while (!pacer.isBlocked(now)) {
            pacer.onSent(PACKET, rate, burst, burst, now);
            sent += PACKET;
          }
          pacer.wait();
          now = pacer.releaseAt;
        }
        const achieved = sent / (now - start);
        assert.ok(Math.abs(achieved / rate - 1) < 0.02, `${achieved} of ${rate}`);
      }),
      { numRuns: 50 },
    );
  });

  test('bursts last a millisecond or an eighth of a round trip, and two packets at least', () => {
    assert.equal(Pacer.burstBytes(12_500, 2 * PACKET, 50), 12_500);
    assert.equal(Pacer.burstBytes(12_500, 2 * PACKET, 4), 6_250);
    assert.equal(Pacer.burstBytes(100, 2 * PACKET, 50), 2 * PACKET);
  });

  test('a pause gives no more credit than is asked for, and nothing waits after a reset', () => {
    const pacer = new Pacer();
    const burst = 2 * PACKET;
    assert.equal(departures(pacer, [1_000], 1_000, 4 * PACKET, burst).length, 5); // the fifth is a burst's own
    pacer.rest();
    assert.ok(departures(pacer, [60_000], 1_000, 4 * PACKET, burst).length <= 5);
    assert.ok(pacer.isBlocked(60_000));
    pacer.reset();
    assert.ok(!pacer.isBlocked(60_000));
  });
});
