import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Channel, utf8Length, writeOpen } from '@millrace/datachannel';
import fc from 'fast-check';
import { connectedPair, openPair, settle } from '../channel-pair.ts';
import { codeOf } from '../code-of.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

describe('RFC 8831 §6.6 and §8 messages', () => {
  const kinds: Array<[what: string, message: Uint8Array | string, ppid: number, wire: number[]]> = [
    ['a string', 'hé', 51, [0x68, 0xc3, 0xa9]],
    ['bytes', Uint8Array.of(1, 0), 53, [1, 0]],
    ['an empty string', '', 56, [0]],
    ['no bytes', new Uint8Array(0), 57, [0]],
  ];
  for (const [what, message, ppid, wire] of kinds) {
    test(`${what}: PPID ${ppid}, and the same on the other side`, () => {
      const { a, b, here } = openPair();
      assert.equal(a.send(here, message), typeof message === 'string' ? utf8Length(message) : message.length);
      const sent = a.association.sent.at(-1);
      assert.equal(sent?.ppid, ppid);
      assert.deepEqual([...(sent?.bytes ?? [])], wire);
      settle({ a, b });
      assert.deepEqual(b.seen.messages, [message]);
    });
  }

  test('an empty message is empty whatever bytes stand for it', () => {
    const { b } = openPair();
    b.association.hear(0, 56, Uint8Array.of(65, 66));
    b.association.hear(0, 57, Uint8Array.of(65, 66));
    b.drain();
    assert.deepEqual(b.seen.messages, ['', new Uint8Array(0)]);
  });

  test('bytes are borrowed for the call', () => {
    const { a, b, here } = openPair();
    const message = bytes(4);
    a.send(here, message);
    message.fill(9);
    settle({ a, b });
    assert.deepEqual(b.seen.messages, [bytes(4)]);
  });

  test('the deprecated PPIDs 52 and 54, and unknown ones, are dropped', () => {
    const { b } = openPair();
    for (const ppid of [0, 49, 52, 54, 55, 58, 0xffff_ffff]) b.association.hear(0, ppid, bytes(3));
    b.drain();
    assert.deepEqual(b.seen.messages, []);
    assert.equal(b.channels.drops.counts['unknown-ppid'], 7);
    assert.equal(b.seen.channels[0]?.state, 'open');
  });

  test('a string that is no UTF-8 is read with U+FFFD, a byte order mark stays, a lone surrogate is sent as U+FFFD', () => {
    const { a, b, here } = openPair();
    b.association.hear(0, 51, Uint8Array.of(0xff, 0x61));
    b.association.hear(0, 51, Uint8Array.of(0xef, 0xbb, 0xbf, 0x61));
    b.drain();
    a.send(here, 'x\ud800');
    settle({ a, b });
    assert.deepEqual(b.seen.messages, ['\ufffda', '\ufeffa', 'x\ufffd']);
  });

  test('reliability goes along with each message', () => {
    const cases: Array<[init: object, options: object]> = [
      [{}, { ordered: true }],
      [{ ordered: false }, { ordered: false }],
      [{ maxRetransmits: 0 }, { ordered: true, maxRetransmits: 0 }],
      [
        { ordered: false, maxPacketLifeTime: 250 },
        { ordered: false, maxPacketLifeTime: 250 },
      ],
    ];
    for (const [init, options] of cases) {
      const { a, here } = openPair(init);
      a.send(here, 'x');
      assert.deepEqual(a.association.sent.at(-1)?.options, options);
    }
  });

  test('a message as long as the peer takes is sent, one byte more is TOO_LARGE', () => {
    const { a, here } = openPair({}, { maxMessageSize: 1_000 });
    assert.equal(a.send(here, bytes(1_000)), 1_000);
    assert.equal(
      codeOf(() => a.send(here, bytes(1_001))),
      'TOO_LARGE',
    );
    assert.equal(a.send(here, 'é'.repeat(500)), 1_000);
    assert.equal(
      codeOf(() => a.send(here, `${'é'.repeat(500)}x`)),
      'TOO_LARGE',
    );
    a.channels.maxMessageSize = Number.POSITIVE_INFINITY;
    assert.equal(a.send(here, bytes(1_001)), 1_001);
    assert.equal(here.bufferedAmount, 3_001);
  });

  test('a message the peer may not send closes its channel, and no other', () => {
    const { a, b, there } = openPair();
    const other = a.open({ label: 'other' });
    settle({ a, b });
    b.seen.take();
    b.association.say((sink) => sink.onMessageDropped?.(0, 53, 1_000_000));
    settle({ a, b });
    assert.equal(b.channels.drops.counts['too-large'], 1);
    assert.deepEqual(b.seen.take(), ['closed x remote MESSAGE_TOO_LARGE']);
    assert.equal(there.state, 'closed');
    assert.equal(other.state, 'open');
  });

  test('a full queue is QUEUE_FULL and changes nothing', () => {
    const { a, here } = openPair();
    a.association.sendQueueLimit = 10;
    assert.equal(a.send(here, bytes(10)), 10);
    assert.equal(
      codeOf(() => a.send(here, bytes(1))),
      'QUEUE_FULL',
    );
    assert.equal(here.bufferedAmount, 10);
    assert.equal(a.channels.hasRoom, false);
    a.association.deliver();
    a.drain();
    assert.equal(a.channels.hasRoom, true);
  });

  test(`strings of any length arrive as they are (seed ${seed})`, () => {
    const { a, b, here } = openPair({}, { maxMessageSize: 1_000_000 });
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 21_800, max: 21_900 }).map((n) => '€'.repeat(n)),
    );
    fc.assert(
      fc.property(text, (message) => {
        assert.equal(a.send(here, message), Buffer.byteLength(message));
        settle({ a, b });
        assert.equal(b.seen.messages.pop(), message);
      }),
      { seed, numRuns: 200 },
    );
  });

  test(`utf8Length counts what an encoder writes (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (some, more) => {
        for (const text of [some, `${some}\ud83d`, `\udc00${more}`, `\ud83d${some}\ud83d\ude00`])
          assert.equal(utf8Length(text), new TextEncoder().encode(text).length);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

describe('RFC 8831 §6 bufferedAmount', () => {
  test('counts bytes of messages only, neither DCEP nor the byte of an empty message', () => {
    const { a, b } = connectedPair();
    const here = a.open({ label: 'x' });
    a.drain();
    assert.equal(here.bufferedAmount, 0);
    a.send(here, 'hello');
    a.send(here, '');
    a.send(here, bytes(0));
    assert.equal(here.bufferedAmount, 5);
    settle({ a, b });
    assert.equal(here.bufferedAmount, 0);
    assert.equal(a.seen.sent, 5);
  });

  test('falls as the network takes what is queued', () => {
    const { a, here } = openPair();
    for (let i = 0; i < 3; i++) a.send(here, bytes(100));
    a.association.deliver(2);
    a.drain();
    assert.equal(here.bufferedAmount, 100);
    assert.equal(a.seen.sent, 200);
  });
});

describe('RFC 8831 §6.4 messages on streams without a channel', () => {
  test('those for a negotiated channel that is not there yet are held for it', () => {
    const { a, b } = connectedPair();
    const here = a.open({ label: 'n', negotiated: true, id: 3 });
    a.drain();
    a.send(here, 'one');
    a.send(here, bytes(2));
    settle({ a, b });
    b.open({ label: 'n', negotiated: true, id: 3 });
    settle({ a, b });
    assert.deepEqual(b.seen.take(), ['open n', 'message n one', 'message n [0,1]']);
  });

  test('those that overtake the OPEN of their channel come behind it', () => {
    const { b } = connectedPair();
    b.association.hear(0, 51, Uint8Array.of(65));
    b.association.hear(
      0,
      50,
      writeOpen({
        label: 'o',
        protocol: '',
        ordered: true,
        maxRetransmits: undefined,
        maxPacketLifeTime: undefined,
        priority: 0,
      }),
    );
    b.drain();
    assert.deepEqual(b.seen.take(), ['channel o', 'open o', 'message o A']);
  });

  test('maxEarlyMessages are held, one more resets its stream and forgets what it held', () => {
    const { a, b } = connectedPair({ maxEarlyMessages: 3 });
    for (let i = 0; i < 3; i++) b.association.hear(8, 51, Uint8Array.of(65));
    b.drain();
    assert.equal(b.channels.drops.total, 0);
    b.association.hear(10, 51, Uint8Array.of(65));
    b.drain();
    assert.equal(b.channels.drops.counts['unknown-stream'], 1);
    assert.deepEqual(b.association.resets, [10]);
    b.association.hear(10, 51, Uint8Array.of(65));
    b.drain();
    assert.equal(b.channels.drops.counts['closing-stream'], 1);
    assert.equal(
      codeOf(() => b.open({ negotiated: true, id: 10 })),
      'ID_IN_USE',
    );
    settle({ a, b });
  });

  test('maxEarlyBytes are held, one more resets its stream', () => {
    const { b } = connectedPair({ maxEarlyBytes: 100 });
    b.association.hear(8, 53, bytes(100));
    b.drain();
    assert.equal(b.channels.drops.total, 0);
    b.association.hear(8, 53, bytes(1));
    b.drain();
    assert.deepEqual(b.association.resets, [8]);
    // The room that the stream took is free again.
    b.association.hear(12, 53, bytes(100));
    b.drain();
    assert.equal(b.channels.drops.total, 1);
  });

  test('a reset of the peer forgets what was held', () => {
    const { a, b } = connectedPair();
    b.association.hear(8, 53, bytes(1));
    b.association.say((sink) => sink.onStreamsReset([8]));
    settle({ a, b });
    b.open({ label: 'n', negotiated: true, id: 8 });
    b.drain();
    assert.deepEqual(b.seen.take(), ['open n']);
  });

  test('sending on a channel that is not open is NOT_OPEN', () => {
    const { a, b, here } = openPair();
    const connecting: Channel = a.open();
    assert.equal(
      codeOf(() => a.send(connecting, 'x')),
      'NOT_OPEN',
    );
    a.close(here);
    assert.equal(
      codeOf(() => a.send(here, 'x')),
      'NOT_OPEN',
    );
    settle({ a, b });
    assert.equal(
      codeOf(() => a.send(here, 'x')),
      'NOT_OPEN',
    );
  });
});
