// Which messages share packets (RFC 9260 §6.10), and what rides along with them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../src/packet/chunks.ts';
import { bytes, dataChunk, PEER_TSN, readData, ScriptedPeer, sackChunk } from './scripted-peer.ts';

const { DATA, SACK, FORWARD_TSN, RE_CONFIG } = CHUNK;
const ORDERED = { ordered: true };

function send(peer: ScriptedPeer, length: number, stream = 1): void {
  peer.association.send(stream, 51, bytes(length), 0, length, ORDERED, peer.now);
}

function types(peer: ScriptedPeer): number[][] {
  return peer.take().map(({ chunks }) => chunks.map(({ type }) => type));
}

describe('RFC 9260 §6.10 bundling', () => {
  test('messages of one turn share packets, those of any stream', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 28; i++) send(peer, 64, i % 4);
    assert.deepEqual(
      peer.take().map(({ chunks }) => chunks.length),
      [14, 14],
    );
  });

  test('a message leaves at once, also while others are in flight', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 3; i++) {
      send(peer, 64);
      assert.deepEqual(types(peer), [[DATA]]);
    }
  });

  test('what the window held back leaves together', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 1 }).connect();
    send(peer, 1_100);
    peer.take();
    for (let i = 0; i < 10; i++) {
      send(peer, 64);
      assert.deepEqual(types(peer), []);
    }
    peer.now += 20;
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.deepEqual(types(peer), [new Array(10).fill(DATA)]);
  });

  test('SACK, RE-CONFIG, FORWARD TSN and data go in one packet', () => {
    const peer = new ScriptedPeer().connect();
    const limits = { ordered: true, maxRetransmits: 0 };
    peer.association.send(3, 51, bytes(10), 0, 10, limits, peer.now);
    peer.take();
    peer.now += 20;
    // Its sending is lost; three later ones come.
    for (let i = 0; i < 3; i++) {
      send(peer, 10);
      peer.take();
    }
    peer.now += 20;
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 4]] }), dataChunk({ tsn: PEER_TSN })]);
    send(peer, 10);
    peer.association.resetStreams([9], peer.now);
    assert.deepEqual(types(peer), [[SACK, RE_CONFIG, FORWARD_TSN, DATA]]);
  });
});

describe('RFC 9260 §6.2 how many SACKs there are', () => {
  test('one for a batch of packets, however many', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 40; i++) peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i })]);
    assert.deepEqual(types(peer), [[SACK]]);
  });

  test('every second packet, if packets come one in a turn', () => {
    const peer = new ScriptedPeer().connect();
    const sacks: number[] = [];
    for (let i = 0; i < 9; i++) {
      peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i })]);
      sacks.push(types(peer).length);
    }
    assert.deepEqual(sacks, [1, 0, 1, 0, 1, 0, 1, 0, 1], 'the first one at once');
  });

  test('data on its way back carries one along, before it is due', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1 })]);
    send(peer, 10);
    assert.deepEqual(types(peer), [[SACK, DATA]]);
    assert.deepEqual(
      peer.wait(1_000).filter(({ packet }) => packet.chunks[0]!.type === SACK),
      [],
    );
  });
});

describe('cork', () => {
  test('holds messages back until they fill a packet; uncork lets the rest go', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.cork(peer.now);
    let whole = 0;
    for (let i = 0; i < 30; i++) {
      send(peer, 64);
      for (const { chunks } of peer.take()) {
        whole++;
        assert.equal(chunks.length, 14);
      }
    }
    assert.equal(whole, 1);
    peer.association.uncork(peer.now);
    assert.deepEqual(
      peer.take().map(({ chunks }) => chunks.length),
      [14, 2],
    );
    assert.equal(peer.association.totalBuffered, 0);
  });

  test('does not hold back what answers the peer, nor what is sent again', () => {
    const peer = new ScriptedPeer().connect();
    send(peer, 64);
    peer.take();
    peer.association.cork(peer.now);
    send(peer, 64);
    for (let i = 0; i < 2; i++) peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i })]);
    assert.deepEqual(types(peer), [[SACK]]);
    const again = peer.wait(190).flatMap(({ packet }) => packet.chunks);
    assert.deepEqual(
      again.filter(({ type }) => type === DATA).map((chunk) => readData(chunk).tsn),
      again.length === 0 ? [] : [100],
    );
  });

  test('comes out by itself after corkLimit', () => {
    const peer = new ScriptedPeer({ corkLimit: 70 }).connect();
    peer.association.cork(peer.now);
    send(peer, 64);
    const [first] = peer.wait(500);
    assert.equal(first?.now, 70);
  });

  test('and when the association is shut down', () => {
    const p = connectedPair({ wire: { delay: 5 } });
    p.a.cork(p.now);
    p.a.send(1, 51, bytes(64), 0, 64, ORDERED, p.now);
    p.a.shutdown(p.now);
    p.run(1_000);
    assert.equal(p.atB.messages.length, 1);
    assert.equal(p.atA.closed?.code, 'SHUTDOWN');
  });
});
