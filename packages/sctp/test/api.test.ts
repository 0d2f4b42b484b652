// What a caller may and may not do.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SctpError, type SctpOptions } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { testAssociation } from '../src/testing/connected-pair.ts';
import { bytes, ScriptedPeer, sackChunk } from './scripted-peer.ts';

const ORDERED = { ordered: true };

describe('send', () => {
  const mistakes: Array<[code: string, call: (peer: ScriptedPeer) => void]> = [
    ['EMPTY_MESSAGE', ({ association }) => association.send(1, 51, bytes(9), 4, 4, ORDERED, 0)],
    ['BAD_STREAM', ({ association }) => association.send(-1, 51, bytes(9), 0, 9, ORDERED, 0)],
    ['BAD_STREAM', ({ association }) => association.send(65_535, 51, bytes(9), 0, 9, ORDERED, 0)],
    ['BAD_STREAM', ({ association }) => association.send(1.5, 51, bytes(9), 0, 9, ORDERED, 0)],
    ['BAD_STREAM', ({ association }) => association.resetStreams([1, 70_000], 0)],
    ['TOO_LARGE', ({ association }) => association.send(1, 51, bytes(1_001), 0, 1_001, ORDERED, 0)],
  ];
  for (const [code, call] of mistakes)
    test(`${code} is thrown before anything changes`, () => {
      const peer = new ScriptedPeer({ sendQueueLimit: 1_000 }).connect();
      const before = peer.association.stats;
      assert.throws(
        () => call(peer),
        (error) => error instanceof SctpError && error.code === code && error.name === 'SctpError',
      );
      assert.deepEqual(peer.association.stats, before);
      assert.equal(peer.association.totalBuffered, 0);
      assert.deepEqual(peer.take(), []);
    });

  test('QUEUE_FULL at one byte more than the limit, until bytes have left', () => {
    const peer = new ScriptedPeer({ sendQueueLimit: 1_000 }).connect();
    peer.association.send(1, 51, bytes(900), 0, 900, ORDERED, 0);
    assert.ok(
      !peer.association.canSend(101) && peer.association.canSend(100) && !peer.association.canSend(0),
    );
    assert.throws(() => peer.association.send(2, 51, bytes(101), 0, 101, ORDERED, 0), { code: 'QUEUE_FULL' });
    peer.association.send(2, 51, bytes(100), 0, 100, ORDERED, 0);
    peer.take();
    assert.ok(peer.association.canSend(1_000));
  });

  test('copies what it is given: the caller may change it at once', () => {
    const p = connectedPair({ wire: { delay: 5 } });
    const message = bytes(3_000);
    const padded = new Uint8Array(3_010);
    padded.set(message, 10);
    p.a.send(1, 51, padded, 10, 3_010, ORDERED, p.now);
    padded.fill(0);
    p.run(100);
    assert.deepEqual(p.atB.messages[0]!.bytes, message);
  });

  test('memory that is used again carries nothing over', () => {
    const p = connectedPair({ wire: { delay: 5 } });
    for (let i = 1; i <= 50; i++) {
      const length = 100 * i;
      p.a.send(1, length, bytes(length, i), 0, length, ORDERED, p.now);
      if (i % 3 === 0) p.run(40);
    }
    p.run(1_000);
    assert.equal(p.atB.messages.length, 50);
    p.atB.messages.forEach(({ ppid, bytes: b }, i) => {
      assert.deepEqual(b, bytes(ppid, i + 1));
    });
  });

  test('before connect it waits', () => {
    const p = connectedPair({ connect: 'none' });
    p.a.send(9, 51, bytes(10), 0, 10, ORDERED, 0);
    p.run(1_000);
    assert.deepEqual([p.chunks.length, p.a.bufferedAmount(9)], [0, 10]);
    p.a.connect(p.now);
    p.run(1_000);
    assert.equal(p.atB.messages.length, 1);
  });
});

describe('bufferedAmount, as the W3C defines it', () => {
  test('falls when bytes are first put into a packet, whole or in part, and not for retransmissions', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(20_000), 0, 20_000, ORDERED, 0);
    peer.association.send(2, 51, bytes(500), 0, 500, ORDERED, 0);
    assert.deepEqual(
      [
        peer.association.bufferedAmount(1),
        peer.association.bufferedAmount(2),
        peer.association.totalBuffered,
      ],
      [20_000, 500, 20_500],
    );
    peer.take();
    const sent = 10 * (1_160 - 28);
    assert.equal(peer.association.bufferedAmount(1), 20_000 - sent);
    assert.equal(peer.seen.sent.get(1), sent);
    peer.wait(900);
    peer.send([sackChunk({ cumulative: 109 })]);
    peer.take();
    assert.equal(peer.association.totalBuffered, 0);
    assert.deepEqual(
      [...peer.seen.sent],
      [
        [1, 20_000],
        [2, 500],
      ],
    );
  });

  test('is 0 for a stream that was never used', () => {
    assert.equal(new ScriptedPeer().association.bufferedAmount(77), 0);
  });
});

describe('drain', () => {
  test('a sink may send, reset and close from within', () => {
    const p = connectedPair({
      wire: { delay: 5 },
      sink: (association, side) => ({
        onConnected: () => {
          if (side === 'a') association.send(1, 51, bytes(10), 0, 10, ORDERED, 0);
        },
        onMessage: (stream, ppid, message) => {
          if (ppid < 60) association.send(stream, ppid + 1, message, 0, message.length, ORDERED, 0);
          else association.shutdown(0);
        },
        onStreamsReset: () => {},
        onResetDone: () => {},
        onResetFailed: () => {},
        onSent: () => {},
        onClosed: () => {},
      }),
    });
    p.run(5_000);
    assert.deepEqual([p.a.state, p.b.state], ['closed', 'closed']);
  });

  test('after the end there is nothing', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, 0);
    peer.take();
    peer.association.abort(undefined, 0);
    assert.ok(peer.association.drain(peer.seen));
    assert.ok(!peer.association.drain(peer.seen));
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.deepEqual(peer.seen.log, ['connected', 'closed ABORTED']);
  });
});

describe('options', () => {
  const wrong: Array<Partial<SctpOptions>> = [
    { mtu: 511 },
    { mtu: 70_000 },
    { localPort: 0 },
    { remotePort: 65_536 },
    { outboundStreams: 0 },
    { inboundStreams: 65_536 },
    { receiveWindow: 262_143 },
    { maxMessageSize: 0 },
    { sendQueueLimit: 0 },
    { maxGapBlocks: 0 },
    { mtu: Number.NaN },
  ];
  for (const options of wrong)
    test(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => testAssociation(1, options), { code: 'BAD_OPTION' });
    });

  test('a packet size is rounded down to a multiple of four', () => {
    assert.equal(testAssociation(1, { mtu: 1_163 }).stats.mtu, 1_160);
  });
});
