import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TransportAddress } from '@millrace/stun';
import { METHOD_CHANNEL_BIND } from '../../src/attributes.ts';
import { Meeting, OTHER, onChannel, PEER } from '../meeting.ts';

describe('RFC 8656 §12: channels', () => {
  test('§11.1: the first datagram follows the request as an indication, the next ones use the channel', () => {
    const meeting = new Meeting().begin();
    assert.equal(meeting.send('one', PEER).length, 0);
    assert.deepEqual(meeting.server.passedOn, [[PEER, new TextEncoder().encode('one')]]);
    assert.deepEqual(meeting.relayed, [], 'and is not sent again on the channel');
    assert.deepEqual(meeting.send('two', PEER), onChannel(0x4000, 'two'));
    assert.deepEqual(meeting.send('three', { ...PEER }), onChannel(0x4000, 'three'));
  });

  test('each address and port has a channel of its own', () => {
    const meeting = new Meeting().begin();
    meeting.send('a', PEER);
    meeting.send('b', OTHER);
    assert.deepEqual(
      [...meeting.server.channels],
      [
        [0x4000, PEER],
        [0x4001, OTHER],
      ],
    );
    assert.deepEqual(meeting.send('c', OTHER), onChannel(0x4001, 'c'));
  });

  test('§12.7: what comes on a channel comes from its peer', () => {
    const meeting = new Meeting().begin();
    meeting.send('a', PEER);
    meeting.give(onChannel(0x4000, 'hello'));
    assert.deepEqual(meeting.data, [[PEER, 'hello']]);
    meeting.give(onChannel(0x4001, 'hello'));
    meeting.give(onChannel(0x7fff, 'hello'));
    assert.equal(meeting.data.length, 1);
    assert.equal(meeting.client.drops['unknown-peer'], 2);
  });

  test('several datagrams between two drains keep their order', () => {
    const meeting = new Meeting().begin();
    meeting.send('a', PEER);
    for (const text of ['1', '2', '3']) {
      const bytes = onChannel(0x4000, text);
      meeting.client.receive(bytes, 0, bytes.length, meeting.now);
    }
    meeting.settle();
    assert.deepEqual(
      meeting.data.map(([, text]) => text),
      ['1', '2', '3'],
    );
  });

  test('§12.5: padding on a stream is written and not counted', () => {
    const meeting = new Meeting({ isReliable: true }).begin();
    meeting.send('a', PEER);
    assert.deepEqual(
      meeting.send('bcdef', PEER),
      Uint8Array.from([0x40, 0, 0, 5, 98, 99, 100, 101, 102, 0, 0, 0]),
    );
    meeting.give(Uint8Array.from([0x40, 0, 0, 1, 65, 0, 0, 0]));
    assert.deepEqual(meeting.data, [[PEER, 'A']]);
  });

  test('§12: the binding is renewed before its permission ends', () => {
    const meeting = new Meeting({}).begin();
    meeting.send('a', PEER);
    meeting.server.seen.length = 0;
    for (let second = 0; second < 500; second++) {
      meeting.run(1_000);
      assert.equal(meeting.send('b', PEER).length, 5);
    }
    assert.deepEqual(meeting.server.seen, ['bind', 'bind']);
  });

  test('§9: of a peer that is not sent to any more it is not; the next datagram binds the same channel again', () => {
    const meeting = new Meeting({}).begin();
    meeting.send('a', PEER);
    meeting.server.seen.length = 0;
    meeting.run(500_000);
    assert.deepEqual(meeting.server.seen, []);
    meeting.give(onChannel(0x4000, 'x'));
    assert.deepEqual(meeting.data, [[PEER, 'x']], 'the server knows the channel for as long as it likes');
    assert.equal(meeting.send('b', PEER).length, 0);
    assert.deepEqual(meeting.server.seen, ['bind']);
    assert.deepEqual(passedOn(meeting), ['a', 'b']);
    assert.deepEqual(meeting.send('c', PEER), onChannel(0x4000, 'c'));
    assert.deepEqual([...meeting.server.channels], [[0x4000, PEER]]);
  });

  for (const [when, pause] of [
    ['when a peer is first sent to', 0],
    ['when its binding is renewed', 239_999],
  ] as const) {
    test(`an outage ${when} is no refusal: what is sent after it gets through`, () => {
      const meeting = new Meeting().begin();
      if (pause > 0) {
        meeting.send('a', PEER);
        meeting.run(pause);
        meeting.send('a', PEER);
      }
      meeting.server.answer = () => ({ silent: true });
      if (pause === 0) meeting.send('lost', PEER);
      meeting.run(45_000);
      meeting.server.answer = () => undefined;
      meeting.server.passedOn.length = 0;
      meeting.send('b', PEER);
      assert.deepEqual(passedOn(meeting), ['b'], 'and nothing of before the outage');
      assert.deepEqual(meeting.send('c', PEER), onChannel(0x4000, 'c'));
      assert.deepEqual(meeting.refused, []);
    });
  }

  test('§5: a server that has no allocation of ours when a channel is bound ends it', () => {
    const meeting = new Meeting().begin();
    meeting.server.answer = () => ({ error: 437, reason: 'restarted' });
    meeting.send('a', PEER);
    assert.deepEqual(meeting.ends, [{ code: 'REFUSED', errorCode: 437, reason: 'restarted' }]);
  });

  test('data written behind the header is not copied', () => {
    const meeting = new Meeting().begin();
    meeting.send('a', PEER);
    const out = Uint8Array.from([9, 9, 9, 9, 65, 66]);
    assert.equal(meeting.client.wrap(out, 4, 6, PEER, out, 0, 6), 6);
    assert.deepEqual(out, onChannel(0x4000, 'AB'));
    assert.throws(() => meeting.client.wrap(out, 4, 6, PEER, out, 0, 5), { code: 'BAD_RANGE' });
  });

  test('a peer that the server refuses is reported, and what it is sent is dropped', () => {
    const meeting = new Meeting().begin();
    meeting.server.answer = (_message, method) =>
      method === METHOD_CHANNEL_BIND ? { error: 403 } : undefined;
    meeting.send('a', PEER);
    assert.deepEqual(meeting.refused, [[PEER, 403]]);
    assert.equal(meeting.send('b', PEER).length, 0);
    assert.equal(meeting.client.drops.refused, 1);
    meeting.give(onChannel(0x4000, 'x'));
    assert.equal(meeting.data.length, 0);
    assert.equal(meeting.client.state, 'allocated', 'the allocation lives on');
  });

  test('§11.6: data indications from peers are taken, from others dropped', () => {
    const meeting = new Meeting().begin();
    meeting.send('a', PEER);
    meeting.give(meeting.server.indication(PEER, new TextEncoder().encode('hi')));
    assert.deepEqual(meeting.data, [[PEER, 'hi']]);
    meeting.give(meeting.server.indication(OTHER, Uint8Array.of(1)));
    meeting.give(meeting.server.indication(PEER, undefined));
    meeting.give(meeting.server.indication(undefined, Uint8Array.of(1)));
    assert.equal(meeting.data.length, 1);
    assert.equal(meeting.client.drops['unknown-peer'], 1);
    assert.equal(meeting.client.drops['bad-attribute'], 2);
  });
});

function passedOn({ server }: Meeting): string[] {
  return server.passedOn.map(([, data]) => new TextDecoder().decode(data));
}

describe('what a peer or a server can make grow', () => {
  const peerNumber = (port: number): TransportAddress => ({ address: '203.0.113.1', port });

  test('maxPeers: one more is dropped and counted', () => {
    const meeting = new Meeting({ maxPeers: 3 }).begin();
    for (let i = 1; i <= 4; i++) meeting.send('a', peerNumber(i));
    assert.equal(meeting.server.channels.size, 3);
    assert.equal(meeting.client.drops['too-many-peers'], 1);
  });

  test('maxHeld: one more, and one too long, are dropped and counted', () => {
    const meeting = new Meeting({ maxHeld: 2 }).begin();
    meeting.server.answer = () => ({ silent: true });
    for (const text of ['1', '2', '3']) meeting.send(text, PEER);
    meeting.send('x'.repeat(2_049), OTHER);
    assert.equal(meeting.client.drops['too-early'], 1);
    meeting.server.answer = () => undefined;
    meeting.run(600);
    // The oldest, which had been sent, gave way; the others follow the request once more.
    assert.deepEqual(passedOn(meeting), ['2', '3']);
    assert.deepEqual(meeting.relayed, []);
  });

  test('what was sent behind a request that the server refused as stale follows the next one', () => {
    const meeting = new Meeting().begin();
    meeting.server.nonce = 'nonce-2';
    meeting.send('one', PEER);
    assert.deepEqual(meeting.server.seen.slice(-2), ['bind', 'bind']);
    assert.deepEqual(passedOn(meeting), ['one']);
  });

  test('without an allocation nothing is kept', () => {
    const meeting = new Meeting();
    assert.equal(meeting.send('a', PEER).length, 0);
    assert.equal(meeting.client.drops['not-allocated'], 1);
  });
});
