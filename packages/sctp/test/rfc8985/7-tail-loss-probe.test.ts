import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomUnit } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { DEFAULTS } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { bytes } from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const RTT = 40;

/** How much later a message of `packets` arrives when the DATA packets in `victims` (from 1) are lost. */
function delayOf(packets: number, victims: readonly number[]): { delay: number; timeouts: number } {
  const p = connectedPair({ wire: { delay: RTT / 2 }, both: { roundTripTime: RTT } });
  let data = 0;
  p.pair.ab.lose = (packet) =>
    (packet[12] === CHUNK.DATA || packet[12] === CHUNK.I_DATA) && victims.includes(++data);
  const start = p.now;
  p.a.send(1, 51, bytes(packets * 1_000), 0, packets * 1_000, ORDERED, p.now);
  assert.ok(p.run(10_000, () => p.atB.messages.length === 1));
  return { delay: p.now - start - RTT / 2, timeouts: p.a.stats.timeouts };
}

function percentile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length * share)]!;
}

describe('RFC 8985 §6, §7 what a loss costs', () => {
  test('a lone packet that is lost arrives two round trips later, without a timeout', () => {
    const { delay, timeouts } = delayOf(1, [1]);
    assert.ok(delay <= 2 * RTT && timeouts === 0, `${delay} ms, ${timeouts} timeouts`);
  });

  test('early on, with no more than the handshake and ICE to go by, it is one and a half', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: RTT / 2 }, both: { roundTripTime: RTT } });
    p.a.connect(0);
    p.b.connect(0);
    p.run(10_000, () => p.b.phase === 'established');
    const sent: number[] = [];
    p.pair.ba.lose = (packet) => {
      if (packet[12] === CHUNK.DATA || packet[12] === CHUNK.I_DATA) sent.push(p.now);
      return sent.length > 0;
    };
    const start = p.now;
    p.b.send(1, 51, bytes(100), 0, 100, ORDERED, p.now);
    p.run(200);
    assert.ok(sent[1]! - start <= 1.5 * RTT, `${sent.map((at) => at - start)}`);
  });

  test('a probe that is lost as well is followed by another, before the timeout', () => {
    const { delay, timeouts } = delayOf(1, [1, 2]);
    assert.ok(delay <= 4 * RTT && timeouts === 0, `${delay} ms, ${timeouts} timeouts`);
  });

  test('what the timeout sent again is probed for as well, and need not wait for the next, longer one', () => {
    const { delay, timeouts } = delayOf(1, [1, 2, 3, 4]);
    assert.ok(delay <= DEFAULTS.rtoMin + 4 * RTT && timeouts === 1, `${delay} ms, ${timeouts} timeouts`);
  });

  test('where every burst is lost with a chance of a fifth, 128 KiB take a second and a half 19 times of 20', () => {
    const took = Array.from({ length: 200 }, (_, seed) => {
      const p = connectedPair({ seed: seed + 1, wire: { delay: 0.5 }, both: { roundTripTime: 1 } });
      const random = new SeededRandom(seed + 1);
      for (const direction of [p.pair.ab, p.pair.ba]) {
        let at = -1;
        let isLost = false;
        direction.lose = () => {
          if (p.now !== at) isLost = randomUnit(random) < 0.19;
          at = p.now;
          return isLost;
        };
      }
      const start = p.now;
      for (let i = 0; i < 32; i++) p.a.send(1, 51, bytes(4_096), 0, 4_096, ORDERED, p.now);
      assert.ok(
        p.run(30_000, () => p.atB.messages.length === 32),
        `seed ${seed + 1}: not within 30 s`,
      );
      return p.now - start;
    });
    const most = percentile(took, 0.95);
    assert.ok(most <= 1_500, `${most} ms`);
  });

  test('messages that fit together come together when their packets were lost, and what has come does not come again', () => {
    const p = connectedPair({ wire: { delay: RTT / 2 }, both: { roundTripTime: RTT } });
    let data = 0;
    p.pair.ab.lose = (packet) => (packet[12] === CHUNK.DATA || packet[12] === CHUNK.I_DATA) && data++ < 3;
    const start = p.now;
    for (let i = 0; i < 3; i++) {
      p.a.send(1, 51, bytes(100 + i), 0, 100 + i, ORDERED, p.now);
      p.pair.settle();
    }
    assert.ok(p.run(10_000, () => p.atB.messages.length === 3));
    assert.ok(p.now - start <= 2.5 * RTT, `${p.now - start} ms`);
    assert.equal(data, 4, 'one probe for all of them');
    assert.equal(p.a.stats.timeouts, 0);
  });

  test('a chunk that may not be sent again is no part of a probe', () => {
    const p = connectedPair({ wire: { delay: RTT / 2 }, both: { roundTripTime: RTT } });
    let data = 0;
    p.pair.ab.lose = (packet) => (packet[12] === CHUNK.DATA || packet[12] === CHUNK.I_DATA) && data++ < 2;
    p.a.send(1, 51, bytes(100), 0, 100, { ordered: true, maxRetransmits: 0 }, p.now);
    p.pair.settle();
    p.a.send(2, 51, bytes(200), 0, 200, ORDERED, p.now);
    p.run(10_000);
    assert.deepEqual(
      p.atB.messages.map(({ stream }) => stream),
      [2],
    );
  });

  test('the last packet of several as well', () => {
    const { delay, timeouts } = delayOf(3, [3]);
    assert.ok(delay <= 2 * RTT && timeouts === 0, `${delay} ms, ${timeouts} timeouts`);
  });

  test('a packet in the middle costs no more than one and a half', () => {
    const { delay, timeouts } = delayOf(9, [4]);
    assert.ok(delay <= 1.5 * RTT && timeouts === 0, `${delay} ms, ${timeouts} timeouts`);
  });

  test('1 KiB there and back at 20 ms and 1 % loss: the slowest hundredth takes no more than 65 ms', () => {
    const both = { roundTripTime: 20 };
    const p = connectedPair({ seed: 3, wire: { delay: 10 }, both });
    p.pair.ab.change({ loss: 0.01 });
    p.pair.ba.change({ loss: 0.01 });
    const times: number[] = [];
    for (let i = 0; i < 3_000; i++) {
      const start = p.now;
      p.a.send(1, 51, bytes(1_024), 0, 1_024, ORDERED, p.now);
      p.run(10_000, () => p.atB.messages.length > i);
      p.b.send(1, 51, bytes(1_024), 0, 1_024, ORDERED, p.now);
      p.run(10_000, () => p.atA.messages.length > i);
      times.push(p.now - start);
    }
    const p99 = percentile(times, 0.99);
    assert.ok(p99 <= 65, `${p99} ms`);
  });

  test('200 messages a second one way at 20 ms and 1 % loss: no more than 60 ms', () => {
    const p = connectedPair({ seed: 3, wire: { delay: 10 }, both: { roundTripTime: 20 } });
    p.pair.ab.change({ loss: 0.01 });
    p.pair.ba.change({ loss: 0.01 });
    const times: number[] = [];
    const began = p.now;
    for (let i = 0; i < 4_000; i++) {
      p.a.send(1, 51, bytes(1_024), 0, 1_024, ORDERED, p.now);
      const next = began + (i + 1) * 5;
      while (p.now < next) {
        p.run(Math.min(0.5, next - p.now));
        while (times.length < p.atB.messages.length) times.push(p.now - (began + times.length * 5));
      }
    }
    const p99 = percentile(times, 0.99);
    assert.ok(p99 <= 60, `${p99} ms`);
  });
});
