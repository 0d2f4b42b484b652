import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u32 } from '@millrace/sans-io';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import {
  bytes,
  type Chunk,
  dataChunk,
  forwardTsnChunk,
  PEER_TSN,
  readData,
  readSack,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const { DATA, SACK, FORWARD_TSN } = CHUNK;

interface Sending {
  readonly stream?: number;
  readonly ordered?: boolean;
  readonly maxRetransmits?: number;
  readonly maxPacketLifeTime?: number;
}

function sending(
  peer: ScriptedPeer,
  length: number,
  { stream = 1, ordered = true, ...limits }: Sending = {},
): void {
  peer.association.send(stream, 51, bytes(length), 0, length, { ordered, ...limits }, peer.now);
}

function readForwardTsn(chunk: Chunk): { cumulative: number; streams: string } {
  return { cumulative: u32(chunk.bytes, 4), streams: Buffer.from(chunk.bytes.subarray(8)).toString('hex') };
}

describe('RFC 3758 §3.5 sender side', () => {
  test('a message without retransmissions is given up when it is lost', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, { maxRetransmits: 0, stream: 7 });
    sending(peer, 10, { stream: 8 });
    peer.take();
    const chunks = peer.wait(1_000).flatMap(({ packet }) => packet.chunks);
    assert.deepEqual(
      chunks.map(({ type }) => type),
      [FORWARD_TSN, DATA],
    );
    assert.deepEqual(readForwardTsn(chunks[0]!), { cumulative: 100, streams: '00070000' });
    assert.equal(readData(chunks[1]!).stream, 8);
    assert.equal(peer.association.stats.abandonedMessages, 1);
  });

  test('with n retransmissions it is sent n + 1 times', () => {
    for (const n of [0, 1, 3]) {
      const peer = new ScriptedPeer().connect();
      sending(peer, 10, { maxRetransmits: n });
      const types = peer.wait(20_000).map(({ packet }) => packet.chunks[0]!.type);
      assert.equal(types.filter((type) => type === DATA).length, n + 1);
      assert.equal(types[n + 1], FORWARD_TSN);
    }
  });

  test('a message whose time is up is not sent again', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, { maxPacketLifeTime: 1_500 });
    const types = peer.wait(4_000).map(({ now, packet }) => [now, packet.chunks[0]!.type]);
    assert.deepEqual(types.slice(0, 3), [
      [0, DATA],
      [1_000, DATA],
      [3_000, FORWARD_TSN],
    ]);
  });

  test('a message whose time is up before it was ever sent leaves no hole', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 20_000);
    peer.take();
    sending(peer, 500, { maxPacketLifeTime: 50, stream: 2 });
    sending(peer, 500, { stream: 2 });
    peer.now = 60;
    peer.send([sackChunk({ cumulative: 109 })]);
    const data = peer.takeChunks().map(readData);
    assert.deepEqual(
      data.filter(({ stream }) => stream === 2).map(({ ssn }) => ssn),
      [0],
      'its SSN is still free',
    );
    assert.equal(data.length, 9);
    assert.equal(peer.association.totalBuffered, 0);
    assert.equal(peer.association.bufferedAmount(2), 0);
    assert.equal(peer.seen.sent.get(2), 1_000, 'and its bytes have left the queue');
  });

  test('with one fragment lost, the whole message is given up, unsent fragments too', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 30_000, { maxRetransmits: 0 });
    sending(peer, 77, { stream: 2 });
    assert.equal(peer.take().length, 10);
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 10]] })]);
    const chunks = peer.takeChunks();
    // 100 to 109 were sent; 110 stands for the end that never was.
    assert.deepEqual(readForwardTsn(chunks[0]!), { cumulative: 110, streams: '00010000' });
    assert.deepEqual(
      chunks
        .slice(1)
        .map(readData)
        .map(({ tsn, stream }) => [tsn, stream]),
      [[111, 2]],
    );
    assert.equal(peer.association.totalBuffered, 0);
  });

  test('a message cut off after all that was sent of it arrived is skipped by one more TSN', () => {
    const p = connectedPair({ wire: { delay: 100 } });
    p.a.send(1, 51, bytes(60_000), 0, 60_000, { ordered: true, maxPacketLifeTime: 150 }, p.now);
    p.a.send(1, 52, bytes(100), 0, 100, { ordered: true }, p.now);
    p.run(3_000);
    assert.deepEqual(
      p.atB.messages.map(({ ppid }) => ppid),
      [52],
    );
    assert.deepEqual(
      [p.a.stats.timeouts, p.b.stats.drops['broken-message'], p.b.stats.receiveWindow],
      [0, 0, p.b.stats.receiveWindowSize],
    );
  });

  test('a message with a lifetime of 0 is sent once, if it can be at once', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, { maxPacketLifeTime: 0 });
    const types = peer.wait(8_000).map(({ packet }) => packet.chunks[0]!.type);
    assert.deepEqual(types.slice(0, 2), [DATA, FORWARD_TSN]);
  });

  test('unordered messages are not listed', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, { maxRetransmits: 0, ordered: false });
    const [, forward] = peer.wait(1_000);
    assert.deepEqual(readForwardTsn(forward!.packet.chunks[0]!), { cumulative: 100, streams: '' });
  });

  test('of each ordered stream the last skipped SSN is listed, once', () => {
    const peer = new ScriptedPeer().connect();
    for (const stream of [3, 4, 3, 3]) sending(peer, 10, { maxRetransmits: 0, stream });
    const [, forward] = peer.wait(1_000);
    assert.deepEqual(readForwardTsn(forward!.packet.chunks[0]!), {
      cumulative: 103,
      streams: '0003000200040000',
    });
  });

  test('when more streams are skipped than fit a packet, the rest follows', () => {
    const p = connectedPair({
      wire: { delay: 10 },
      both: { mtu: 576, initialWindowPackets: 40, interleaving: false },
    });
    let isDown = true;
    p.pair.ab.lose = () => isDown;
    for (let stream = 0; stream < 400; stream++)
      p.a.send(stream, 51, bytes(4), 0, 4, { ordered: true, maxRetransmits: 0 }, p.now);
    p.run(250);
    isDown = false;
    for (let stream = 0; stream < 400; stream++)
      p.a.send(stream, 51, bytes(4), 0, 4, { ordered: true }, p.now);
    p.run(10_000);
    assert.equal(p.atB.messages.length, 400);
  });

  test('FORWARD TSN is repeated until the peer has caught up', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, { maxRetransmits: 0 });
    const types = peer.wait(8_000).map(({ packet }) => packet.chunks[0]!.type);
    assert.deepEqual(types.slice(0, 3), [DATA, FORWARD_TSN, FORWARD_TSN]);
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.deepEqual(peer.wait(20_000), []);
  });

  test('towards a peer that does not know FORWARD TSN every message is reliable', () => {
    const peer = new ScriptedPeer().connect({ extensions: [], forwardTsn: false });
    sending(peer, 10, { maxRetransmits: 0 });
    sending(peer, 10, { maxPacketLifeTime: 1 });
    peer.take();
    const chunks = peer.wait(1_000).flatMap(({ packet }) => packet.chunks);
    assert.deepEqual(
      chunks.map((chunk) => [chunk.type, readData(chunk).tsn]),
      [
        [DATA, 100],
        [DATA, 101],
      ],
    );
  });

  test('most messages arrive, and what follows never waits for those that do not', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const p = connectedPair({
        seed,
        wire: { delay: 15, loss: 0.1, jitter: 5 },
        both: { roundTripTime: 30 },
      });
      for (let i = 0; i < 60; i++) {
        p.a.send(
          i % 3,
          i,
          bytes(i % 7 === 0 ? 4_000 : 300),
          0,
          i % 7 === 0 ? 4_000 : 300,
          { ordered: i % 2 === 0, maxRetransmits: i % 3 },
          p.now,
        );
        p.run(5);
      }
      p.a.send(0, 999, bytes(3), 0, 3, { ordered: true }, p.now);
      assert.ok(
        p.run(20_000, () => p.atB.messages.some(({ ppid }) => ppid === 999)),
        `seed ${seed}`,
      );
      assert.ok(p.atB.messages.length > 40, `seed ${seed}: ${p.atB.messages.length}`);
    }
  });
});

describe('RFC 3758 §3.6 receiver side', () => {
  test('what was skipped is no longer waited for', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 2 })]);
    peer.take();
    peer.send([forwardTsnChunk(PEER_TSN + 1, [[1, 1]])]);
    assert.equal(peer.seen.messages.length, 1);
    const sack = readSack(peer.takeChunks()[0]!);
    assert.deepEqual([sack.cumulative, sack.gaps], [PEER_TSN + 2, []]);
  });

  test('whole messages among those that were skipped are delivered, in order', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([
      dataChunk({ tsn: PEER_TSN + 3, ssn: 3, ppid: 3 }),
      dataChunk({ tsn: PEER_TSN + 1, ssn: 1, ppid: 1 }),
    ]);
    peer.send([forwardTsnChunk(PEER_TSN + 2, [[1, 2]])]);
    assert.deepEqual(
      peer.seen.messages.map(({ ppid }) => ppid),
      [1, 3],
    );
  });

  test('a message that was begun and then given up leaves nothing behind', () => {
    const peer = new ScriptedPeer({ receiveWindow: 300_000 }).connect();
    peer.send([dataChunk({ tsn: PEER_TSN, flags: 2, payload: bytes(1_000) })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, flags: 0, payload: bytes(1_000) })]);
    assert.ok(peer.association.stats.receiveWindow < 298_100);
    peer.send([forwardTsnChunk(PEER_TSN + 3, [[1, 0]])]);
    assert.equal(peer.association.stats.receiveWindow, 300_000);
    peer.send([dataChunk({ tsn: PEER_TSN + 4, ssn: 1 })]);
    assert.equal(peer.seen.messages.length, 1);
  });

  test('one that says nothing new is answered at once: its answer was lost', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([forwardTsnChunk(PEER_TSN)]);
    assert.deepEqual(peer.takeTypes(), [SACK]);
  });

  test('data that comes after it was skipped is a duplicate', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([forwardTsnChunk(PEER_TSN + 5, [[1, 4]])]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 2 })]);
    assert.deepEqual(peer.seen.messages, []);
    assert.equal(peer.association.stats.drops['duplicate-data'], 1);
  });

  test('it works across the wrap of TSN and SSN', () => {
    const peer = new ScriptedPeer().connect({ initialTsn: 0xffff_fffe });
    peer.send([forwardTsnChunk(0xffff_ffff, [[1, 0x7fff]])]);
    peer.send([forwardTsnChunk(1, [[1, 0xffff]])]);
    peer.send([dataChunk({ tsn: 3, ssn: 1 })]);
    peer.send([dataChunk({ tsn: 2, ssn: 0 })]);
    assert.equal(peer.seen.messages.length, 2);
  });
});
