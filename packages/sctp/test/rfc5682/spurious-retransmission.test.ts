// What is done when nothing had been lost after all: RFC 5682 (F-RTO) and RFC 3708 (duplicates reported) as SCTP has them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CongestionControlName } from '@millrace/sctp';
import { type ConnectedPair, connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { bytes } from '../scripted-peer.ts';

const RTT = 40;
const MESSAGE = bytes(200_000);
const CONTROLS: readonly CongestionControlName[] = ['new-reno', 'cubic', 'bbr'];

function pairOf(congestionControl: CongestionControlName): ConnectedPair {
  const both = { roundTripTime: RTT, congestionControl };
  return connectedPair({ wire: { delay: RTT / 2, rate: 1_250 }, both });
}

function send(p: ConnectedPair): void {
  p.a.send(1, 51, MESSAGE, 0, MESSAGE.length, { ordered: true }, p.now);
}

describe('RFC 5682 §2 a timeout that was not needed', () => {
  for (const control of CONTROLS)
    test(`${control}: when the SACKs of what was sent before come after all, the window is what it was`, () => {
      const p = pairOf(control);
      for (let i = 0; i < 5; i++) send(p);
      p.run(400);
      const { congestionWindow } = p.a.stats;
      const held: Uint8Array[] = [];
      p.pair.ba.lose = (packet) => held.push(packet.slice()) > 0;
      assert.ok(p.run(2_000, () => p.a.stats.timeouts === 1));
      assert.ok(p.a.stats.congestionWindow < congestionWindow / 4);
      p.pair.ba.lose = undefined;
      for (const packet of held) p.pair.ba.send(packet, 0, packet.length, p.now, undefined);
      assert.ok(p.run(2 * RTT, () => p.a.stats.spuriousRecoveries === 1));
      const { timeouts, congestionWindow: restored } = p.a.stats;
      assert.equal(timeouts, 1);
      assert.ok(restored >= congestionWindow, `${restored} of ${congestionWindow}`);
      assert.ok(p.run(20_000, () => p.atB.messages.length === 5));
    });

  test('a timeout that was needed is not taken back', () => {
    const p = pairOf('cubic');
    for (let i = 0; i < 5; i++) send(p);
    p.run(400);
    const { congestionWindow } = p.a.stats;
    p.pair.ab.lose = () => true;
    assert.ok(p.run(2_000, () => p.a.stats.timeouts === 1));
    p.pair.ab.lose = undefined;
    assert.ok(p.run(20_000, () => p.atB.messages.length === 5));
    assert.equal(p.a.stats.spuriousRecoveries, 0);
    assert.ok(p.a.stats.slowStartThreshold < congestionWindow);
  });
});

describe('RFC 3708 §3 fast recoveries that were not needed', () => {
  for (const control of CONTROLS)
    test(`${control}: packets that were only overtaken give the window back, once their duplicates are reported`, () => {
      const p = pairOf(control);
      for (let i = 0; i < 5; i++) send(p);
      p.run(400);
      const before = p.a.stats.congestionWindow;
      let held: Uint8Array | undefined;
      p.pair.ab.lose = (packet) => {
        if (held !== undefined || (packet[12] !== CHUNK.DATA && packet[12] !== CHUNK.I_DATA)) return false;
        held = packet.slice();
        p.pair.at(p.now + RTT / 2, () => {
          p.pair.ab.lose = undefined;
          p.pair.ab.send(held!, 0, held!.length, p.now, undefined);
        });
        return true;
      };
      assert.ok(p.run(2_000, () => p.a.stats.spuriousRecoveries === 1));
      const { fastRecoveries, timeouts, congestionWindow, retransmittedChunks } = p.a.stats;
      assert.deepEqual(
        { fastRecoveries, timeouts, retransmittedChunks },
        { fastRecoveries: 1, timeouts: 0, retransmittedChunks: 1 },
      );
      // A loss would have cost a third at least; BBR's window moves by itself.
      assert.ok(congestionWindow >= 0.95 * before, `${congestionWindow} of ${before}`);
      assert.ok(p.run(20_000, () => p.atB.messages.length === 5));
    });
});
