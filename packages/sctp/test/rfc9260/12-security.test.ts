// What RFC 9260 §12 (and RFC 5062, which tells of attacks that were found) would have us withstand from a peer that
// knows the tag, and from strangers who do not. Caps are in limits.test.ts, costs of single chunks in cost.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { add32 } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { makeIncomingReset, makeOutgoingReset, makeReconfigChunk } from '../../src/packet/re-config.ts';
import { assertGrowth, IN_PROPORTION, THE_SAME } from '../cost.ts';
import {
  bareChunk,
  bytes,
  dataChunk,
  initChunk,
  PEER_TSN,
  packetOf,
  readData,
  readSack,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const { DATA, SACK, INIT_ACK, COOKIE_ECHO } = CHUNK;
const FIRST_TSN = 100;

/** With `count` messages in flight, of 1000 bytes unless they are so many that the peer would be put to the test, in a window that has room for them. */
function peerWithFlight(count: number): ScriptedPeer {
  const peer = new ScriptedPeer({
    congestionControl: 'new-reno',
    initialWindowPackets: count + 10,
    maxBurst: count + 10,
  }).connect({ window: 1 << 30 });
  const length = count > 1_000 ? 100 : 1_000;
  for (let i = 0; i < count; i++)
    peer.association.send(1, 51, bytes(length), 0, length, { ordered: true }, peer.now);
  assert.equal(peer.takeChunks().filter(({ type }) => type === DATA).length, count);
  return peer;
}

function lengthOf(packets: ReturnType<ScriptedPeer['take']>): number {
  let sum = 0;
  for (const { chunks } of packets) for (const { bytes: b } of chunks) sum += (b.length + 3) & ~3;
  return sum + 12 * packets.length;
}

describe('RFC 9260 §6.2.1 receivers that renege', () => {
  test('what a peer has acknowledged in gap blocks and takes back is sent again, as often as it does so', () => {
    const peer = peerWithFlight(20);
    for (let round = 0; round < 50; round++) {
      peer.now += 50;
      peer.send([sackChunk({ cumulative: FIRST_TSN - 1, gaps: [[2, 20]], window: 1 << 30 })]);
      peer.send([sackChunk({ cumulative: FIRST_TSN - 1, window: 1 << 30 })]);
      peer.take();
      assert.ok(peer.association.stats.bytesInFlight >= 0);
    }
    // An honest end: nothing was forgotten that only a gap block had acknowledged.
    const got = new Map<number, Uint8Array>();
    for (let cumulative = FIRST_TSN - 1, waited = 0; cumulative < FIRST_TSN + 19; waited++) {
      assert.ok(waited < 400);
      for (const { packet } of peer.wait(100))
        for (const chunk of packet.chunks)
          if (chunk.type === DATA) got.set(readData(chunk).tsn, readData(chunk).payload);
      while (got.has(cumulative + 1)) cumulative++;
      peer.send([sackChunk({ cumulative, window: 1 << 30 })]);
    }
    for (const payload of got.values()) assert.deepEqual(payload, bytes(1_000));
    assert.equal(peer.association.stats.sendMemory, 0);
  });

  test('acknowledging the oldest chunk in a gap block only does not confuse anything', () => {
    const peer = peerWithFlight(5);
    peer.send([sackChunk({ cumulative: FIRST_TSN - 1, gaps: [[1, 5]] })]);
    assert.equal(peer.association.stats.drops['bad-sack'], 1);
    peer.send([sackChunk({ cumulative: FIRST_TSN + 4 })]);
    assert.equal(peer.association.stats.bytesInFlight, 0);
  });
});

describe('RFC 9260 §12 acknowledgements of what was not sent', () => {
  test('a SACK for what was never sent opens no window and frees nothing', () => {
    const peer = peerWithFlight(5);
    const { congestionWindow, bytesInFlight } = peer.association.stats;
    for (let ahead = 5; ahead < 1_000; ahead++) {
      peer.send([sackChunk({ cumulative: FIRST_TSN + ahead })]);
      peer.send([sackChunk({ cumulative: FIRST_TSN - 1, gaps: [[2, 2 + ahead]] })]);
    }
    const { stats } = peer.association;
    assert.deepEqual([stats.congestionWindow, stats.bytesInFlight], [congestionWindow, bytesInFlight]);
    assert.equal(stats.drops['bad-sack'], 2 * 995);
  });

  test('a packet acknowledged in many pieces opens the window no further than acknowledged at once', () => {
    const grown = [1, 50].map((pieces) => {
      const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
      for (let i = 0; i < 50; i++) peer.association.send(1, 51, bytes(200), 0, 200, { ordered: true }, 0);
      peer.take();
      peer.now = 20;
      for (let piece = 1; piece <= pieces; piece++)
        peer.send([sackChunk({ cumulative: FIRST_TSN - 1 + (piece * 50) / pieces })]);
      return peer.association.stats.congestionWindow;
    });
    assert.ok(grown[1]! <= grown[0]!, `${grown}`);
  });

  test('the same SACK over and over opens no window either', () => {
    const peer = peerWithFlight(20);
    peer.send([sackChunk({ cumulative: FIRST_TSN + 9 })]);
    const { congestionWindow } = peer.association.stats;
    for (let i = 0; i < 1_000; i++) peer.send([sackChunk({ cumulative: FIRST_TSN + 9 })]);
    assert.equal(peer.association.stats.congestionWindow, congestionWindow);
  });
});

describe('RFC 9260 §12.2.4.1 floods', () => {
  test('10,000 SACKs that say nothing new cost the same, whatever is in flight', () => {
    assertGrowth(THE_SAME, 500, 16, (flight) => {
      const peer = peerWithFlight(flight);
      const packet = packetOf(
        Array.from({ length: 50 }, () => sackChunk({ cumulative: FIRST_TSN - 1, gaps: [[2, flight]] })),
        peer.tag,
      );
      return () => {
        for (let i = 0; i < 200; i++) peer.sendRaw(packet.slice());
      };
    });
  });

  test('SACKs with as many gap blocks as a packet holds, other ones each time', () => {
    assertGrowth(IN_PROPORTION, 1_000, 8, (count) => {
      const peer = peerWithFlight(count);
      const sacks = Array.from({ length: 200 }, (_, i) => {
        const gaps = Array.from(
          { length: (count * 280) / 8_000 },
          (_, k) => [2 + ((k * 28 + i) % count), 2 + ((k * 28 + i) % count)] as const,
        )
          .toSorted((x, y) => x[0] - y[0])
          .filter(([start], k, all) => k === 0 || start > all[k - 1]![1] + 1)
          .filter(([, end]) => end <= count);
        return sackChunk({ cumulative: FIRST_TSN - 1, gaps });
      });
      return () => {
        for (const sack of sacks) {
          peer.send([sack]);
          peer.now += 1;
        }
        peer.send([sackChunk({ cumulative: FIRST_TSN - 1 + count })]);
        assert.equal(peer.association.stats.bytesInFlight, 0);
      };
    });
  });

  test('TSNs outside the window: an answer no larger than twice what came, and nothing is kept', () => {
    const peer = new ScriptedPeer({ maxTsnSpan: 1_000 }).connect();
    const { receiveWindow } = peer.association.stats;
    let received = 0;
    let sent = 0;
    for (let i = 0; i < 2_000; i++) {
      const packet = packetOf([dataChunk({ tsn: add32(PEER_TSN, 1_000 + i * 1_000_003) })], peer.tag);
      received += packet.length;
      peer.sendRaw(packet);
      sent += lengthOf(peer.take());
    }
    assert.ok(sent <= 2 * received, `${sent} for ${received}`);
    assert.equal(peer.association.stats.receiveWindow, receiveWindow);
    assert.equal(peer.seen.messages.length, 0);
  });

  test('INIT after INIT: each is answered from nothing that is kept, and not without limit', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 5_000; i++) peer.send([initChunk({ initiateTag: 1_000 + i })], 0);
    assert.equal(peer.takeTypes().filter((type) => type === INIT_ACK).length, 64);
    assert.equal(peer.association.stats.drops['control-overflow'], 5_000 - 64);
    assert.equal(peer.association.state, 'connected');
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.equal(peer.seen.messages.length, 1);
  });

  test('peers that begin anew a thousand times', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 1; i <= 1_000; i++) {
      peer.association.send(i % 7, 51, bytes(100), 0, 100, { ordered: true }, peer.now);
      peer.connect({ initiateTag: i, initialTsn: i });
    }
    assert.equal(peer.seen.restarted, 1_000);
    assert.ok(peer.association.stats.sendMemory <= 100_000);
    assert.equal(peer.association.state, 'connected');
  });

  test('requests to reset streams, over and over', () => {
    assertGrowth(IN_PROPORTION, 600, 8, (count) => {
      const peer = new ScriptedPeer().connect();
      return () => {
        for (let i = 0; i < count; i++) {
          const sequence = PEER_TSN + i;
          // All streams; some; from far ahead, so that they have to wait; and for ours.
          const request =
            i % 4 === 3
              ? makeIncomingReset(sequence, [1, 2])
              : makeOutgoingReset({
                  requestSequence: sequence,
                  responseSequence: FIRST_TSN - 1,
                  lastTsn: i % 4 === 2 ? PEER_TSN + 50 : PEER_TSN - 1,
                  streams: i % 4 === 0 ? [] : Array.from({ length: 500 }, (_, k) => k),
                });
          peer.send([makeReconfigChunk([request])]);
          if (i % 50 === 0) peer.take();
        }
        assert.equal(peer.association.state, 'connected');
        assert.ok(peer.takeChunks().length <= 64 + 1);
      };
    });
  });

  test('heartbeats, unknown chunks and errors share the room for answers', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 1_000; i++)
      peer.send([makeChunk(CHUNK.HEARTBEAT, 0, Uint8Array.of(0, 1, 0, 4)), makeChunk(0xff, 0, bytes(4))]);
    assert.ok(peer.takeChunks().length <= 64);
  });
});

describe('RFC 9260 §12.2.4.2 blind masquerade', () => {
  test('a hundred thousand packets with guessed tags change nothing and are not answered', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(100), 0, 100, { ordered: true }, 0);
    peer.take();
    const random = new SeededRandom(3);
    const chunks = [
      dataChunk({ tsn: PEER_TSN }),
      sackChunk({ cumulative: FIRST_TSN }),
      bareChunk(CHUNK.ABORT),
      bareChunk(CHUNK.ABORT, 1),
      bareChunk(CHUNK.SHUTDOWN_ACK),
      bareChunk(CHUNK.SHUTDOWN_COMPLETE, 1),
      makeChunk(CHUNK.SHUTDOWN, 0, Uint8Array.of(0, 0, 0, FIRST_TSN)),
      makeChunk(COOKIE_ECHO, 0, bytes(100)),
      makeReconfigChunk([makeIncomingReset(PEER_TSN, [1])]),
    ];
    const before = peer.association.stats;
    for (let i = 0; i < 100_000; i++) peer.send([chunks[i % chunks.length]!], random.below(2 ** 31) * 2 + 1);
    const { stats } = peer.association;
    assert.deepEqual(
      [stats.state, stats.bytesInFlight, stats.receiveWindow, stats.peerWindow, stats.messagesReceived],
      ['connected', before.bytesInFlight, before.receiveWindow, before.peerWindow, 0],
    );
    assert.deepEqual(peer.take(), []);
  });

  test('a packet with other ports belongs to nobody', () => {
    const peer = new ScriptedPeer().connect();
    const packet = packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag);
    for (const at of [1, 3]) {
      const forged = packet.slice();
      forged[at]! ^= 1;
      peer.sendRaw(forged);
    }
    const { drops, messagesReceived } = peer.association.stats;
    assert.equal(messagesReceived, 0);
    assert.equal(drops['wrong-port'] + drops['bad-checksum'], 2);
  });
});

describe('RFC 9260 §6.2 windows that shrink', () => {
  test('a peer may take its window back at any time: what is in flight stays, nothing more goes', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 100, maxBurst: 100 }).connect({ window: 20_000 });
    for (let i = 0; i < 60; i++) peer.association.send(1, 51, bytes(1_000), 0, 1_000, { ordered: true }, 0);
    const first = peer.takeChunks().filter(({ type }) => type === DATA).length;
    assert.equal(first, 20);
    peer.now = 10;
    peer.send([sackChunk({ cumulative: FIRST_TSN + 4, window: 2_000 })]);
    assert.deepEqual(peer.takeTypes(), [], 'fifteen are under way, and two fit');
    peer.send([sackChunk({ cumulative: FIRST_TSN + 19, window: 2_000 })]);
    assert.equal(peer.takeTypes().length, 2);
    peer.send([sackChunk({ cumulative: FIRST_TSN + 21, window: 0 })]);
    assert.equal(peer.takeTypes().length, 1, 'the probe of a closed window');
    peer.send([sackChunk({ cumulative: FIRST_TSN + 21, window: 100_000 })]);
    assert.ok(peer.takeTypes().length > 10);
    assert.equal(peer.association.stats.timeouts, 0);
  });

  test('a window that goes up and down with every SACK is obeyed each time', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 1_000, maxBurst: 1_000 }).connect({
      window: 50_000,
    });
    const random = new SeededRandom(5);
    const got = new Set<number>();
    let cumulative = FIRST_TSN - 1;
    let window = 50_000;
    for (let i = 0; i < 500; i++) {
      while (peer.association.totalBuffered < 200_000)
        peer.association.send(1, 51, bytes(1_000), 0, 1_000, { ordered: true }, peer.now);
      const tsns = peer.takeChunks().flatMap((chunk) => (chunk.type === DATA ? [readData(chunk).tsn] : []));
      const sent = tsns.length;
      assert.ok(sent * 1_000 <= Math.max(window, 1_000), `${sent} chunks into ${window}`);
      for (const tsn of tsns) got.add(tsn);
      while (got.has(cumulative + 1)) cumulative++;
      const highest = Math.max(cumulative, ...tsns);
      const gaps = highest > cumulative ? [[2, highest - cumulative] as const] : [];
      window = random.chance(0.3) ? 0 : random.below(60_000);
      peer.now += 10;
      peer.send([sackChunk({ cumulative, window, gaps })]);
    }
    assert.equal(peer.association.state, 'connected');
  });

  test('our own window never goes back below what has been told, while the peer obeys it', () => {
    const peer = new ScriptedPeer({ receiveWindow: 300_000 }).connect();
    let edge = 0;
    let received = 0;
    for (let i = 0; i < 200; i++) {
      // Every second message is missing at first: what follows is held.
      peer.send([dataChunk({ tsn: PEER_TSN + 1 + i, ssn: 1 + i, payload: bytes(1_000) })]);
      received += 1_000;
      const sack = peer.takeChunks().find(({ type }) => type === SACK);
      if (sack === undefined) continue;
      const { window } = readSack(sack);
      // Holding costs 64 bytes a message beyond its payload, which is all it may fall back by.
      assert.ok(received + window >= edge - 64 * (i + 1), `${received + window} after ${edge}`);
      edge = Math.max(edge, received + window);
    }
  });
});
