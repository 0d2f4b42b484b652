// What is lost comes again in time: chains on both ends of a link that loses 5 % both ways, in virtual time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pair } from '@millrace/sans-io/testing';
import { RtpPacket } from '../../src/index.ts';
import type { StreamInfo } from '../../src/interceptors/index.ts';
import { AudioJitterBuffer, VideoJitterBuffer } from '../../src/jitter-buffer/index.ts';
import { AUDIO, ChainEnd, rtp, VIDEO } from './chain-end.ts';

const WARM_UP = 5_000;
const DURATION = 65_000;
const out = new RtpPacket();

interface Delivery {
  sent: number;
  delivered: number;
  targetDelay: number;
  /** Longest time from sending to leaving the buffer. */
  longest: number;
}

/** Video in frames of eight packets, or audio a packet each 20 ms; counts what leaves the jitter buffer. */
function deliver(stream: StreamInfo, roundTrip: number, maxDelay: number, seed: number): Delivery {
  const isVideo = stream.kind === 'video';
  const a = new ChainEnd({ seed, reports: { interval: 500 } });
  const b = new ChainEnd({ seed: seed + 1, reports: { interval: 500 } });
  a.chain.addLocalStream(stream, 0);
  b.chain.addRemoteStream(stream, 0);
  b.chain.addLocalStream({ ...AUDIO, ssrc: 99 }, 0); // so that it learns the round-trip time, too
  a.chain.addRemoteStream({ ...AUDIO, ssrc: 99 }, 0);
  const options = { clockRate: stream.payloads[0]!.clockRate, minDelay: 0, maxDelay };
  const video = new VideoJitterBuffer({ ...options, smooth: true });
  const audio = new AudioJitterBuffer(options);
  const sentAt = new Map<number, number>();
  const result: Delivery = { sent: 0, delivered: 0, targetDelay: 0, longest: 0 };
  let sequence = 0;
  a.nextSend = 0;
  a.onSend = (now) => {
    const count = isVideo ? 8 : 1;
    const timestamp = Math.round((now * options.clockRate) / 1_000) >>> 0;
    for (let i = 0; i < count; i++) {
      const number = sequence++ & 0xffff;
      sentAt.set(number, now);
      if (now >= WARM_UP && now < DURATION - 2_000) result.sent++;
      a.chain.sendRtp(rtp(stream, number, timestamp, isVideo ? 1_000 : 100, i === count - 1), now);
    }
    b.chain.sendRtp(rtp({ ...AUDIO, ssrc: 99 }, sequence & 0xffff, timestamp), now);
    a.nextSend = now + (isVideo ? 33 : 20);
  };
  const leave = (number: number, now: number): void => {
    const sent = sentAt.get(number)!;
    if (sent < WARM_UP || sent >= DURATION - 2_000) return;
    result.delivered++;
    result.longest = Math.max(result.longest, now - sent);
  };
  const play = (now: number): void => {
    while (audio.pop(out, now)) leave(out.sequenceNumber, now);
    for (let frame = video.pop(now); frame !== undefined; frame = video.pop(now))
      for (let i = 0; i < frame.packetCount; i++) {
        frame.packet(i, out);
        leave(out.sequenceNumber, now);
      }
  };
  b.onPacket = (packet, _, now) => {
    if (isVideo) video.push(packet, now);
    else audio.push(packet, now);
    play(now);
  };
  const pair = new Pair({
    a,
    b,
    sinkA: {},
    sinkB: {},
    seed,
    wire: { delay: roundTrip / 2, loss: 0.05, overhead: 28 },
  });
  for (let time = 0; time < DURATION; time += 5) pair.at(time, () => play(pair.now));
  pair.run(DURATION);
  result.targetDelay = isVideo ? video.targetDelay : audio.targetDelay;
  return result;
}

describe('RFC 4588 §5.3, RFC 4585 §6.2.1: a link that loses 5 % both ways', () => {
  const nackAudio: StreamInfo = {
    ...AUDIO,
    payloads: [{ payloadType: 111, clockRate: 48_000, rtxPayloadType: 112 }],
    rtxSsrc: 0x7777_7777,
    feedback: ['nack'],
  };
  for (const [kind, stream] of [
    ['video', VIDEO],
    ['audio', nackAudio],
  ] as const)
    for (const [roundTrip, maxDelay] of [
      [50, 250],
      [100, 450],
    ] as const)
      test(`${kind} over ${roundTrip} ms: 99.9 % of packets are there within the buffer's delay`, (t) => {
        const total = { sent: 0, delivered: 0, longest: 0 };
        let delays = '';
        for (const seed of kind === 'video' ? [1, 2] : [1, 2, 3]) {
          const { sent, delivered, targetDelay, longest } = deliver(stream, roundTrip, maxDelay, seed);
          total.sent += sent;
          total.delivered += delivered;
          total.longest = Math.max(total.longest, longest);
          delays += ` ${Math.round(targetDelay)}`;
        }
        const share = total.delivered / total.sent;
        t.diagnostic(`${(share * 100).toFixed(3)} % of ${total.sent}, delay aimed at${delays} ms`);
        assert.ok(share >= 0.999, `${(share * 100).toFixed(3)} % of ${total.sent}`);
        assert.ok(total.longest <= maxDelay + roundTrip / 2 + 10, `${total.longest} ms`);
      });
});
