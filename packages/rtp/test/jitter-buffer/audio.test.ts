import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { RtpPacket } from '../../src/index.ts';
import { AudioJitterBuffer } from '../../src/jitter-buffer/index.ts';
import { AUDIO, rtp } from '../interceptors/chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const OPUS = { clockRate: 48_000 };
const out = new RtpPacket();

function packet(i: number, start = 0): RtpPacket {
  return rtp(AUDIO, (start + i) & 0xffff, (0xffff_f000 + i * 960) >>> 0, 60);
}

/** Everything that is due. */
function popAll(buffer: AudioJitterBuffer, now: number): number[] {
  const numbers: number[] = [];
  while (buffer.pop(out, now)) numbers.push(out.sequenceNumber);
  return numbers;
}

describe('an audio jitter buffer', () => {
  test('packets leave in order, each at its play-out time, across the wrap', () => {
    const buffer = new AudioJitterBuffer({ ...OPUS, minDelay: 60, maxDelay: 60 });
    const left: Array<[number, number]> = [];
    for (const i of [0, 2, 1, 3, 5, 4]) buffer.push(packet(i, 65_533), 100 + i * 20);
    for (let now = 100; now < 400; now++) for (const number of popAll(buffer, now)) left.push([number, now]);
    assert.deepEqual(
      left,
      [65_533, 65_534, 65_535, 0, 1, 2].map((number, i) => [number, 160 + i * 20]),
    );
    assert.equal(buffer.lost, 0);
    assert.equal(buffer.held, 0);
  });

  test('what is missing at its time is skipped and told', () => {
    const buffer = new AudioJitterBuffer({ ...OPUS, minDelay: 40, maxDelay: 40 });
    for (const i of [0, 1, 4, 5]) buffer.push(packet(i), i * 20);
    assert.deepEqual(popAll(buffer, 119), [0, 1]);
    assert.equal(buffer.deadline(), 120);
    assert.ok(buffer.pop(out, 120));
    assert.deepEqual([out.sequenceNumber, buffer.lostBefore], [4, 2]);
    assert.ok(buffer.pop(out, 140));
    assert.equal(buffer.lostBefore, 0);
    assert.equal(buffer.push(packet(3), 141), false);
    assert.equal(buffer.push(packet(5), 141), false);
    assert.equal(buffer.drops.late, 2);
    assert.equal(buffer.lost, 2);
  });

  test('duplicates, packets too long and strays are dropped and counted', () => {
    const buffer = new AudioJitterBuffer({ ...OPUS, maxPacketBytes: 100 });
    assert.ok(buffer.push(packet(0), 0));
    assert.equal(buffer.push(packet(0), 1), false);
    assert.equal(buffer.push(rtp(AUDIO, 1, 960, 100), 1), false);
    assert.equal(buffer.push(packet(30_000), 1), false);
    assert.deepEqual({ ...buffer.drops }, { late: 0, duplicate: 1, 'too-long': 1, stray: 1, overflow: 0 });
    assert.ok(buffer.push(packet(30_001), 2), 'two in a row are a new run');
    assert.equal(buffer.restarts, 1);
    assert.equal(buffer.held, 1);
  });

  test('a buffer that nobody empties stays within its memory and recovers', () => {
    const buffer = new AudioJitterBuffer({ ...OPUS, maxPackets: 32 });
    const { capacity } = buffer;
    for (let i = 0; i < 1_000; i++) buffer.push(packet(i), i * 20);
    assert.equal(buffer.held, 32);
    assert.equal(buffer.drops.overflow, 968);
    assert.equal(popAll(buffer, 30_000).length, 32);
    for (let i = 1_000; i < 1_010; i++) assert.ok(buffer.push(packet(i), i * 20));
    assert.equal(popAll(buffer, 30_000).length, 10);
    assert.equal(buffer.capacity, capacity);
    assert.throws(() => new AudioJitterBuffer({ ...OPUS, maxBytes: 1_000 }), { code: 'BAD_OPTION' });
    assert.ok(new AudioJitterBuffer({ ...OPUS, maxPackets: 16_384, maxBytes: 100_000 }).capacity <= 100_000);
  });

  test('the delay grows with jitter, shrinks slowly when it is over, and keeps within its bounds', () => {
    const random = new SeededRandom(3);
    const buffer = new AudioJitterBuffer({ ...OPUS, minDelay: 10, maxDelay: 200 });
    let i = 0;
    const play = (packets: number, jitter: number): number => {
      const lost = buffer.lost;
      const arrivals = Array.from({ length: packets }, (_, n) => ({
        n: i + n,
        at: (i + n) * 20 + random.unit() * jitter,
      }));
      i += packets;
      arrivals.sort((a, b) => a.at - b.at);
      for (const { n, at } of arrivals) {
        popAll(buffer, at);
        buffer.push(packet(n), at);
      }
      return buffer.lost - lost;
    };
    play(500, 0);
    assert.ok(buffer.targetDelay <= 50, `${buffer.targetDelay}`);
    play(500, 100);
    assert.equal(play(2_000, 100), 0);
    assert.ok(buffer.targetDelay >= 90 && buffer.targetDelay <= 110, `${buffer.targetDelay}`);
    play(500, 1_000);
    assert.ok(buffer.targetDelay >= 195 && buffer.targetDelay <= 200, `${buffer.targetDelay}`);
    play(12_000, 0);
    assert.ok(buffer.targetDelay <= 20, `${buffer.targetDelay}`);
  });

  test('a jump of timestamps begins anew and holds nothing back for ever', () => {
    const buffer = new AudioJitterBuffer({ ...OPUS, minDelay: 20, maxDelay: 100 });
    for (let i = 0; i < 10; i++) buffer.push(packet(i), i * 20);
    popAll(buffer, 1_000);
    for (let i = 10; i < 20; i++) {
      const jumped = packet(i);
      jumped.timestamp = (jumped.timestamp + 2_000_000_000) >>> 0;
      buffer.push(jumped, i * 20);
    }
    assert.equal(popAll(buffer, 1_000).length, 10);
  });

  test(`random arrivals: every packet leaves once, in order, or is counted (SEED=${seed})`, () => {
    const random = new SeededRandom(seed);
    const buffer = new AudioJitterBuffer({ ...OPUS, maxPackets: 64, maxDelay: 300 });
    const arrivals: Array<{ n: number; at: number }> = [];
    for (let n = 0; n < 20_000; n++) {
      if (random.chance(0.05)) continue;
      const at = n * 20 + random.unit() * (random.chance(0.02) ? 400 : 40);
      arrivals.push({ n, at });
      if (random.chance(0.02)) arrivals.push({ n, at: at + random.unit() * 50 });
    }
    arrivals.sort((a, b) => a.at - b.at);
    let last = -1;
    let left = 0;
    let gaps = 0;
    for (const { n, at } of arrivals) {
      buffer.push(packet(n), at);
      while (buffer.pop(out, at)) {
        const ahead = (out.sequenceNumber - last) & 0xffff;
        assert.equal(ahead - 1, last < 0 ? ahead - 1 : buffer.lostBefore);
        if (last >= 0) gaps += ahead - 1;
        last = out.sequenceNumber;
        left++;
      }
    }
    assert.equal(left, buffer.emitted);
    assert.equal(left + buffer.held, buffer.received);
    assert.equal(gaps, buffer.lost);
    assert.ok(left > 18_000, `${left}`);
  });
});
