// What a hostile peer can make us work, and how much memory it can make us take, for each byte it sends: how the cost of
// what it sends grows with how much there is of it already.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeIncomingReset, makeReconfigChunk } from '../src/packet/re-config.ts';
import { assertGrowth, IN_PROPORTION, THE_SAME } from './cost.ts';
import { bytes, dataChunk, forwardTsnChunk, PEER_TSN, ScriptedPeer, sackChunk } from './scripted-peer.ts';

const BEGIN = 2;
const END = 1;

/** Hands over `count` chunks, 50 in a packet. */
function sendMany(peer: ScriptedPeer, count: number, chunk: (i: number) => Uint8Array): void {
  for (let i = 0; i < count; i += 50)
    peer.send(Array.from({ length: Math.min(50, count - i) }, (_, k) => chunk(i + k)));
}

describe('cost of what a peer sends', () => {
  test('FORWARD TSN that moves one stream step by step past thousands of waiting messages', () => {
    let peer!: ScriptedPeer;
    assertGrowth(THE_SAME, 1_250, 16, (waiting) => {
      peer = new ScriptedPeer({ receiveWindow: 5 * 1024 * 1024 }).connect();
      sendMany(peer, waiting, (i) =>
        dataChunk({ tsn: PEER_TSN + 30 + i, ssn: 12_000 + i, payload: bytes(1) }),
      );
      return () => {
        for (let packet = 0; packet < 20; packet++)
          peer.send([
            forwardTsnChunk(
              PEER_TSN + packet,
              // They are looked at from the last one to the first.
              Array.from({ length: 280 }, (_, i) => [1, packet * 280 + 279 - i] as const),
            ),
          ]);
      };
    });
    assert.equal(peer.seen.messages.length, 0);
    peer.send([forwardTsnChunk(PEER_TSN + 29, [[1, 11_999]])]);
    assert.equal(peer.seen.messages.length, 20_000);
  });

  test('fragments of a byte that come backwards', () => {
    assertGrowth(IN_PROPORTION, 12_500, 8, (count) => {
      const peer = new ScriptedPeer().connect();
      const message = bytes(count);
      return () => {
        sendMany(peer, count, (i) => {
          const at = count - 1 - i;
          const flags = at === 0 ? BEGIN : at === count - 1 ? END : 0;
          return dataChunk({ tsn: PEER_TSN + at, flags, payload: message.subarray(at, at + 1) });
        });
        assert.deepEqual(peer.seen.messages[0]?.bytes, message);
      };
    });
  });

  test('SACKs that cut what is acknowledged into other blocks each time', () => {
    assertGrowth(THE_SAME, 2_000, 16, (count) => {
      const peer = new ScriptedPeer({ initialWindowPackets: 40_000, maxBurst: 40_000 });
      peer.connect({ window: 1 << 30 });
      for (let i = 0; i < count; i++)
        peer.association.send(1, 51, bytes(10), 0, 10, { ordered: true }, peer.now);
      assert.equal(peer.takeChunks().length, count);
      const sack = (start: number, end: number): Uint8Array =>
        sackChunk({ cumulative: 99, gaps: [[start, end]], window: 1 << 30 });
      peer.send([sack(2, count)]);
      return () => {
        sendMany(peer, 1_900, (i) => sack(3 + i, count));
        sendMany(peer, 1_900, (i) => sack(2, count - (i & 1)));
      };
    });
  });

  test('requests to reset all of our streams, while there are many', () => {
    // The first one is work for each stream, the others are none.
    assertGrowth(IN_PROPORTION, 50, 20, (requests) => {
      const peer = new ScriptedPeer().connect();
      for (let stream = 0; stream < 40_000; stream++)
        peer.association.send(stream, 51, bytes(1), 0, 1, { ordered: true }, peer.now);
      return () => sendMany(peer, requests, (i) => makeReconfigChunk([makeIncomingReset(PEER_TSN + i, [])]));
    });
  });

  test('messages begun after a long one reserve no memory of their own accord', () => {
    const peer = new ScriptedPeer().connect();
    sendMany(peer, 200, (i) =>
      dataChunk({ tsn: PEER_TSN + i, flags: i === 0 ? BEGIN : i === 199 ? END : 0, payload: bytes(1_300) }),
    );
    assert.equal(peer.seen.messages[0]!.bytes.length, 260_000);
    const before = process.memoryUsage().arrayBuffers;
    sendMany(peer, 400, (i) =>
      dataChunk({ tsn: PEER_TSN + 201 + 2 * i, ssn: 1 + i, flags: BEGIN, payload: bytes(1) }),
    );
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < 5_000_000, `${taken} bytes for 400`);
  });
});
