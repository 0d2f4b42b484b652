// The usual chain at both ends: everything at once, and what statistics say of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Core, type Millis, NEVER } from '@millrace/sans-io';
import { Pair, SeededRandom } from '@millrace/sans-io/testing';
import { isRtcp, RtpPacket, writeRemb } from '../../src/index.ts';
import {
  BandwidthEstimate,
  BandwidthFeedback,
  type ChainSink,
  MediaChain,
  RoundTripTime,
  type RtpStream,
  type StreamInfo,
} from '../../src/interceptors/index.ts';
import { AUDIO, ChainEnd, rtp, VIDEO } from './chain-end.ts';

class End implements Core<ChainSink> {
  readonly media: MediaChain;
  received = 0;
  readonly #packet = new RtpPacket();
  onTick: (now: Millis) => void = () => {};
  tickAt: Millis = NEVER;

  constructor(seed: number) {
    this.media = new MediaChain({ random: new SeededRandom(seed), cname: `end ${seed}`, reducedSize: true });
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    if (isRtcp(bytes, at)) this.media.chain.receiveRtcp(bytes, at, end, now);
    else if (this.#packet.read(bytes, at, end) && this.media.chain.receiveRtp(this.#packet, now))
      this.received++;
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    return this.media.chain.transmit(out, at, end, now);
  }

  deadline(): Millis {
    return Math.min(this.tickAt, this.media.chain.deadline());
  }

  expire(now: Millis): void {
    if (now >= this.tickAt) this.onTick(now);
    this.media.chain.expire(now);
  }

  drain(sink: ChainSink): boolean {
    return this.media.chain.drain(sink);
  }
}

describe('the usual chain', () => {
  test('statistics of both ends agree after a lossy call', () => {
    const a = new End(1);
    const b = new End(2);
    const sent = a.media.chain.addLocalStream(VIDEO, 0);
    const heard = a.media.chain.addLocalStream(AUDIO, 0);
    const got = b.media.chain.addRemoteStream(VIDEO, 0);
    b.media.chain.addRemoteStream(AUDIO, 0);
    let packets = 0;
    a.tickAt = 0;
    a.onTick = (now) => {
      a.tickAt = now + 20 < 10_000 ? now + 20 : NEVER;
      a.media.chain.sendRtp(rtp(AUDIO, packets & 0xffff, packets * 960), now);
      a.media.chain.sendRtp(rtp(VIDEO, packets & 0xffff, packets * 1_800, 400, true), now);
      packets++;
    };
    const targets: number[] = [];
    const requests: RtpStream[] = [];
    const sinkA: ChainSink = {
      onTargetBitrate: (rate) => void targets.push(rate),
      onKeyFrameRequest: (stream) => void requests.push(stream),
    };
    const pair = new Pair({ a, b, sinkA, sinkB: {}, wire: { delay: 30, loss: 0.03, overhead: 28 } });
    pair.at(5_000, () => assert.ok(b.media.keyFrameRequests.request(got, pair.now)));
    pair.run(12_000);
    const outbound = a.media.outboundRtp(sent)!;
    const remote = a.media.remoteInboundRtp(sent)!;
    const inbound = b.media.inboundRtp(got)!;
    assert.equal(outbound.packetsSent - outbound.retransmittedPacketsSent, packets);
    assert.ok(outbound.retransmittedPacketsSent >= 5);
    assert.equal(outbound.bytesSent, outbound.packetsSent * 400 + outbound.retransmittedPacketsSent * 2);
    assert.equal(
      inbound.packetsReceived - inbound.retransmittedPacketsReceived + inbound.packetsLost,
      packets,
    );
    assert.ok(inbound.packetsLost >= 5 && inbound.nackCount >= 5 && outbound.nackCount >= 5);
    assert.ok(Math.abs(remote.roundTripTime! - 0.06) < 0.002, `${remote.roundTripTime}`);
    assert.ok(remote.packetsLost >= 1);
    assert.equal(a.media.remoteInboundRtp(heard)!.kind, 'audio');
    assert.ok(
      Math.abs(b.media.roundTripTime.smoothed - 60) < 2,
      'who only receives knows it by RRTR and DLRR',
    );
    assert.ok(targets.length > 0 && targets.at(-1)! > 300_000, `${targets}`);
    assert.deepEqual([requests.length, requests[0], outbound.pliCount, inbound.pliCount], [1, sent, 1, 1]);
    assert.equal(b.media.inboundRtp(sent), undefined);
    assert.ok(b.received > packets * 1.97);
  });

  test('a flood of key-frame requests reaches the application as a few', () => {
    const end = new End(1);
    end.media.chain.addLocalStream(VIDEO, 0);
    let requests = 0;
    const pli = Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0x9a, 0xbc, 0xde, 0xf0);
    const fir = Uint8Array.of(0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0x9a, 0xbc, 0xde, 0xf0, 7, 0, 0, 0);
    for (let now = 0; now < 1_000; now++) {
      end.media.chain.receiveRtcp(pli, 0, pli.length, now);
      end.media.chain.receiveRtcp(fir, 0, fir.length, now);
      end.media.chain.drain({ onKeyFrameRequest: () => void requests++ });
    }
    assert.equal(requests, 7, 'one in 150 ms');
    fir[3] = 3;
    end.media.chain.receiveRtcp(fir, 0, 16, 0);
    assert.equal(end.media.keyFrameRequests.drops.counts.malformed, 1);
  });
});

describe('RFC 5104 §4.3.1 full intra request', () => {
  test('a stream without PLI is asked by FIR, each time with the next number, and not too often', () => {
    const end = new End(1);
    const stream = end.media.chain.addRemoteStream({ ...VIDEO, feedback: ['fir'] }, 0);
    const out = new Uint8Array(1_500);
    const seen: Array<[number, number]> = [];
    for (let now = 0; now < 1_000; now += 10) {
      end.media.keyFrameRequests.request(stream, now);
      end.media.chain.expire(now);
      for (let length = 1; length > 0; ) {
        length = end.media.chain.transmit(out, 0, out.length, now);
        for (let at = 0; at < length; at += 4 * (out[at + 3]! + 1))
          if (out[at] === 0x84 && out[at + 1] === 206) seen.push([now, out[at + 16]!]);
      }
    }
    assert.deepEqual(seen, [
      [0, 0],
      [300, 1],
      [600, 2],
      [900, 3],
    ]);
  });
});

describe('RFC 3611 §4.5 DLRR report block', () => {
  test('reference times of more receivers than are kept are dropped and counted', () => {
    const end = new End(1);
    end.media.chain.addLocalStream(VIDEO, 0);
    const xr = Uint8Array.of(0x80, 207, 0, 4, 0, 0, 0, 0, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0);
    for (let i = 0; i < 20; i++) {
      xr[7] = i;
      end.media.chain.receiveRtcp(xr, 0, xr.length, 1);
    }
    const reports = end.media.chain.interceptors.find(({ name }) => name === 'extended-reports');
    assert.equal((reports as { drops: { total: number } } | undefined)?.drops.total, 4);
    const out = new Uint8Array(1_500);
    assert.equal(end.media.chain.transmit(out, 0, out.length, 1) > 200, true);
  });
});

describe('draft-alvestrand-rmcat-remb §2: bandwidth by older peers', () => {
  const info: StreamInfo = { ...VIDEO, feedback: ['nack', 'remb'], transportSequenceId: 0 };

  function made(): { end: ChainEnd; estimate: BandwidthEstimate } {
    const estimate = new BandwidthEstimate(new RoundTripTime(50), { minBitrate: 50_000 });
    const end = new ChainEnd({ outer: [new BandwidthFeedback(estimate)] });
    end.chain.addLocalStream(info, 0);
    return { end, estimate };
  }

  test('a REMB on our streams is the bit rate, within the bounds, and grows stale', () => {
    const { end, estimate } = made();
    const out = new Uint8Array(64);
    for (const [asked, ssrc, expected] of [
      [1_000_000, VIDEO.ssrc, 999_424],
      [2_000_000, 77, 999_424],
      [1, VIDEO.ssrc, 50_000],
      [1e9, VIDEO.ssrc, 20_000_000],
    ] as const) {
      end.chain.receiveRtcp(out, 0, writeRemb(out, 0, 64, 1, asked, [ssrc]), 0);
      assert.ok(Math.abs(estimate.bitsPerSecond - expected) < expected * 0.01, `${estimate.bitsPerSecond}`);
    }
    estimate.onTime(20_000);
    assert.equal(estimate.bitsPerSecond, 20_000_000);
  });

  test('loss in reports brings it down, none lets it grow', () => {
    const { end, estimate } = made();
    const report = new Uint8Array(32);
    report.set([0x81, 201, 0, 7]);
    report.set([0x9a, 0xbc, 0xde, 0xf0], 8);
    const initial = estimate.bitsPerSecond;
    report[12] = 128;
    for (let now = 0; now < 5_000; now += 1_000) end.chain.receiveRtcp(report, 0, 32, now);
    const low = estimate.bitsPerSecond;
    assert.ok(low < initial * 0.4, `${low}`);
    report[3] = 6;
    end.chain.receiveRtcp(report, 0, 28, 5_000);
    assert.equal(estimate.bitsPerSecond, low);
  });
});
