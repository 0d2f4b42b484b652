import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { bareChunk, bytes, dataChunk, PEER_TSN, readSack, ScriptedPeer } from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const { SHUTDOWN, SHUTDOWN_ACK, SHUTDOWN_COMPLETE, ABORT, SACK } = CHUNK;

function shutdownChunk(cumulative: number): Uint8Array {
  return makeChunk(
    SHUTDOWN,
    0,
    Uint8Array.of(cumulative >>> 24, cumulative >>> 16, cumulative >>> 8, cumulative),
  );
}

describe('RFC 9260 §9.1 abort', () => {
  test('the other side hears the reason, and nothing more is sent', () => {
    const p = connectedPair({ wire: { delay: 10 } });
    p.a.send(1, 51, bytes(50_000), 0, 50_000, ORDERED, p.now);
    p.a.abort('out of coffee', p.now);
    p.run(1_000);
    assert.deepEqual(p.atA.closed, { by: 'local', code: 'ABORTED' });
    assert.deepEqual(p.atB.closed, {
      by: 'remote',
      code: 'ABORTED',
      cause: { code: 12, text: 'out of coffee' },
    });
    assert.throws(() => p.a.send(1, 51, bytes(1), 0, 1, ORDERED, p.now), { code: 'CLOSED' });
    assert.throws(() => p.a.resetStreams([1], p.now), { code: 'CLOSED' });
    assert.throws(() => p.a.connect(p.now), { code: 'CLOSED' });
  });

  test('a reason is cut to 512 bytes', () => {
    const p = connectedPair();
    p.a.abort('x'.repeat(513), p.now);
    p.run(10);
    assert.equal(p.atB.closed?.cause?.text, 'x'.repeat(512));
  });

  test('a reason of 513 bytes from the peer is kept to 512', () => {
    const peer = new ScriptedPeer().connect();
    const value = new Uint8Array(4 + 513).fill(0x78);
    value.set([0, 12, 517 >> 8, 517 & 0xff]);
    peer.send([makeChunk(ABORT, 0, value)]);
    assert.equal(peer.seen.closed?.cause?.text.length, 512);
  });

  test('before anything has been sent, it closes in silence', () => {
    const peer = new ScriptedPeer();
    peer.association.abort('never mind', 0);
    assert.deepEqual(peer.take(), []);
    assert.deepEqual(peer.seen.closed, { by: 'local', code: 'ABORTED' });
  });
});

describe('RFC 9260 §9.2 shutdown', () => {
  test('three chunks end it', () => {
    const p = connectedPair({ wire: { delay: 10 } });
    p.forget();
    p.a.shutdown(p.now);
    p.run(1_000);
    // A -> SHUTDOWN -> Z -> SHUTDOWN ACK -> A -> SHUTDOWN COMPLETE -> Z
    assert.deepEqual(
      p.chunks.map(({ from, type }) => [from, type]),
      [
        ['a', SHUTDOWN],
        ['b', SHUTDOWN_ACK],
        ['a', SHUTDOWN_COMPLETE],
      ],
    );
    assert.deepEqual(
      [p.atA.closed, p.atB.closed],
      [
        { by: 'local', code: 'SHUTDOWN' },
        { by: 'remote', code: 'SHUTDOWN' },
      ],
    );
    assert.equal(p.a.deadline(), Number.POSITIVE_INFINITY);
  });

  test('everything that is queued on either side arrives first, also with loss', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const p = connectedPair({ seed, wire: { delay: 10, loss: 0.1 }, both: { roundTripTime: 20 } });
      for (let i = 0; i < 10; i++) {
        p.a.send(i, 51, bytes(5_000), 0, 5_000, ORDERED, p.now);
        p.b.send(i, 51, bytes(5_000), 0, 5_000, ORDERED, p.now);
      }
      p.a.shutdown(p.now);
      assert.throws(() => p.a.send(1, 51, bytes(1), 0, 1, ORDERED, p.now), { code: 'CLOSED' });
      p.run(120_000);
      assert.deepEqual([p.atA.messages.length, p.atB.messages.length], [10, 10], `seed ${seed}`);
      assert.deepEqual([p.atA.closed?.code, p.atB.closed?.code], ['SHUTDOWN', 'SHUTDOWN'], `seed ${seed}`);
    }
  });

  test('both at once', () => {
    const p = connectedPair({ wire: { delay: 10 } });
    p.a.shutdown(p.now);
    p.b.shutdown(p.now);
    p.run(1_000);
    assert.deepEqual([p.atA.closed?.code, p.atB.closed?.code], ['SHUTDOWN', 'SHUTDOWN']);
  });

  test('asked for during the handshake, it follows the handshake and what was queued', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: 10 } });
    p.a.send(1, 51, bytes(5_000), 0, 5_000, ORDERED, 0);
    p.a.connect(0);
    p.a.shutdown(0);
    p.run(5_000);
    assert.deepEqual(p.atB.log, ['connected', 'message 1', 'closed SHUTDOWN']);
  });

  test('before connect there is nothing to wait for', () => {
    const peer = new ScriptedPeer();
    peer.association.shutdown(0);
    peer.take();
    assert.deepEqual(peer.seen.closed, { by: 'local', code: 'SHUTDOWN' });
  });

  test('T2: SHUTDOWN is repeated, and the guard T5 ends it in the end', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 1_000 }).connect();
    peer.association.shutdown(0);
    const sent = peer.wait(60_000);
    assert.deepEqual(
      sent.slice(0, 3).map(({ now, packet }) => [now, packet.chunks[0]!.type]),
      [
        [0, SHUTDOWN],
        [1_000, SHUTDOWN],
        [3_000, SHUTDOWN],
      ],
    );
    assert.deepEqual([sent.at(-1)!.now, sent.at(-1)!.packet.chunks[0]!.type], [30_000, ABORT]);
    assert.deepEqual(peer.seen.closed, { by: 'timeout', code: 'SHUTDOWN_TIMEOUT' });
  });

  test('T2: a SHUTDOWN ACK without a SHUTDOWN COMPLETE is repeated until the peer is given up', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 2 }).connect();
    peer.send([shutdownChunk(99)]);
    const sent = peer.wait(60_000).map(({ packet }) => packet.chunks[0]!.type);
    assert.deepEqual(sent, [SHUTDOWN_ACK, SHUTDOWN_ACK, SHUTDOWN_ACK, ABORT]);
    assert.equal(peer.seen.closed?.code, 'PEER_UNREACHABLE');
  });

  test('data that comes after our SHUTDOWN is taken, and answered with SACK and SHUTDOWN', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.shutdown(0);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    const chunks = peer.takeChunks();
    assert.deepEqual(
      chunks.map(({ type }) => type),
      [SACK, SHUTDOWN],
    );
    assert.equal(readSack(chunks[0]!).cumulative, PEER_TSN);
    assert.equal(peer.seen.messages.length, 1);
  });

  test('the cumulative TSN of a SHUTDOWN acknowledges', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(100), 0, 100, ORDERED, 0);
    peer.take();
    peer.send([shutdownChunk(100)]);
    assert.equal(peer.association.phase, 'shutdown-ack-sent');
    assert.deepEqual(peer.takeTypes(), [SHUTDOWN_ACK]);
    peer.send([bareChunk(SHUTDOWN_COMPLETE)]);
    assert.deepEqual(peer.seen.closed, { by: 'remote', code: 'SHUTDOWN' });
  });

  test('SHUTDOWN COMPLETE and SHUTDOWN ACK at any other time mean nothing', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([bareChunk(SHUTDOWN_COMPLETE)]);
    peer.send([bareChunk(SHUTDOWN_ACK)]);
    assert.equal(peer.association.phase, 'established');
    assert.equal(peer.association.stats.drops['unexpected-chunk'], 2);
  });
});
