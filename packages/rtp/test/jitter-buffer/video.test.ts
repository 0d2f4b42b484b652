import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { RtpPacket } from '../../src/index.ts';
import { VideoJitterBuffer, type VideoJitterBufferOptions } from '../../src/jitter-buffer/index.ts';
import { rtp, VIDEO } from '../interceptors/chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const FRAME = 3_000; // 30 frames a second
const out = new RtpPacket();

/** Packets `[start, end)` of frame `n`, the last with the marker. */
function frameOf(n: number, start: number, end: number, payloadBytes = 50): RtpPacket[] {
  const packets = [];
  for (let i = start; i < end; i++)
    packets.push(rtp(VIDEO, i & 0xffff, (n * FRAME) >>> 0, payloadBytes, i === end - 1));
  return packets;
}

function popAll(buffer: VideoJitterBuffer, now: number): number[][] {
  const frames: number[][] = [];
  for (let frame = buffer.pop(now); frame !== undefined; frame = buffer.pop(now)) {
    const numbers: number[] = [];
    for (let i = 0; i < frame.packetCount; i++) {
      frame.packet(i, out);
      assert.equal(out.timestamp, frame.timestamp);
      numbers.push(out.sequenceNumber);
    }
    frames.push(numbers);
  }
  return frames;
}

function made(options: Partial<VideoJitterBufferOptions> = {}): VideoJitterBuffer {
  return new VideoJitterBuffer({ clockRate: 90_000, minDelay: 100, maxDelay: 100, ...options });
}

describe('a video jitter buffer', () => {
  test('a frame leaves as soon as it is whole, its packets in order whatever order they came in', () => {
    const buffer = made();
    const [a, b, c] = frameOf(0, 65_534, 65_537);
    buffer.push(a!, 0);
    assert.deepEqual(popAll(buffer, 0), []);
    buffer.push(c!, 1);
    assert.deepEqual(popAll(buffer, 1), []);
    buffer.push(b!, 2);
    assert.deepEqual(popAll(buffer, 2), [[65_534, 65_535, 0]]);
    assert.equal(buffer.frame.lostBefore, 0);
    for (const packet of frameOf(1, 65_537, 65_538)) buffer.push(packet, 33);
    assert.deepEqual(popAll(buffer, 33), [[1]]);
  });

  test('a frame without a marker is over when another timestamp follows', () => {
    const buffer = made();
    const packets = frameOf(0, 0, 3);
    packets[2]!.marker = false;
    for (const packet of packets) buffer.push(packet, 0);
    assert.deepEqual(popAll(buffer, 0), []);
    buffer.push(frameOf(1, 3, 5)[0]!, 30);
    assert.deepEqual(popAll(buffer, 30), [[0, 1, 2]]);
  });

  test('a smooth buffer holds whole frames until their time', () => {
    const buffer = made({ smooth: true });
    for (const packet of frameOf(0, 0, 2)) buffer.push(packet, 10);
    assert.deepEqual(popAll(buffer, 109), []);
    assert.equal(buffer.deadline(), 110);
    assert.deepEqual(popAll(buffer, 110), [[0, 1]]);
  });

  test('a frame with a hole waits for repair until its play-out time, then it is given up', () => {
    const buffer = made();
    const first = frameOf(0, 0, 4);
    for (const packet of [first[0]!, first[1]!, first[3]!]) buffer.push(packet, 0);
    for (const packet of frameOf(1, 4, 6)) buffer.push(packet, 33);
    assert.deepEqual(popAll(buffer, 99), []);
    assert.equal(Math.round(buffer.deadline()), 100);
    assert.deepEqual(popAll(buffer, 100), [[4, 5]]);
    assert.deepEqual([buffer.frame.lostBefore, buffer.frame.framesLostBefore], [1, 1]);
    assert.equal(buffer.framesAbandoned, 1);
    assert.equal(buffer.push(first[2]!, 101), false);
    assert.equal(buffer.drops.late, 1);
    assert.equal(buffer.lost, 1);
  });

  test('repair in time makes it whole', () => {
    const buffer = made();
    const packets = frameOf(0, 0, 4);
    for (const packet of [packets[0]!, packets[3]!]) buffer.push(packet, 0);
    for (const packet of frameOf(1, 4, 6)) buffer.push(packet, 33);
    buffer.push(packets[2]!, 60);
    buffer.push(packets[1]!, 90);
    assert.deepEqual(popAll(buffer, 90), [
      [0, 1, 2, 3],
      [4, 5],
    ]);
    assert.equal(buffer.lost, 0);
  });

  test('what is beyond repair is not waited for', () => {
    const buffer = made();
    const packets = frameOf(0, 0, 4);
    for (const packet of [packets[0]!, packets[3]!]) buffer.push(packet, 0);
    for (const packet of frameOf(1, 4, 6)) buffer.push(packet, 33);
    buffer.giveUp(2);
    assert.deepEqual(popAll(buffer, 34), [[4, 5]]);
  });

  test('a frame behind a gap goes too, unless the payload tells that it begins there', () => {
    for (const [isFrameStart, frames, abandoned] of [
      [
        undefined,
        [
          [0, 1],
          [7, 8],
        ],
        1,
      ],
      [
        (packet: RtpPacket) => packet.sequenceNumber === 5,
        [
          [0, 1],
          [5, 6],
          [7, 8],
        ],
        0,
      ],
    ] as const) {
      const buffer = made({ isFrameStart });
      for (const packet of frameOf(0, 0, 2)) buffer.push(packet, 0);
      for (const packet of frameOf(2, 5, 7)) buffer.push(packet, 66); // frame 1, packets 2 to 4, never comes
      for (const packet of frameOf(3, 7, 9)) buffer.push(packet, 100);
      const got = popAll(buffer, 100);
      got.push(...popAll(buffer, 200));
      assert.deepEqual(got, frames);
      assert.equal(buffer.framesAbandoned, abandoned);
      assert.equal(buffer.lost, 3);
    }
  });

  test('the rest of a frame that was given up is let go as it comes', () => {
    const buffer = made();
    const packets = frameOf(0, 0, 6);
    buffer.push(packets[0]!, 0);
    buffer.push(packets[2]!, 0);
    assert.deepEqual(popAll(buffer, 150), []);
    for (const packet of packets.slice(3)) buffer.push(packet, 151);
    for (const packet of frameOf(1, 6, 8)) buffer.push(packet, 152);
    assert.deepEqual(popAll(buffer, 152), [[6, 7]]);
    assert.equal(buffer.framesAbandoned, 1);
    assert.equal(buffer.held, 0);
  });

  test('a frame larger than the buffer is given up, and the buffer goes on', () => {
    const buffer = made({ maxPackets: 32 });
    for (const packet of frameOf(0, 0, 50)) buffer.push(packet, 0);
    assert.equal(buffer.drops.overflow, 18);
    popAll(buffer, 200);
    let sequence = 50;
    const frames: number[][] = [];
    for (let n = 1; n < 10; n++) {
      for (const packet of frameOf(n, sequence, sequence + 3)) buffer.push(packet, n * 33 + 200);
      sequence += 3;
      frames.push(...popAll(buffer, n * 33 + 200));
    }
    assert.ok(frames.length >= 7, `${frames.length}`);
  });

  test('a new run of sequence numbers begins anew', () => {
    const buffer = made();
    for (const packet of frameOf(0, 0, 3).slice(0, 2)) buffer.push(packet, 0);
    for (const packet of frameOf(9, 40_000, 40_004)) buffer.push(packet, 10);
    assert.equal(buffer.restarts, 1);
    // The first of them was taken for a stray: its frame is headless to nobody's knowledge.
    assert.deepEqual(popAll(buffer, 10), [[40_001, 40_002, 40_003]]);
  });

  test(`random losses, repairs and reordering: whole frames only, in order, every packet accounted for (SEED=${seed})`, () => {
    const random = new SeededRandom(seed);
    const buffer = made({ minDelay: 0, maxDelay: 300, maxPackets: 256 });
    const arrivals: Array<{ packet: RtpPacket; at: number }> = [];
    const sizes = new Map<number, number>();
    let sequence = 65_000;
    for (let n = 0; n < 3_000; n++) {
      const size = 1 + random.below(n % 50 === 0 ? 40 : 6);
      sizes.set(sequence & 0xffff, size);
      for (const packet of frameOf(n, sequence, sequence + size, 20)) {
        const at = n * 33 + random.unit() * 10;
        if (random.chance(0.05)) {
          if (random.chance(0.8)) arrivals.push({ packet, at: at + 60 + random.unit() * 200 });
        } else arrivals.push({ packet, at });
      }
      sequence += size;
    }
    arrivals.sort((a, b) => a.at - b.at);
    let frames = 0;
    let packets = 0;
    let lost = 0;
    let next = -1;
    for (const { packet, at } of arrivals) {
      for (const numbers of [...popAll(buffer, at), ...(buffer.push(packet, at) ? popAll(buffer, at) : [])]) {
        frames++;
        packets += numbers.length;
        lost += buffer.frame.lostBefore;
        if (frames > 1) assert.equal(numbers.length, sizes.get(numbers[0]!), `frame at ${numbers[0]}`);
        if (next >= 0) assert.ok(((numbers[0]! - next) & 0xffff) < 0x8000, 'order');
        next = numbers.at(-1)! + 1;
      }
    }
    assert.equal(frames, buffer.framesEmitted);
    assert.ok(frames > 2_600, `${frames} frames`);
    assert.ok(buffer.held < 256);
    assert.ok(packets + buffer.held <= buffer.received);
    assert.ok(lost > 0);
  });
});
