import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk, T_BIT } from '../../src/packet/chunks.ts';
import {
  bareChunk,
  bytes,
  dataChunk,
  initChunk,
  PEER_TAG,
  PEER_TSN,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const { ABORT, SHUTDOWN_ACK, SHUTDOWN_COMPLETE, COOKIE_ACK, ERROR, HEARTBEAT, HEARTBEAT_ACK } = CHUNK;

describe('RFC 9260 §8.1 endpoint failure detection', () => {
  test('a peer that acknowledges nothing any more is given up, and told so', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 3 }).connect();
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, 0);
    const sent = peer.wait(60_000);
    assert.equal(sent.length, 5, 'once, three times again, and an ABORT');
    assert.equal(sent.at(-1)!.packet.chunks[0]!.type, ABORT);
    assert.deepEqual(peer.seen.closed, { by: 'timeout', code: 'PEER_UNREACHABLE' });
    assert.equal(peer.association.deadline(), Number.POSITIVE_INFINITY);
  });

  test('by default that takes longer than ICE consent does to expire', () => {
    const peer = new ScriptedPeer({ roundTripTime: 20 }).connect();
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, 0);
    peer.wait(31_000);
    assert.equal(peer.association.state, 'connected');
    peer.wait(30_000);
    assert.equal(peer.association.state, 'closed');
  });

  test('an acknowledgement clears the count', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 3 }).connect();
    for (let i = 0; i < 10; i++) {
      peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
      peer.wait(4_000);
      peer.send([sackChunk({ cumulative: 100 + i })]);
    }
    assert.equal(peer.association.state, 'connected');
  });
});

describe('RFC 9260 §8.3 path heartbeat', () => {
  test('an idle path is asked every 30 s or so, and measured', () => {
    const p = connectedPair({ wire: { delay: 25 } });
    p.forget();
    p.run(100_000);
    const asked = p.chunks.filter(({ from, type }) => from === 'a' && type === HEARTBEAT);
    assert.ok(asked.length === 3, `${asked.length}`);
    assert.equal(p.chunks.filter(({ from, type }) => from === 'b' && type === HEARTBEAT_ACK).length, 3);
    assert.equal(p.a.stats.smoothedRoundTripTime, 50);
  });

  test('a path that carries data is not asked', () => {
    const p = connectedPair({ wire: { delay: 5 } });
    p.forget();
    for (let i = 0; i < 100; i++) {
      p.a.send(1, 51, bytes(10), 0, 10, ORDERED, p.now);
      p.run(1_000);
    }
    assert.deepEqual(
      p.chunks.filter(({ from, type }) => from === 'a' && type === HEARTBEAT),
      [],
    );
  });

  test('heartbeats that are not answered end the association', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 2 }).connect();
    peer.wait(200_000);
    assert.deepEqual(peer.seen.closed, { by: 'timeout', code: 'PEER_UNREACHABLE' });
  });

  test('the answer has the information unchanged, whatever it is', () => {
    const peer = new ScriptedPeer().connect();
    const info = Uint8Array.of(0, 1, 0, 9, ...bytes(5));
    peer.send([makeChunk(HEARTBEAT, 0, info)]);
    const [answer] = peer.takeChunks();
    assert.deepEqual([answer!.type, answer!.bytes.subarray(4)], [HEARTBEAT_ACK, info]);
  });

  test('an answer that was not asked for, or is not to this question, counts for nothing', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeChunk(HEARTBEAT_ACK, 0, Uint8Array.of(0, 1, 0, 12, ...bytes(8)))]);
    const asked = peer.wait(40_000).flatMap(({ packet }) => packet.chunks)[0]!;
    const forged = asked.bytes.slice(4);
    forged[11]! ^= 1;
    peer.send([makeChunk(HEARTBEAT_ACK, 0, forged)]);
    assert.equal(peer.association.stats.drops['unexpected-chunk'], 2);
    assert.equal(peer.association.stats.smoothedRoundTripTime, undefined);
  });
});

describe('RFC 9260 §8.4 out of the blue packets', () => {
  const cases: Array<
    [name: string, chunk: Uint8Array, answer: [tag: number, type: number, flags: number] | undefined]
  > = [
    ['ABORT is not answered', bareChunk(ABORT), undefined],
    ['INIT is answered with ABORT', initChunk(), [PEER_TAG, ABORT, 0]],
    [
      'SHUTDOWN ACK is answered with SHUTDOWN COMPLETE',
      bareChunk(SHUTDOWN_ACK),
      [77, SHUTDOWN_COMPLETE, T_BIT],
    ],
    ['SHUTDOWN COMPLETE is not answered', bareChunk(SHUTDOWN_COMPLETE), undefined],
    ['COOKIE ACK is not answered', bareChunk(COOKIE_ACK), undefined],
    ['ERROR is not answered', bareChunk(ERROR), undefined],
    ['DATA is answered with ABORT, the tag reflected', dataChunk({ tsn: 1 }), [77, ABORT, T_BIT]],
  ];
  for (const [name, chunk, answer] of cases)
    test(`when closed, ${name}`, () => {
      const peer = new ScriptedPeer().connect();
      peer.association.abort(undefined, 0);
      peer.take();
      peer.send([chunk], chunk[0] === CHUNK.INIT ? 0 : 77);
      const packets = peer.take();
      const got = packets.map(({ tag, chunks }) => [tag, chunks[0]!.type, chunks[0]!.flags]);
      assert.deepEqual(got, answer === undefined ? [] : [answer]);
    });
});

describe('RFC 9260 §8.5 verification tag', () => {
  test('a forged tag: nothing in the packet counts', () => {
    const peer = new ScriptedPeer().connect();
    for (const tag of [0, 1, peer.tag ^ 1, PEER_TAG])
      for (const chunk of [
        dataChunk({ tsn: PEER_TSN }),
        bareChunk(ABORT),
        bareChunk(CHUNK.SHUTDOWN),
        bareChunk(SHUTDOWN_ACK),
      ])
        peer.send([chunk], tag);
    assert.equal(peer.association.stats.drops['wrong-tag'], 16);
    assert.equal(peer.association.phase, 'established');
    assert.deepEqual([peer.seen.messages, peer.take()], [[], []]);
  });

  test('§8.5.1 B: ABORT is believed with our tag, or with the peer’s own and the T bit', () => {
    const reflected = new ScriptedPeer().connect();
    reflected.send([bareChunk(ABORT, T_BIT)]);
    assert.equal(reflected.association.state, 'connected', 'our tag, but the T bit is set');
    reflected.send([bareChunk(ABORT, T_BIT)], PEER_TAG);
    assert.deepEqual(reflected.seen.closed, { by: 'remote', code: 'ABORTED' });
    const plain = new ScriptedPeer().connect();
    plain.send([bareChunk(ABORT)]);
    assert.equal(plain.association.state, 'closed');
  });

  test('§8.5.1 E: SHUTDOWN ACK in COOKIE-WAIT ends what the peer remembers of us', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([bareChunk(SHUTDOWN_ACK)], 1234);
    const [packet] = peer.take();
    assert.deepEqual(
      [packet!.tag, packet!.chunks[0]!.type, packet!.chunks[0]!.flags],
      [1234, SHUTDOWN_COMPLETE, T_BIT],
    );
    assert.equal(peer.association.phase, 'cookie-wait');
  });

  test('§8.5.1 E: nothing behind such a SHUTDOWN ACK counts', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.send([initChunk({ cookie: bytes(20) }, CHUNK.INIT_ACK)]);
    peer.take();
    peer.send([bareChunk(SHUTDOWN_ACK), bareChunk(CHUNK.COOKIE_ACK)], 1234);
    assert.equal(peer.association.phase, 'cookie-echoed');
    peer.send([bareChunk(SHUTDOWN_ACK), bareChunk(CHUNK.COOKIE_ACK)]);
    assert.equal(peer.association.phase, 'established', 'with our tag it does');
  });

  test('§8.5.1 C: nor behind a SHUTDOWN COMPLETE, whose tag may be the peer’s own', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([bareChunk(SHUTDOWN_COMPLETE, T_BIT), dataChunk({ tsn: PEER_TSN })], PEER_TAG);
    assert.equal(peer.seen.messages.length, 0);
    assert.equal(peer.association.phase, 'established');
  });

  test('§8.5.1 A: an INIT behind another chunk is dropped', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([bareChunk(CHUNK.COOKIE_ACK), initChunk({ initiateTag: 5 })]);
    assert.deepEqual(peer.takeTypes(), []);
    assert.equal(peer.association.stats.drops['bad-bundle'], 1);
  });
});
