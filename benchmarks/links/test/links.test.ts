import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayLinks } from '../../harness/src/link/links.ts';
import { BULK, LATENCIES } from '../cells.ts';
import { attemptsOf } from '../open/attempts.ts';
import { openWith } from '../open/subjects.ts';
import { measureSubject } from '../subjects.ts';

const timing = { warmUpSeconds: 0.1, seconds: 0.4, address: '' };

const RATE = 20; // Mbit/s
const LEAST_BYTES = 200_000;

test('messages take the time of a link in the relay, and no more fit through than its rate', async () => {
  const bulk = { ...BULK, settings: { ...BULK.settings, leastBytes: LEAST_BYTES } };
  for (const measure of [bulk, ...LATENCIES]) {
    const started = performance.now();
    const link = await relayLinks.up({ rate: RATE, rtt: 20 }, 1);
    const measured = measureSubject('millrace', measure, link, timing);
    await measured.catch(() => {}); // the relay goes first, whatever happened
    const { ab } = (await link.down()) as { ab: { delivered: number } };
    const outcome = await measured;
    assert.ok(outcome !== undefined && ab.delivered > 0);
    // What came in the window has passed since the link was there: queues make a short window hold more than its rate.
    const most = (RATE * (performance.now() - started)) / 1000;
    if (measure === bulk)
      assert.ok(outcome.value > 0 && outcome.value * timing.seconds < most, `${outcome.value} Mbit/s`);
    else assert.ok(outcome.value >= (measure.name === 'steady' ? 10 : 20), `${outcome.value} ms`);
  }
});

test('kernel TCP has no way through a relay of UDP', async () => {
  const link = await relayLinks.up({}, 1);
  assert.equal(await measureSubject('tcp-bbr', BULK, link, timing), undefined);
  await link.down();
});

test('connections over the relay, one after the other, open after a round trip at the soonest, and a first message comes to either side', async () => {
  const link = await relayLinks.up({ rtt: 20 }, 1);
  const settings = { connections: 2, warmUp: 1, atOnce: 1, apart: 0, patience: 20_000 };
  try {
    const attempts = await openWith('millrace:plain', link, settings, new Map([['plain', {}]]));
    for (const [moment, times] of Object.entries(attempts!.moments)) {
      assert.equal(times.length, 2);
      for (const time of times) assert.ok(time > 19 && time < 20_000, `${moment} after ${time} ms`); // a round trip
    }
    assert.ok(attempts!.phases.ice! < attempts!.phases.channel!);
    await assert.rejects(openWith('millrace:unheard-of', link, settings, new Map()), RangeError);
  } finally {
    await link.down();
  }
});

test('a connection that does not open in time counts as never open, and those that warm the code up not at all', () => {
  const { moments, phases } = attemptsOf(
    {
      started: [0, 10, 20],
      offererOpen: [5, 18, -1],
      answererOpen: [5, 19, -1],
      offererFirst: [6, 20, -1],
      answererFirst: [6, 21, -1],
      phases: { ice: [1, 2, -1] },
    },
    1,
  );
  assert.deepEqual(moments.offererOpen, [8, Number.POSITIVE_INFINITY]);
  assert.deepEqual(moments.answererFirst, [11, Number.POSITIVE_INFINITY]);
  assert.deepEqual(phases, { ice: 2 });
});
