import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair, openPair, settle } from '../channel-pair.ts';
import { codeOf } from '../code-of.ts';
import { sctpPair } from '../sctp-pair.ts';

describe('RFC 8831 §6.4 the priority of a channel', () => {
  test('is the weight of its stream on either side', () => {
    const pair = connectedPair();
    pair.a.open({ priority: 1_024 });
    settle(pair);
    assert.deepEqual(pair.a.association.priorities, [[0, 1_024]]);
    assert.deepEqual(pair.b.association.priorities, [[0, 1_024]]);
  });

  test('0, which the wire can carry, weighs as 1', () => {
    const pair = connectedPair();
    pair.a.open({ priority: 0 });
    settle(pair);
    assert.deepEqual(pair.b.association.priorities, [[0, 1]]);
    assert.equal(pair.b.seen.channels[0]!.priority, 0);
  });

  test('can be changed, on this side', () => {
    const { a, b, here, there } = openPair();
    a.channels.setPriority(here, 512);
    assert.deepEqual(a.association.priorities.at(-1), [0, 512]);
    assert.deepEqual([here.priority, there.priority], [512, 256]);
    assert.equal(b.association.priorities.length, 1);
    for (const priority of [-1, 65_536, 0.5])
      assert.equal(
        codeOf(() => a.channels.setPriority(here, priority)),
        'BAD_PRIORITY',
      );
  });

  test('decides how the association is shared', () => {
    const { a, b, pair } = sctpPair({ wire: { delay: 5 }, both: { roundTripTime: 10 } });
    const names = ['very-low', 'low', 'medium', 'high'];
    const channels = names.map((label, i) => a.channels.open({ label, priority: 128 << i }, 0));
    pair.run(200);
    for (let i = 0; i < 900; i++)
      for (const channel of channels) a.send(channel, new Uint8Array(1_000).fill(i));
    const perChannel = (): number[] =>
      names.map((name) => b.seen.log.filter((entry) => entry.startsWith(`message ${name} `)).length);
    pair.run(2_000, () => perChannel()[3]! >= 200);
    const [veryLow, low, medium, high] = perChannel() as [number, number, number, number];
    for (const [share, of] of [
      [veryLow * 8, high],
      [low * 4, high],
      [medium * 2, high],
    ] as const)
      assert.ok(share > of * 0.7 && share < of * 1.3, `${veryLow} ${low} ${medium} ${high}`);
  });
});
