import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CHUNK } from '../../src/packet/chunks.ts';
import { bytes, dataChunk, PEER_TSN, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const I_BIT = 8;

describe('RFC 7053 the I bit', () => {
  test('§5.2: is answered at once', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1, flags: 3 | I_BIT })]);
    assert.deepEqual(peer.takeTypes(), [CHUNK.SACK]);
  });

  test('§5.1: is set on the last chunk before the sender has to wait, and on no other', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(50_000), 0, 50_000, ORDERED, 0);
    const flags = peer.takeChunks().map((chunk) => chunk.flags & I_BIT);
    assert.deepEqual(flags, [0, 0, 0, 0, 0, 0, 0, 0, 0, I_BIT]);
  });

  test('§5.1: is set on the last chunk of all, so that a lost tail is found soon', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(3_000), 0, 3_000, ORDERED, 0);
    assert.deepEqual(
      peer.takeChunks().map((chunk) => chunk.flags & I_BIT),
      [0, 0, I_BIT],
    );
  });

  test('§5.1: is not set again within an eighth of a round trip', () => {
    const peer = new ScriptedPeer({ roundTripTime: 80 }).connect();
    const flags: number[] = [];
    for (peer.now = 100; peer.now < 125; peer.now += 2) {
      peer.association.send(1, 51, bytes(100), 0, 100, ORDERED, peer.now);
      flags.push(peer.takeChunks()[0]!.flags & I_BIT);
    }
    assert.deepEqual(flags, [I_BIT, 0, 0, 0, 0, I_BIT, 0, 0, 0, 0, I_BIT, 0, 0]);
  });

  test('§5.1: is set on what the shutdown waits for', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(100), 0, 100, ORDERED, 0);
    peer.association.shutdown(0);
    assert.equal(peer.takeChunks()[0]!.flags & I_BIT, I_BIT);
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.deepEqual(peer.takeTypes(), [CHUNK.SHUTDOWN]);
  });
});
