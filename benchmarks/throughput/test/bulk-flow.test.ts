import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runLocally } from '@millrace/bench-harness/testing';
import { flow } from '../src/bulk-flow.ts';

const SETTINGS = {
  messageBytes: 1_000,
  channels: 1,
  directions: 1,
  ordered: 1,
  maxRetransmits: -1,
  seconds: 0.05,
  warmUpSeconds: 0.01,
} as const;

describe('the bulk flow', () => {
  test('counts whole messages where they arrive, in the window and not before', async () => {
    const measured = (await runLocally(flow, SETTINGS)) as Record<string, number>;
    assert.ok(measured.answererBytes! > 0);
    assert.equal(measured.answererMessages! * 1_000, measured.answererBytes);
    const seconds = (measured.answererBytes! * 8) / 1e6 / measured.answererMegabitsPerSecond!;
    assert.ok(seconds >= 0.045, `a window of ${seconds} s`);
    assert.equal(measured.offererBytes, undefined);
    assert.equal(measured.lossPercent, undefined);
  });

  test('counts both sides when both send, over as many channels as asked for', async () => {
    const measured = (await runLocally(flow, { ...SETTINGS, directions: 2, channels: 7 })) as Record<
      string,
      number
    >;
    assert.ok(measured.answererBytes! > 0 && measured.offererBytes! > 0);
  });

  test('tells how much of what was sent never came', async () => {
    const settings = { ...SETTINGS, maxRetransmits: 0 };
    const none = (await runLocally(flow, settings)) as Record<string, number>;
    assert.equal(none.lossPercent, 0);
    const some = (await runLocally(flow, settings, 10)) as Record<string, number>;
    assert.ok(Math.abs(some.lossPercent! - 10) < 2, `${some.lossPercent} %`);
  });
});
