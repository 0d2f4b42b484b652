import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULTS } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { assertGrowth, IN_PROPORTION } from '../cost.ts';
import { bytes, PEER_TSN, readSack, type ScriptedPeer } from '../scripted-peer.ts';
import { iDataChunk, iForwardTsnChunk, interleavingPeer, readIForwardTsn } from './chunks.ts';

const { SACK, I_FORWARD_TSN } = CHUNK;
const [BEGIN, END, MIDDLE, UNORDERED] = [2, 1, 0, 4];
const ORDERED = { ordered: true };

function send(peer: ScriptedPeer, stream: number, length: number, options = ORDERED): void {
  peer.association.send(stream, 51, bytes(length), 0, length, options, peer.now);
}

describe('RFC 8260 §2.3 partial reliability', () => {
  test('I-FORWARD-TSN names the last message that was skipped, of the ordered and of the unordered ones', () => {
    const peer = interleavingPeer();
    for (const ordered of [true, true, false]) send(peer, 5, 4, { ordered, maxRetransmits: 0 } as never);
    peer.take();
    const chunks = peer.wait(1_500).flatMap(({ packet }) => packet.chunks);
    const forward = readIForwardTsn(chunks.find(({ type }) => type === I_FORWARD_TSN)!);
    assert.equal(forward.cumulative, 102);
    assert.deepEqual(forward.entries.sort(), [
      [5, 0, 1],
      [5, 1, 0],
    ]);
  });

  test('parts of messages that were skipped are thrown away, ordered and unordered ones apart', () => {
    const peer = interleavingPeer();
    peer.send([iDataChunk({ tsn: PEER_TSN + 1, mid: 0, flags: BEGIN, payload: bytes(1_000) })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 2, mid: 0, flags: BEGIN | UNORDERED, payload: bytes(1_000) })]);
    peer.send([iForwardTsnChunk(PEER_TSN + 2, [[1, 0, 0]])]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 3, mid: 0, fsn: 1, flags: END | UNORDERED })]);
    assert.equal(peer.seen.messages.length, 1);
    peer.send([iDataChunk({ tsn: PEER_TSN + 4, mid: 1 })]);
    assert.equal(peer.seen.messages.length, 2);
    assert.equal(peer.association.stats.receiveWindow, DEFAULTS.receiveWindow);
    const sack = readSack(peer.takeChunks().find(({ type }) => type === SACK)!);
    assert.equal(sack.cumulative, PEER_TSN + 4);
  });

  test('messages that wait behind skipped ones come', () => {
    const peer = interleavingPeer();
    for (const mid of [2, 3, 5])
      peer.send([iDataChunk({ tsn: PEER_TSN + mid, mid, payload: bytes(1, mid) })]);
    peer.send([iForwardTsnChunk(PEER_TSN + 1, [[1, 0, 1]])]);
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: b }) => b[0]),
      [2, 3],
    );
    peer.send([iForwardTsnChunk(PEER_TSN + 4, [[1, 0, 4]])]);
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: b }) => b[0]),
      [2, 3, 5],
    );
  });

  test('a message given up halfway is skipped though all that was sent of it has come', () => {
    const p = connectedPair({ wire: { delay: 10 }, both: { initialWindowPackets: 2, maxBurst: 1 } });
    const limits = { ordered: true, maxPacketLifeTime: 15 };
    p.a.send(1, 51, bytes(60_000), 0, 60_000, limits, p.now);
    p.a.send(1, 52, bytes(10), 0, 10, ORDERED, p.now);
    p.run(2_000);
    assert.deepEqual(
      p.atB.messages.map(({ ppid }) => ppid),
      [52],
    );
    assert.equal(p.a.stats.abandonedMessages, 1);
    assert.equal(p.b.stats.receiveWindow, DEFAULTS.receiveWindow);
  });

  test('with loss most arrive, what follows never waits, and nothing stays behind', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const p = connectedPair({
        seed,
        wire: { delay: 15, loss: 0.1, jitter: 5 },
        both: { roundTripTime: 30 },
      });
      for (let i = 0; i < 60; i++) {
        const length = i % 7 === 0 ? 4_000 : 300;
        const limits = { ordered: i % 2 === 0, maxRetransmits: i % 3 };
        p.a.send(i % 3, i, bytes(length), 0, length, limits, p.now);
        p.run(5);
      }
      p.a.send(0, 999, bytes(3), 0, 3, ORDERED, p.now);
      assert.ok(
        p.run(20_000, () => p.atB.messages.some(({ ppid }) => ppid === 999)),
        `seed ${seed}`,
      );
      p.run(5_000);
      assert.equal(p.b.stats.receiveWindow, DEFAULTS.receiveWindow, `seed ${seed}`);
      assert.deepEqual(
        [p.b.stats.drops['broken-message'], p.b.stats.drops['old-ssn']],
        [0, 0],
        `seed ${seed}`,
      );
    }
  });

  test('when more streams are skipped than fit a packet, the rest follows', () => {
    const p = connectedPair({
      wire: { delay: 10 },
      both: { mtu: 576, initialWindowPackets: 60, maxBurst: 60 },
    });
    let isDown = true;
    p.pair.ab.lose = () => isDown;
    for (let stream = 0; stream < 400; stream++)
      p.a.send(stream, 51, bytes(4), 0, 4, { ordered: true, maxRetransmits: 0 }, p.now);
    p.run(250);
    isDown = false;
    for (let stream = 0; stream < 400; stream++) p.a.send(stream, 51, bytes(4), 0, 4, ORDERED, p.now);
    p.run(10_000);
    assert.equal(p.atB.messages.length, 400);
  });
});

describe('cost of what a peer sends interleaved', () => {
  test('fragments with holes everywhere are no more than the holes among TSNs', () => {
    const peer = interleavingPeer();
    for (let i = 0; i < 5_000; i++)
      peer.send([iDataChunk({ tsn: PEER_TSN + i, flags: MIDDLE, fsn: 2 * (5_000 - i), payload: bytes(1) })]);
    assert.equal(peer.association.stats.drops['broken-message'], 1);
    assert.ok(peer.association.stats.receiveWindow > DEFAULTS.receiveWindow - 1_000);
  });

  test('thousands of messages in parts, skipped step by step', () => {
    assertGrowth(IN_PROPORTION, 2_500, 8, (count) => {
      const peer = interleavingPeer();
      return () => {
        for (let i = 0; i < count; i += 50)
          peer.send(
            Array.from({ length: 50 }, (_, k) =>
              iDataChunk({
                tsn: PEER_TSN + 100 + i + k,
                mid: 20_000 + i + k,
                flags: BEGIN | UNORDERED,
                payload: bytes(1),
              }),
            ),
          );
        for (let packet = 0; packet < (count * 60) / 20_000; packet++)
          peer.send([
            iForwardTsnChunk(
              PEER_TSN + packet,
              Array.from({ length: 140 }, (_, i) => [1, 1, packet * 140 + 139 - i] as const),
            ),
          ]);
      };
    });
  });
});
