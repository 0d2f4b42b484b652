import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fragments } from '../../src/handshake/fragments.ts';
import { connections, deliver } from '../fixtures/connections.ts';
import { fragment, handshakeRecord, record } from '../fixtures/records.ts';

const LIMITS = { maxMessageBytes: 1000, maxReassemblyBytes: 4000, maxMessagesAhead: 4 };
const body = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

function add(fragments: Fragments, bytes: Uint8Array, epoch = 0): string | undefined {
  return fragments.add(bytes, 0, bytes.length, epoch);
}

describe('RFC 6347 §4.2.2 handshake message fragmentation and reassembly', () => {
  test('a message cut anywhere, in any order, with overlaps and repeats, comes out whole and once', () => {
    const cuts = fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        cuts,
        fc.infiniteStream(fc.nat(1000)),
        (length, pieces, order) => {
          const whole = body(length);
          const ranges = pieces
            .map(([a, b]) => [Math.min(a, b, length), Math.min(Math.max(a, b), length)] as const)
            .filter(([from, to]) => to > from);
          // The rest, so that all of it comes.
          for (let at = 0; at < length; at += 50) ranges.push([at, Math.min(length, at + 50)]);
          const shuffled = ranges
            .map((range) => ({ range, key: order.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key);
          const fragments = new Fragments(LIMITS);
          const out: Uint8Array[] = [];
          for (const { range } of [...shuffled, ...shuffled]) {
            add(fragments, fragment(11, 0, whole, range[0], range[1]));
            for (let message = fragments.take(); message; message = fragments.take()) out.push(message.bytes);
          }
          assert.deepEqual(out, [fragment(11, 0, whole)]);
          assert.equal(fragments.bytes, 0);
        },
      ),
    );
  });

  test('messages come out in order, whatever the order in which they are complete', () => {
    const fragments = new Fragments(LIMITS);
    add(fragments, fragment(12, 2, body(10)));
    add(fragments, fragment(11, 1, body(20)));
    assert.equal(fragments.take(), undefined);
    add(fragments, fragment(2, 0, body(30)));
    assert.deepEqual([fragments.take()?.type, fragments.take()?.type, fragments.take()?.type], [2, 11, 12]);
    assert.equal(fragments.take(), undefined);
  });

  test('by default there is room for the longest message that is accepted, and none for a longer one', () => {
    const all = connections();
    const whole = body(32_768);
    for (let at = 0; at < whole.length; at += 8192)
      deliver(all.server, all.fromServer, record(22, fragment(77, 0, whole, at, at + 8192)));
    assert.equal(all.server.drops['reassembly-full'], 0);
    assert.equal(all.fromServer.closed?.code, 'unexpected-message');
    const other = connections();
    deliver(other.server, other.fromServer, record(22, fragment(77, 0, body(32_769), 0, 100)));
    assert.equal(other.server.drops['message-too-long'], 1);
  });

  test('a message without a body is whole at once', () => {
    const fragments = new Fragments(LIMITS);
    assert.equal(add(fragments, fragment(14, 0, body(0))), undefined);
    assert.equal(fragments.take()?.type, 14);
  });

  test('what has come out is told apart from what is new', () => {
    const fragments = new Fragments(LIMITS);
    add(fragments, fragment(1, 0, body(5)));
    fragments.take();
    assert.equal(add(fragments, fragment(1, 0, body(5))), 'repeated-message');
  });

  test('a fragment that reaches past its message is refused, at every wrong offset', () => {
    const fragments = new Fragments(LIMITS);
    const good = fragment(1, 0, body(50), 10, 20);
    for (const offset of [41, 42, 50, 51, 0xff_ffff]) {
      const bad = good.slice();
      bad[6] = offset >> 16;
      bad[7] = offset >> 8;
      bad[8] = offset;
      assert.equal(add(fragments, bad), 'bad-fragment');
    }
    assert.equal(fragments.bytes, 0);
  });

  test('an empty fragment of a message that has a body is refused', () => {
    assert.equal(add(new Fragments(LIMITS), fragment(1, 0, body(50), 10, 10)), 'bad-fragment');
  });

  test('fragments that disagree about type or length are refused, the first one counts', () => {
    const fragments = new Fragments(LIMITS);
    add(fragments, fragment(11, 0, body(50), 0, 25));
    assert.equal(add(fragments, fragment(12, 0, body(50), 25, 50)), 'fragment-mismatch');
    assert.equal(add(fragments, fragment(11, 0, body(51), 25, 50)), 'fragment-mismatch');
    assert.equal(add(fragments, fragment(11, 0, body(50), 25, 50)), undefined);
    assert.deepEqual(fragments.take()?.bytes, fragment(11, 0, body(50)));
  });

  test('a protected fragment takes the place of a plaintext one that anyone could have forged', () => {
    const fragments = new Fragments(LIMITS);
    add(fragments, fragment(20, 0, body(12), 0, 6), 0);
    assert.equal(add(fragments, fragment(20, 0, body(12)), 1), undefined);
    assert.equal(fragments.take()?.type, 20);
    add(fragments, fragment(20, 1, body(12), 0, 6), 1);
    assert.equal(add(fragments, fragment(20, 1, body(12)), 0), 'fragment-mismatch');
  });
});

describe('RFC 6347 §4.2.2 caps', () => {
  test('a message of the longest length is taken, one byte more is not', () => {
    const fragments = new Fragments({ ...LIMITS, maxReassemblyBytes: 100_000 });
    assert.equal(add(fragments, fragment(11, 0, body(1001), 0, 1)), 'message-too-long');
    assert.equal(add(fragments, fragment(11, 0, body(1000), 0, 1)), undefined);
  });

  test('as many messages ahead as allowed are kept, the next one is not', () => {
    const fragments = new Fragments(LIMITS);
    for (let sequence = 0; sequence < 4; sequence++) {
      assert.equal(add(fragments, fragment(11, sequence, body(10), 0, 5)), undefined);
    }
    assert.equal(add(fragments, fragment(11, 4, body(10))), 'message-too-early');
    assert.equal(add(fragments, fragment(11, 0xffff, body(10))), 'message-too-early');
    assert.equal(fragments.messages, 4);
  });

  test('memory is counted by the length a message claims, and capped', () => {
    const fragments = new Fragments({ ...LIMITS, maxReassemblyBytes: 2 * (12 + 2 * 500) });
    assert.equal(add(fragments, fragment(11, 0, body(500), 0, 1)), undefined);
    assert.equal(add(fragments, fragment(11, 1, body(500), 0, 1)), undefined);
    assert.equal(add(fragments, fragment(11, 2, body(1), 0, 1)), 'reassembly-full');
    assert.equal(fragments.bytes, 2024);
    fragments.clear();
    assert.equal(fragments.bytes, 0);
  });

  test('a connection holds no more than its caps, whatever it is sent', () => {
    const all = connections({
      server: { maxReassemblyBytes: 5000, maxEarlyBytes: 1000, maxEarlyRecords: 5 },
    });
    for (let i = 0; i < 20; i++) {
      deliver(all.server, all.fromServer, record(22, fragment(11, 1 + (i % 7), body(600), i, i + 1)));
      deliver(all.server, all.fromServer, record(23, body(150), { epoch: 1, sequence: i }));
    }
    assert.equal(all.server.heldBytes <= 6000, true);
    assert.equal(all.server.drops['reassembly-full'] > 0, true);
    assert.equal(all.server.drops['early-record-overflow'], 15);
    all.pair.run(1000);
    assert.deepEqual([all.client.state, all.server.state], ['connecting', 'connecting']); // message 1 is taken
  });
});

describe('RFC 6347 §4.2.2 handshake records', () => {
  test('several messages in one record are read', () => {
    const all = connections();
    const hello = new Uint8Array(512);
    const length = all.client.transmit(hello, 0, 512, 0);
    const content = hello.slice(13, length);
    const half = Math.floor((content.length - 12) / 2);
    const message = content.subarray(12);
    const both = new Uint8Array([
      ...fragment(1, 0, message, half, message.length),
      ...fragment(1, 0, message, 0, half),
    ]);
    deliver(all.server, all.fromServer, record(22, both));
    assert.equal(
      all.pair.run(1000, () => all.server.state === 'connected'),
      true,
    );
  });

  test('a fragment header that is cut, or that claims too much, is a drop', () => {
    const all = connections();
    const good = handshakeRecord(1, 0, body(20));
    for (let length = 1; length < 32; length++) {
      deliver(all.server, all.fromServer, record(22, good.subarray(13, 13 + length)));
    }
    assert.equal(all.server.drops['bad-fragment'], 31);
    assert.equal(all.server.state, 'connecting');
  });

  for (const mtu of [128, 200, 256, 512, 576, 1200, 1500, 9000]) {
    test(`flights are cut to datagrams of at most ${mtu} bytes`, () => {
      const all = connections({ client: { mtu }, server: { mtu }, wire: { mtu } });
      assert.equal(
        all.pair.run(1000, () => all.client.state === 'connected'),
        true,
      );
      assert.equal(Math.max(...all.sent.map(({ bytes }) => bytes.length)) <= mtu, true);
    });
  }

  test('datagrams are filled: the first flight of the server takes one of 1200 bytes', () => {
    const all = connections();
    all.pair.run(1000);
    assert.deepEqual(
      all.sent.map(({ from }) => from),
      ['a', 'b', 'a', 'b'],
    );
  });

  test('a room too small for anything gets nothing, and nothing is lost by asking', () => {
    const all = connections();
    const out = new Uint8Array(64);
    for (let room = 0; room <= 25; room++) assert.equal(all.client.transmit(out, 0, room, 0), 0);
    assert.equal(
      all.pair.run(1000, () => all.client.state === 'connected'),
      true,
    );
  });
});
