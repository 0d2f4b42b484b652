// What a hostile peer can make us work, and how much memory it can make us take, for each byte it sends. The limits
// are far from what is measured on a slow machine, and as far from what a quadratic cost would come to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Millis } from '@millrace/sans-io';
import { makeIncomingReset, makeReconfigChunk } from '../src/packet/re-config.ts';
import { bytes, dataChunk, forwardTsnChunk, PEER_TSN, ScriptedPeer, sackChunk } from './scripted-peer.ts';

const BEGIN = 2;
const END = 1;

function cpuTime(work: () => void): Millis {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** Hands over `count` chunks, 50 in a packet. */
function sendMany(peer: ScriptedPeer, count: number, chunk: (i: number) => Uint8Array): void {
  for (let i = 0; i < count; i += 50)
    peer.send(Array.from({ length: Math.min(50, count - i) }, (_, k) => chunk(i + k)));
}

describe('cost of what a peer sends', () => {
  test('FORWARD TSN that moves one stream step by step past thousands of waiting messages', () => {
    const peer = new ScriptedPeer({ receiveWindow: 5 * 1024 * 1024 }).connect();
    sendMany(peer, 20_000, (i) => dataChunk({ tsn: PEER_TSN + 30 + i, ssn: 12_000 + i, payload: bytes(1) }));
    const spent = cpuTime(() => {
      for (let packet = 0; packet < 20; packet++)
        peer.send([
          forwardTsnChunk(
            PEER_TSN + packet,
            // They are looked at from the last one to the first.
            Array.from({ length: 280 }, (_, i) => [1, packet * 280 + 279 - i] as const),
          ),
        ]);
    });
    assert.ok(spent < 500, `${spent} ms`);
    assert.equal(peer.seen.messages.length, 0);
    peer.send([forwardTsnChunk(PEER_TSN + 29, [[1, 11_999]])]);
    assert.equal(peer.seen.messages.length, 20_000);
  });

  test('fragments of a byte that come backwards', () => {
    const peer = new ScriptedPeer().connect();
    const count = 100_000;
    const message = bytes(count);
    const spent = cpuTime(() =>
      sendMany(peer, count, (i) => {
        const at = count - 1 - i;
        const flags = at === 0 ? BEGIN : at === count - 1 ? END : 0;
        return dataChunk({ tsn: PEER_TSN + at, flags, payload: message.subarray(at, at + 1) });
      }),
    );
    assert.deepEqual(peer.seen.messages[0]?.bytes, message);
    assert.ok(spent < 800, `${spent} ms`);
  });

  test('SACKs that cut what is acknowledged into other blocks each time', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 40_000, maxBurst: 40_000 });
    peer.connect({ window: 1 << 30 });
    const count = 30_000;
    for (let i = 0; i < count; i++)
      peer.association.send(1, 51, bytes(10), 0, 10, { ordered: true }, peer.now);
    assert.equal(peer.takeChunks().length, count);
    const sack = (start: number, end: number): Uint8Array =>
      sackChunk({ cumulative: 99, gaps: [[start, end]], window: 1 << 30 });
    peer.send([sack(2, count)]);
    const spent = cpuTime(() => {
      sendMany(peer, 5_000, (i) => sack(3 + i, count));
      sendMany(peer, 5_000, (i) => sack(2, count - (i & 1)));
    });
    assert.ok(spent < 400, `${spent} ms`);
  });

  test('requests to reset all of our streams, while there are many', () => {
    const peer = new ScriptedPeer().connect();
    const streams = 40_000;
    for (let stream = 0; stream < streams; stream++)
      peer.association.send(stream, 51, bytes(1), 0, 1, { ordered: true }, peer.now);
    const spent = cpuTime(() =>
      sendMany(peer, 1_000, (i) => makeReconfigChunk([makeIncomingReset(PEER_TSN + i, [])])),
    );
    assert.ok(spent < 500, `${spent} ms`);
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
