// Messages wait in pooled memory. Whatever becomes of them, and of their association, the pool is whole in the end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferPool } from '@millrace/buffer-pool';
import { createMessagePool, SctpError } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../src/packet/chunks.ts';
import { parseInit } from '../src/packet/init.ts';
import { initChunk, ScriptedPeer } from './scripted-peer.ts';

const ORDERED = { ordered: true };
const message = new Uint8Array(300_000).map((_, i) => i * 7);
const debugPool = (maxBytes = 1 << 26) =>
  new BufferPool({ classes: [64, 1_024, 16_384, 65_536], slabBytes: 16_384, maxBytes, debug: true });
const isFull = (error: unknown) => error instanceof SctpError && error.code === 'QUEUE_FULL';

describe('the pool is whole', () => {
  test('after transfers with loss, and every byte has come', () => {
    const messagePool = debugPool();
    const { a, b, atA, atB, pair } = connectedPair({ seed: 3, both: { messagePool }, wire: { loss: 0.05 } });
    const lengths = [1, 63, 64, 65, 1_000, 1_024, 5_000, 16_384, 70_000, 262_000];
    for (const [i, length] of lengths.entries()) {
      a.send(i, 51, message, 0, length, ORDERED, pair.now);
      b.send(i, 51, message, i, i + length - (i === 9 ? 9 : 0), ORDERED, pair.now);
    }
    assert.ok(pair.run(600_000, () => atA.messages.length === 10 && atB.messages.length === 10));
    for (const { stream, bytes } of atB.messages)
      assert.deepEqual(bytes, message.subarray(0, lengths[stream]!), `stream ${stream}`);
    assert.ok(pair.run(60_000, () => a.stats.sendMemory + b.stats.sendMemory === 0));
    messagePool.assertWhole();
  });

  test('after an association has been aborted in the middle of one, by either side', () => {
    for (const side of ['a', 'b'] as const) {
      const messagePool = debugPool();
      const { a, b, pair } = connectedPair({ both: { messagePool }, wire: { delay: 20 } });
      for (let i = 0; i < 8; i++) a.send(i, 51, message, 0, 40_000, ORDERED, pair.now);
      pair.run(30);
      assert.ok(!messagePool.isWhole);
      (side === 'a' ? a : b).abort(undefined, pair.now);
      pair.run(1_000);
      messagePool.assertWhole();
    }
  });

  test('after messages have been given up', () => {
    const messagePool = debugPool();
    const { a, pair } = connectedPair({ seed: 9, both: { messagePool }, wire: { loss: 0.3 } });
    for (let i = 0; i < 100; i++) {
      const options = {
        ordered: i % 2 === 0,
        ...(i % 3 ? { maxRetransmits: 0 } : { maxPacketLifeTime: 20 }),
      };
      a.send(i % 5, 51, message, 0, i * 90 + 1, options, pair.now);
      pair.run(5);
    }
    assert.ok(pair.run(600_000, () => a.stats.sendMemory === 0));
    messagePool.assertWhole();
  });

  test('RFC 9260 §5.2.4 A: but for what waits, after the peer has begun anew and what was in flight is forgotten', () => {
    const messagePool = debugPool();
    const peer = new ScriptedPeer({ messagePool }).connect();
    for (let i = 0; i < 5; i++) peer.association.send(1, 51, message, 0, 1_000, ORDERED, 0);
    assert.ok(peer.take().length > 0);
    peer.association.send(1, 51, message, 0, 60_000, ORDERED, 0);
    peer.send([initChunk({ initiateTag: 4444, initialTsn: 9 })], 0);
    const [initAck] = peer.takeChunks();
    peer.theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    peer.send([makeChunk(CHUNK.COOKIE_ECHO, 0, peer.theirs.cookie!)]);
    assert.equal(messagePool.stats.leases, 1);
    peer.association.abort(undefined, 0);
    messagePool.assertWhole();
  });

  test('after the peer has granted fewer streams than there are messages for', () => {
    const messagePool = debugPool();
    const { a, b, pair } = connectedPair({
      connect: 'none',
      both: { messagePool },
      b: { inboundStreams: 4 },
    });
    for (let i = 0; i < 8; i++) a.send(i, 51, message, 0, 5_000, ORDERED, 0);
    a.connect(0);
    b.connect(0);
    assert.ok(pair.run(10_000, () => a.state === 'connected' && a.stats.sendMemory === 0));
    messagePool.assertWhole();
  });
});

describe('a dry pool', () => {
  test('is a full queue: nothing changes, and when others are acknowledged there is room again', () => {
    const messagePool = createMessagePool(200_000);
    const { a, atB, pair } = connectedPair({ both: { messagePool } });
    const other = connectedPair({ seed: 2, both: { messagePool } });
    let sent = 0;
    for (; a.canSend(10_000); sent++) a.send(1, 51, message, 0, 10_000, ORDERED, pair.now);
    assert.ok(sent >= 10 && sent <= 20, `${sent} messages in 200,000 bytes`);
    const before = a.stats;
    assert.throws(() => a.send(1, 51, message, 0, 10_000, ORDERED, pair.now), isFull);
    assert.deepEqual(a.stats, before);
    assert.equal(a.bufferedAmount(77), 0);

    assert.ok(other.a.canSend(10_000), 'whoever holds nothing may send one');
    other.a.send(1, 51, message, 0, 10_000, ORDERED, 0);
    assert.ok(!other.a.canSend(10_000));
    assert.ok(pair.run(10_000, () => atB.messages.length === sent && a.stats.sendMemory === 0));
    assert.ok(a.canSend(10_000) && other.a.canSend(10_000));
    assert.ok(other.run(10_000, () => other.atB.messages.length === 1 && other.a.stats.sendMemory === 0));
    assert.deepEqual(other.atB.messages[0]!.bytes, message.subarray(0, 10_000));
    messagePool.assertWhole();
  });
});
