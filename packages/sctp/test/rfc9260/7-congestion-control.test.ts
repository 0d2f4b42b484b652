import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULTS } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { bytes, readData, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const MTU = DEFAULTS.mtu;
const ORDERED = { ordered: true };

function sending(peer: ScriptedPeer, length: number): void {
  peer.association.send(1, 51, bytes(length), 0, length, ORDERED, peer.now);
}

function tsnsOf(peer: ScriptedPeer): number[] {
  return peer.takeChunks().map((chunk) => readData(chunk).tsn);
}

describe('RFC 9260 §7.2.1 slow start', () => {
  test('the initial window is ten packets', () => {
    assert.equal(
      new ScriptedPeer({ congestionControl: 'new-reno' }).association.stats.congestionWindow,
      10 * MTU,
    );
  });

  test('the window grows by what is acknowledged while it is what limits', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 500_000);
    const [first] = [peer.take().length];
    assert.equal(first, 10);
    peer.send([sackChunk({ cumulative: 109 })]);
    assert.equal(peer.association.stats.congestionWindow, 20 * MTU - 120);
    assert.equal(peer.take().length, 20);
  });

  test('it does not grow while the application does not fill it', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    for (let i = 0; i < 30; i++) {
      sending(peer, 1_000);
      peer.take();
      peer.send([sackChunk({ cumulative: 100 + i })]);
    }
    assert.equal(peer.association.stats.congestionWindow, 10 * MTU);
  });

  test('an unused window halves once an RTO, and slow start brings it back', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno', roundTripTime: 20 }).connect();
    sending(peer, 1_000_000);
    for (let sent = tsnsOf(peer); sent.length > 0; sent = tsnsOf(peer)) {
      peer.now += 20;
      peer.send([sackChunk({ cumulative: sent.at(-1)! })]);
    }
    const before = peer.association.stats.congestionWindow;
    peer.now += 2 * peer.association.stats.rto + 1;
    sending(peer, 10);
    peer.take();
    assert.equal(peer.association.stats.congestionWindow, before / 4);
  });
});

describe('RFC 9260 §7.2.2 congestion avoidance', () => {
  test('one packet more for each window that is acknowledged', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 2_000_000);
    let sent = tsnsOf(peer);
    // A loss ends slow start.
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 10]] })]);
    sent = [...sent, ...tsnsOf(peer)];
    peer.send([sackChunk({ cumulative: sent.at(-1)! })]);
    const { slowStartThreshold } = peer.association.stats;
    assert.equal(slowStartThreshold, 5 * MTU);
    const windows: number[] = [];
    for (let i = 0; i < 8; i++) {
      sent = tsnsOf(peer);
      peer.send([sackChunk({ cumulative: sent.at(-1)! })]);
      windows.push(peer.association.stats.congestionWindow);
    }
    for (let i = 3; i < windows.length; i++) {
      const growth = windows[i]! - windows[i - 1]!;
      assert.ok(growth >= 0 && growth <= MTU, `${windows}`);
    }
    assert.ok(windows.at(-1)! - windows[0]! >= 4 * MTU, `${windows}`);
  });
});

describe('RFC 9260 §7.2.3 and §7.2.4 fast retransmit and fast recovery', () => {
  test('three packets above a hole make it lost; it goes out again at once', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 11_000);
    peer.take();
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 2]] })]);
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 3]] })]);
    assert.deepEqual(tsnsOf(peer), []);
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 4]] })]);
    assert.deepEqual(tsnsOf(peer), [100]);
    const { fastRecoveries, congestionWindow, slowStartThreshold, timeouts } = peer.association.stats;
    assert.deepEqual(
      [fastRecoveries, congestionWindow, slowStartThreshold, timeouts],
      [1, 5 * MTU, 5 * MTU, 0],
    );
  });

  test('one SACK for a batch counts as often as packets it newly acknowledges', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 11_000);
    peer.take();
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 9]] })]);
    assert.deepEqual(tsnsOf(peer)[0], 100);
  });

  test('the same SACK again counts nothing', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 11_000);
    peer.take();
    for (let i = 0; i < 10; i++) peer.send([sackChunk({ cumulative: 99, gaps: [[2, 3]] })]);
    assert.deepEqual(tsnsOf(peer), []);
    assert.equal(peer.association.stats.fastRecoveries, 0);
  });

  test('several losses of one window are one reduction', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno', initialWindowPackets: 16 }).connect();
    sending(peer, 18_000);
    const sent = tsnsOf(peer);
    assert.equal(sent.length, 16);
    peer.send([
      sackChunk({
        cumulative: 99,
        gaps: [
          [2, 3],
          [5, 6],
          [8, 16],
        ],
      }),
    ]);
    assert.deepEqual([...new Set(tsnsOf(peer))].slice(0, 3), [100, 103, 106]);
    assert.equal(peer.association.stats.fastRecoveries, 1);
    peer.send([
      sackChunk({
        cumulative: 102,
        gaps: [
          [2, 3],
          [5, 13],
        ],
      }),
    ]);
    assert.equal(peer.association.stats.fastRecoveries, 1);
    assert.equal(peer.association.stats.congestionWindow, 8 * MTU);
  });

  test('a retransmission that is lost in turn is sent again when later packets have come', () => {
    const p = connectedPair({ wire: { delay: 20 }, both: { roundTripTime: 40, interleaving: false } });
    p.a.send(1, 51, bytes(400_000), 0, 200_000, ORDERED, p.now);
    p.run(150);
    const victim = p.chunks.filter(({ type }) => type === CHUNK.DATA).at(-1)!;
    let lost = 0;
    p.pair.ab.lose = (packet) => {
      const isVictim = packet[12] === CHUNK.DATA && Buffer.compare(packet.subarray(16, 20), victimNext) === 0;
      return isVictim && lost++ < 2;
    };
    const victimNext = Buffer.from(victim.bytes.subarray(4, 8));
    victimNext.writeUInt32BE((victimNext.readUInt32BE() + 5) >>> 0);
    assert.ok(p.run(10_000, () => p.atB.messages.length === 1));
    assert.equal(lost, 3);
    assert.equal(p.a.stats.timeouts, 0);
  });

  test('a lost packet in the middle costs no timeout', () => {
    const p = connectedPair({ wire: { delay: 20 }, both: { roundTripTime: 40, interleaving: false } });
    let data = 0;
    p.pair.ab.lose = (packet) => packet[12] === CHUNK.DATA && ++data === 4;
    p.a.send(1, 51, bytes(11_000), 0, 11_000, ORDERED, p.now);
    const start = p.now;
    p.run(5_000, () => p.atB.messages.length === 1);
    assert.equal(p.now - start, 60, 'half a round trip there, one for the repair');
    assert.deepEqual(
      [p.a.stats.timeouts, p.a.stats.fastRecoveries, p.a.stats.retransmittedChunks],
      [0, 1, 1],
    );
  });

  test('reordering by less than three packets is no loss', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 11_000);
    peer.take();
    peer.send([sackChunk({ cumulative: 99, gaps: [[2, 3]] })]);
    peer.send([sackChunk({ cumulative: 104 })]);
    peer.take();
    assert.equal(peer.association.stats.retransmittedChunks, 0);
  });

  test('§7.2.3: a timeout leaves a window of one packet', () => {
    const peer = new ScriptedPeer({ congestionControl: 'new-reno' }).connect();
    sending(peer, 50_000);
    peer.take();
    peer.wait(1_000);
    const { congestionWindow, slowStartThreshold, timeouts } = peer.association.stats;
    assert.deepEqual([congestionWindow, slowStartThreshold, timeouts], [MTU, 5 * MTU, 1]);
  });
});

describe('RFC 9260 §7.2: a congestion control that is handed in', () => {
  test('decides the window and hears of acknowledgements, losses and timeouts', () => {
    const heard: string[] = [];
    const congestionControl = () => ({
      window: 2 * MTU,
      slowStartThreshold: 7,
      pacingRate: Number.POSITIVE_INFINITY,
      reducesProportionally: true,
      onAck: () => void heard.push('ack'),
      onLoss: () => void heard.push('loss'),
      onTimeout: () => void heard.push('timeout'),
      onSpuriousLoss: () => void heard.push('spurious'),
      onIdle: () => void heard.push('idle'),
    });
    const peer = new ScriptedPeer({ congestionControl }).connect();
    sending(peer, 50_000);
    assert.equal(peer.take().length, 2);
    peer.send([sackChunk({ cumulative: 101 })]);
    peer.take();
    peer.wait(400);
    assert.deepEqual(heard, ['ack', 'timeout']);
    assert.equal(peer.association.stats.slowStartThreshold, 7);
  });
});
