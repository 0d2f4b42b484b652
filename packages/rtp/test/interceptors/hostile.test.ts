// Whatever a peer sends: nothing is thrown, memory and what is sent in answer stay bounded, drops are counted.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { isRtcp, RtpPacket } from '../../src/index.ts';
import { MediaChain } from '../../src/interceptors/index.ts';
import { AudioJitterBuffer, VideoJitterBuffer } from '../../src/jitter-buffer/index.ts';
import { AUDIO, ChainEnd, rtp, VIDEO } from './chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const INFO = {
  ...VIDEO,
  redPayloadType: 98,
  ulpfecPayloadType: 99,
  flexfecSsrc: 4_000,
  flexfecPayloadType: 100,
};

/** RTCP of all kinds as a real chain writes it, to be mangled. */
function rtcpSamples(): Uint8Array[] {
  const end = new ChainEnd({ seed: 3 });
  const media = new MediaChain({ random: new SeededRandom(4), cname: 'sample' });
  media.chain.addLocalStream(AUDIO, 0);
  const stream = media.chain.addRemoteStream(VIDEO, 0);
  const samples: Uint8Array[] = [];
  const out = new Uint8Array(1_500);
  for (let i = 0; i < 400; i += 1 + (i % 5 === 0 ? 3 : 0)) {
    media.chain.receiveRtp(rtp(VIDEO, i, i * 90, 50), i * 10);
    media.chain.sendRtp(rtp(AUDIO, i, i * 90, 50), i * 10);
    if (i % 50 === 0) media.keyFrameRequests.request(stream, i * 10);
    media.chain.expire(i * 10);
    for (let length = 1; length > 0; ) {
      length = media.chain.transmit(out, 0, out.length, i * 10);
      if (length > 0 && media.chain.isRtcp) samples.push(out.slice(0, length));
    }
  }
  samples.push(Uint8Array.of(0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0));
  assert.ok(samples.length > 20 && end.chain.drops.total === 0);
  return samples;
}

describe('a hostile peer', () => {
  test(`mangled packets of every kind throw nothing and make nothing grow (SEED=${seed})`, () => {
    const random = new SeededRandom(seed);
    const samples = rtcpSamples();
    const media = new MediaChain({ random, cname: 'victim', nackGenerator: { maxMissing: 100 } });
    const remote = media.chain.addRemoteStream(INFO, 0);
    media.chain.addLocalStream({ ...VIDEO, ssrc: 42, rtxSsrc: 43 }, 0);
    const video = new VideoJitterBuffer({ clockRate: 90_000, maxPackets: 64, maxDelay: 200 });
    const audio = new AudioJitterBuffer({ clockRate: 90_000, maxPackets: 64, maxDelay: 200 });
    const packet = new RtpPacket();
    const out = new Uint8Array(1_500);
    let sequence = 0;
    let answered = 0;
    let now = 0;
    for (let i = 0; i < 60_000; i++) {
      now += random.chance(0.1) ? random.below(40) : 0;
      let bytes: Uint8Array;
      if (random.chance(0.5)) {
        bytes = samples[random.below(samples.length)]!.slice();
      } else {
        sequence += random.chance(0.02) ? random.below(65_536) : 1 + random.below(3);
        const made = rtp(
          INFO,
          sequence & 0xffff,
          random.chance(0.05) ? random.u32() : now * 90,
          random.below(60),
          random.chance(0.3),
        );
        if (random.chance(0.3)) made.payloadType = [97, 98, 99, 100, 96][random.below(5)]!;
        if (random.chance(0.3)) made.ssrc = [INFO.rtxSsrc!, 4_000, random.u32()][random.below(3)]!;
        bytes = made.bytes.slice(0, made.end);
      }
      for (let flips = random.below(4); flips > 0; flips--)
        bytes[random.below(bytes.length)] = random.below(256);
      const end = random.chance(0.2) ? random.below(bytes.length + 1) : bytes.length;
      if (end > 1 && isRtcp(bytes, 0)) media.chain.receiveRtcp(bytes, 0, end, now);
      else if (packet.read(bytes, 0, end) && media.chain.receiveRtp(packet, now) === remote) {
        video.push(packet, now);
        audio.push(packet, now);
      }
      while (audio.pop(packet, now)) assert.ok(packet.end > packet.at);
      for (let frame = video.pop(now); frame !== undefined; frame = video.pop(now))
        for (let at = 0; at < frame.packetCount; at++) frame.packet(at, packet);
      media.chain.expire(now);
      media.chain.drain({ onPacketLost: (_, number) => video.giveUp(number) });
      for (let burst = 0; ; burst++) {
        assert.ok(burst < 100);
        const length = media.chain.transmit(out, 0, out.length, now);
        if (length === 0) break;
        answered += length;
      }
      if (i % 1_000 === 0) {
        const rate = media.estimate.bitsPerSecond;
        assert.ok(rate >= 30_000 && rate <= 20_000_000, `${rate}`);
        assert.ok(media.nackGenerator.missing(remote) <= 100);
        assert.ok(video.held <= 64 && audio.held <= 64);
        assert.ok(Number.isFinite(video.targetDelay) && video.targetDelay <= 200);
        assert.ok(Number.isFinite(media.roundTripTime.smoothed));
      }
    }
    assert.ok(media.chain.drops.total > 100);
    assert.ok(answered < 60_000 * 200, `${answered} bytes`);
  });

  test('every jump of sequence numbers costs a bounded number of requests', () => {
    const end = new ChainEnd({ reports: { interval: 60_000 } });
    end.chain.addRemoteStream(VIDEO, 0);
    let asked = 0;
    for (let i = 0; i < 2_000; i++) {
      end.chain.receiveRtp(rtp(VIDEO, (i * 509) & 0xffff, 0), i);
      end.chain.expire(i);
      for (const bytes of end.flush(i)) asked += bytes.length;
      end.chain.drain({});
    }
    // 508 of each 509 are missing: at most 512 of them at once are asked for, 16 in four bytes.
    assert.ok(asked < 2_000 * 300, `${asked} bytes`);
    assert.ok(end.generator.missing(end.chain.remoteStream(VIDEO.ssrc)!) <= 512);
  });
});
