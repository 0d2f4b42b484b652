// The trials, with few seeds or little time: that they measure what they say.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { quantileMillis } from '@millrace/bench-harness';
import { trial as forwarding } from '../src/trials/forwarding.ts';
import { trial as recovery } from '../src/trials/loss-recovery.ts';
import { trial as nomination } from '../src/trials/nomination.ts';
import { trial as pressure } from '../src/trials/pool-pressure.ts';

describe('the trials of the latency suite', () => {
  test('a lost message is late by a round trip at least, and the same seed gives the same delay', async () => {
    for (const tail of [0, 1]) {
      const run = async (): Promise<readonly number[]> =>
        (await recovery.millrace!({ roundTripTime: 40, tail, seeds: 3 })).lateMs as readonly number[];
      const late = await run();
      assert.equal(late.length, 3);
      for (const one of late) assert.ok(one >= 39 && one < 5_000, `${one} ms`);
      assert.deepEqual(await run(), late);
    }
  });

  test('a nominated pair takes a round trip at least, and longer when most pairs do not work', async () => {
    const settings = { roundTripTime: 20, lossPercent: 0, addresses: 4, reachable: 4, seeds: 3 };
    const open = (await nomination.millrace!(settings)).nominatedMs as readonly number[];
    const closed = (await nomination.millrace!({ ...settings, reachable: 1 }))
      .nominatedMs as readonly number[];
    assert.ok(open.every((millis) => millis >= 20));
    assert.ok(Math.min(...closed) > Math.max(...open));
  });

  test('every pool misses as often under the same pressure, and none leaks', async () => {
    const misses = new Set<unknown>();
    for (const run of Object.values(pressure)) {
      const { missPercent, leaks } = await run({ rounds: 20_000 });
      misses.add(missPercent);
      assert.equal(leaks, 0);
    }
    assert.equal(misses.size, 1);
  });

  test('what is forwarded reaches each receiver, and takes time on its way', async () => {
    const settings = { receivers: 2, warmUpSeconds: 0.1, seconds: 0.2 };
    const { added, whole, lossPercent, cores } = await forwarding.millrace!(settings);
    assert.equal(lossPercent, 0);
    assert.ok((cores as number) > 0);
    assert.ok(quantileMillis(added as string, 1) >= 0);
    assert.ok(quantileMillis(whole as string, 0.5) > 0);
  });
});
