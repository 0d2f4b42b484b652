import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { quantileMillis } from '@millrace/bench-harness';
import { runLocally } from '@millrace/bench-harness/testing';
import { flow as openFlow } from '../src/open-flow.ts';
import { flow as openRateFlow } from '../src/open-rate-flow.ts';
import { flow as pingPongFlow } from '../src/ping-pong-flow.ts';

describe('the flows of the latency suite', () => {
  for (const load of [0, 1])
    test(`ping-pong counts round trips ${load === 1 ? 'beside a busy channel' : 'alone'}`, async () => {
      const settings = { messageBytes: 100, load, warmUp: 3, seconds: 0.03 };
      const measured = await runLocally(pingPongFlow, settings);
      assert.ok((measured.roundTrips as number) > 0);
      assert.ok(quantileMillis(measured.latency as string, 0.5) > 0);
      assert.equal((measured.loadMegabitsPerSecond as number) > 0, load === 1);
    });

  test('opening leaves the warm-up out and takes each phase from where the one before has ended', async () => {
    const measured = await runLocally(openFlow, { warmUp: 2, connections: 3 });
    assert.deepEqual(measured, {
      openMs: [1, 1, 1],
      offerMs: [0.25, 0.25, 0.25],
      channelMs: [0.75, 0.75, 0.75],
    });
  });

  test('the rate of opening is that of all connections, a few at a time', async () => {
    const measured = await runLocally(openRateFlow, { connections: 20, atOnce: 4 });
    assert.equal(measured.connections, 20);
    assert.ok((measured.connectionsPerSecond as number) > 0);
  });
});
