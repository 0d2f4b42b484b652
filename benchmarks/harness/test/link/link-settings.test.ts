import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseLinkSettings, printLinkSettings, wireOptions } from '../../src/link/link-settings.ts';

describe('a link in a few words', () => {
  test('is read and printed alike', () => {
    const words = ['rate=100', 'rtt=50', 'loss=0.1', 'gilbert=1,25'];
    const settings = parseLinkSettings(words);
    assert.deepEqual(settings, { rate: 100, rtt: 50, loss: 0.1, gilbert: [1, 25] });
    assert.deepEqual(printLinkSettings(settings), words);
  });

  test('is a wire with a queue of one bandwidth-delay product, of whole packets', () => {
    const wire = wireOptions({ rate: 100, rtt: 50, loss: 1, gilbert: [1, 25] });
    assert.deepEqual(
      [wire.rate, wire.delay, wire.queue, wire.loss, wire.overhead, wire.burstLoss],
      [12_500, 25, 625_000, 0.01, 28, { enter: 0.01, leave: 0.25 }],
    );
    assert.equal(wireOptions({ rate: 100, rtt: 1 }).queue, 125_000);
    assert.equal(wireOptions({ rate: 100, rtt: 50, queue: 5_000 }).queue, 5_000);
    assert.equal(wireOptions({ rate: 8, rtt: 50, bdp: 4 }).queue, 200_000);
    assert.equal(wireOptions({}).rate, undefined);
  });

  test('a word that makes no sense is refused by name', () => {
    for (const word of ['speed=3', 'rate', 'rate=', 'rate=fast', 'loss=-1', 'gilbert=1', 'rtt=1,2'])
      assert.throws(() => parseLinkSettings(['rtt=1', word]), {
        name: 'RangeError',
        message: new RegExp(`^${word} is no setting`),
      });
  });
});
