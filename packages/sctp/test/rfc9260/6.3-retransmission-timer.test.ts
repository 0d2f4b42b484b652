import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { bytes, readData, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const RFC_TIMES = { rtoMin: 1_000, rttVarianceFloor: 0, backoffMax: 60_000 };

function sending(peer: ScriptedPeer, length: number): void {
  peer.association.send(1, 51, bytes(length), 0, length, ORDERED, peer.now);
}

/** Sends one chunk and acknowledges it after `roundTripTime`. */
function measured(peer: ScriptedPeer, tsn: number, roundTripTime: number): void {
  sending(peer, 10);
  peer.take();
  peer.now += roundTripTime;
  peer.send([sackChunk({ cumulative: tsn })]);
}

describe('RFC 9260 §6.3.1 RTO calculation', () => {
  test('C1: RTO.Initial before anything is measured', () => {
    assert.equal(new ScriptedPeer().connect().association.stats.rto, 1_000);
  });

  test('C2, C3: SRTT and RTTVAR', () => {
    const peer = new ScriptedPeer({ ...RFC_TIMES, rtoMin: 1 }).connect();
    measured(peer, 100, 100);
    assert.deepEqual([peer.association.stats.smoothedRoundTripTime, peer.association.stats.rto], [100, 300]);
    measured(peer, 101, 180);
    // RTTVAR = 3/4 * 50 + 1/4 * 80 = 57.5, SRTT = 7/8 * 100 + 1/8 * 180 = 110
    assert.deepEqual([peer.association.stats.smoothedRoundTripTime, peer.association.stats.rto], [110, 340]);
  });

  test('C6, C7: between RTO.Min and RTO.Max', () => {
    const peer = new ScriptedPeer({ ...RFC_TIMES, rtoMax: 2_000 }).connect();
    measured(peer, 100, 5);
    assert.equal(peer.association.stats.rto, 1_000);
    measured(peer, 101, 900);
    measured(peer, 102, 990);
    assert.ok(peer.association.stats.rto <= 2_000);
  });

  test('a round trip known from elsewhere is the first measurement', () => {
    const { rto, smoothedRoundTripTime } = new ScriptedPeer({ roundTripTime: 120 }).association.stats;
    assert.deepEqual([rto, smoothedRoundTripTime], [360, 120]);
  });

  test('a SACK that a peer delays by 200 ms comes before the timer runs out, on every path', () => {
    for (const roundTripTime of [0, 1, 20, 100, 150, 400]) {
      const peer = new ScriptedPeer({ roundTripTime }).connect();
      assert.ok(peer.association.stats.rto >= roundTripTime + 200, `${roundTripTime}`);
    }
  });

  test('C4: no more than one measurement in a round trip', () => {
    const peer = new ScriptedPeer({ ...RFC_TIMES, rtoMin: 1 }).connect();
    sending(peer, 5_000);
    peer.take();
    peer.now = 100;
    peer.send([sackChunk({ cumulative: 100 })]);
    peer.now = 700;
    peer.send([sackChunk({ cumulative: 104 })]);
    assert.equal(peer.association.stats.smoothedRoundTripTime, 100);
  });

  test('C5, Karn: what was sent twice measures nothing', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10);
    peer.wait(1_500);
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.equal(peer.association.stats.smoothedRoundTripTime, undefined);
    assert.equal(peer.association.stats.rto, 2_000, 'and the back-off stays until something does');
    measured(peer, 101, 40);
    assert.equal(peer.association.stats.rto, 300);
  });

  test('what arrived long ago and is acknowledged beside something new measures nothing', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 2_000); // 100 is lost, 101 arrives, the SACK is lost
    peer.wait(1_100);
    peer.send([sackChunk({ cumulative: 101 })]); // answers the second sending of 100
    assert.equal(peer.association.stats.smoothedRoundTripTime, undefined);
  });
});

describe('RFC 9260 §6.3.2 retransmission timer rules', () => {
  test('R1 to R3: runs while something is outstanding, and starts anew when the oldest is acknowledged', () => {
    // A peer with so small a window is sent no tail loss probe, whose timer would come first.
    const peer = new ScriptedPeer({ roundTripTime: 20 }).connect({ window: 1_100 });
    sending(peer, 500);
    sending(peer, 500);
    peer.take();
    assert.equal(peer.association.deadline(), 300);
    peer.now = 100;
    peer.send([sackChunk({ cumulative: 100, window: 1_100 })]);
    const rto = peer.association.stats.rto;
    assert.equal(peer.association.deadline(), 100 + rto);
    peer.send([sackChunk({ cumulative: 101 })]);
    assert.ok(peer.association.deadline() > 20_000);
  });
});

describe('RFC 9260 §6.3.3 T3-rtx expiration', () => {
  test('E2: the time doubles, up to RTO.Max', () => {
    const peer = new ScriptedPeer({ ...RFC_TIMES, rtoMax: 4_000, backoffMax: 4_000 }).connect();
    sending(peer, 10);
    assert.deepEqual(
      peer.wait(16_000).map(({ now }) => now),
      [0, 1_000, 3_000, 7_000, 11_000, 15_000],
    );
  });

  test('by default no longer than 3 s, so that data flows soon after an outage', () => {
    const p = connectedPair({ wire: { delay: 10 }, both: { roundTripTime: 20 } });
    let isDown = true;
    p.pair.ab.lose = () => isDown;
    p.a.send(1, 51, bytes(10), 0, 10, ORDERED, p.now);
    p.run(20_000);
    isDown = false;
    const up = p.now;
    assert.ok(p.run(5_000, () => p.atB.messages.length === 1));
    assert.ok(p.now - up < 3_050, `${p.now - up} ms`);
  });

  test('E3: the oldest chunks go out again, in one packet', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 8_000);
    const first = peer.takeChunks().map((chunk) => readData(chunk).tsn);
    const again = peer.wait(1_000);
    assert.equal(again.length, 1);
    assert.deepEqual(
      again[0]!.packet.chunks.map((chunk) => readData(chunk).tsn),
      [first[0]],
    );
    assert.ok((again[0]!.packet.chunks[0]!.flags & 8) !== 0, 'and ask for a SACK at once (RFC 7053)');
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.deepEqual(
      peer.takeChunks().map((chunk) => readData(chunk).tsn),
      [101, 102],
      'slow start',
    );
  });

  test('a lost tail packet is repaired after one RTO', () => {
    const p = connectedPair({ wire: { delay: 10 }, both: { roundTripTime: 20 } });
    let data = 0;
    p.pair.ab.lose = (packet) => packet[12] === CHUNK.DATA && ++data === 3;
    p.a.send(1, 51, bytes(3_000), 0, 3_000, ORDERED, p.now);
    const start = p.now;
    assert.ok(p.run(5_000, () => p.atB.messages.length === 1));
    assert.ok(p.now - start <= 330, `${p.now - start} ms`);
  });
});
