// A real pair of associations over 1 Gbit/s and 200 ms, whose queue holds one bandwidth-delay product: what it takes is
// found by the association itself, with the options that it has unless told otherwise, and within their caps.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { megabits, SharedLink } from '@millrace/sans-io/testing';
import { DEFAULTS } from '@millrace/sctp';
import { Recorder, testAssociation } from '@millrace/sctp/testing';
import { TsnTracker } from '../src/rx/tsn-tracker.ts';

const RATE = megabits(1_000);
const ROUND_TRIP = 200;
const PRODUCT = RATE * ROUND_TRIP;
const MESSAGE = new Uint8Array(65_536);

describe('1 Gbit/s over 200 ms', () => {
  for (const loss of [0.01])
    test(`with ${loss * 100} % loss the window opens by itself and the link is filled, within the caps`, () => {
      const wire = { delay: ROUND_TRIP / 2, rate: RATE, loss, queue: PRODUCT };
      const link = new SharedLink({ seed: 1, wire });
      const options = { roundTripTime: ROUND_TRIP, zeroChecksum: true };
      const a = testAssociation(1, options);
      const b = testAssociation(2, options);
      const sinkA = new Recorder();
      const sinkB = new Recorder();
      let received = 0;
      const feed = (): void => {
        while (a.totalBuffered < 4 << 20)
          a.send(1, 53, MESSAGE, 0, MESSAGE.length, { ordered: true }, link.now);
      };
      sinkA.onConnected = feed;
      sinkA.onSent = feed;
      sinkB.onMessage = (_stream, _ppid, bytes) => void (received += bytes.length);
      link.join({ a, b, sinkA, sinkB });
      a.connect(0);
      link.run(3_800);
      const before = received;
      link.run(1_000);
      const share = (received - before) / (1_000 * RATE);
      assert.ok(share >= 0.8, `${share}`);
      const { receiveWindowSize, drops } = b.stats;
      assert.ok(receiveWindowSize >= PRODUCT && receiveWindowSize <= DEFAULTS.maxReceiveWindow);
      // What is under way, what waits behind a loss, and what waits to be sent.
      assert.ok(a.stats.sendMemory <= DEFAULTS.sendQueueLimit + 3 * PRODUCT, `${a.stats.sendMemory}`);
      assert.equal(Object.values(drops).reduce((sum, count) => sum + count, 0) - (drops['old-sack'] ?? 0), 0);
    });

  test('a receiver keeps every second chunk of as many as a gap block reaches over, and no more runs than its cap', () => {
    const { maxTsnSpan, maxTrackedGaps, maxGapBlocks, maxDuplicateTsns } = DEFAULTS;
    const tracker = new TsnTracker(0, { maxTsnSpan, maxTrackedGaps, maxGapBlocks, maxDuplicateTsns });
    assert.equal(maxTrackedGaps, 32_768);
    for (let i = 0; i < maxTrackedGaps; i++) {
      assert.equal(tracker.judge(2 * i + 1), 'new');
      tracker.record(2 * i + 1);
    }
    assert.equal(tracker.gapCount, maxTrackedGaps);
    assert.equal(tracker.judge(2 * maxTrackedGaps + 1), 'too-many-gaps');
    assert.equal(tracker.judge(2 * maxTrackedGaps), 'new'); // goes on where a run ends
  });
});
