import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayLinks } from '../../harness/src/link/links.ts';
import { BULK, LATENCIES } from '../cells.ts';
import { measureSubject } from '../subjects.ts';

const timing = { warmUpSeconds: 0.1, seconds: 0.4, address: '' };

test('messages take the time of a link in the relay, and no more fit through than its rate', async () => {
  for (const measure of [BULK, ...LATENCIES]) {
    const link = await relayLinks.up({ rate: 20, rtt: 20 }, 1);
    const measured = measureSubject('millrace', measure, link, timing);
    await measured.catch(() => {}); // the relay goes first, whatever happened
    const { ab } = (await link.down()) as { ab: { delivered: number } };
    const outcome = await measured;
    assert.ok(outcome !== undefined && ab.delivered > 10);
    if (measure === BULK) assert.ok(outcome.value > 0.5 && outcome.value < 25, `${outcome.value} Mbit/s`);
    else assert.ok(outcome.value >= (measure.name === 'steady' ? 10 : 20), `${outcome.value} ms`);
  }
});

test('kernel TCP has no way through a relay of UDP', async () => {
  const link = await relayLinks.up({}, 1);
  assert.equal(await measureSubject('tcp-bbr', BULK, link, timing), undefined);
  await link.down();
});
