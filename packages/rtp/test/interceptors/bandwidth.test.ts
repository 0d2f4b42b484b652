// The estimate against a simulated bottleneck with a bounded queue: it has to find what the link carries.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { megabits, Pair } from '@millrace/sans-io/testing';
import {
  BandwidthEstimate,
  LeakyBucketPacer,
  RoundTripTime,
  TransportFeedback,
  TransportStamper,
} from '../../src/interceptors/index.ts';
import { ChainEnd, rtp, VIDEO } from './chain-end.ts';

const FRAME = 33;
const PAYLOAD = 1_100;

interface Course {
  /** Mean rate in Mbit/s of what arrived in each second, and the estimate at its end. */
  arrived: number[];
  target: number[];
  maxQueueDelay: number;
  lost: number;
}

/** Video that fills its target, over a link whose rate changes at times. */
function course(
  seconds: number,
  rates: ReadonlyArray<[from: number, megabits: number]>,
  options = {},
): Course {
  const estimate = new BandwidthEstimate(new RoundTripTime(100));
  const pacer = new LeakyBucketPacer(estimate);
  const a = new ChainEnd({ outer: [new TransportStamper(estimate)], pacer });
  const b = new ChainEnd({ seed: 2, outer: [new TransportFeedback()] });
  a.chain.addLocalStream(VIDEO, 0);
  b.chain.addRemoteStream(VIDEO, 0);
  let target = 300_000;
  let sequence = 0;
  let timestamp = 0;
  let credit = 0;
  a.nextSend = 0;
  a.onSend = (now) => {
    credit += (target * FRAME) / 8_000;
    while (credit >= PAYLOAD) {
      credit -= PAYLOAD;
      a.chain.sendRtp(rtp(VIDEO, sequence++ & 0xffff, timestamp, PAYLOAD - 20, credit < PAYLOAD), now);
    }
    timestamp += FRAME * 90;
    a.nextSend = now + FRAME;
  };
  let bytes = 0;
  b.onPacket = (packet) => {
    bytes += packet.length;
  };
  const wire = { delay: 25, rate: megabits(rates[0]![1]), queue: megabits(rates[0]![1]) * 300, overhead: 28 };
  const pair = new Pair({
    a,
    b,
    sinkA: {
      onTargetBitrate: (bitsPerSecond) => {
        target = bitsPerSecond;
      },
    },
    sinkB: {},
    wire,
    ...options,
  });
  pair.ba.options = { delay: 25 };
  const result: Course = { arrived: [], target: [], maxQueueDelay: 0, lost: 0 };
  for (const [from, rate] of rates)
    pair.at(from * 1_000, () => pair.ab.change({ rate: megabits(rate), queue: megabits(rate) * 300 }));
  for (let second = 0; second < seconds; second++) {
    bytes = 0;
    pair.run(1_000);
    result.arrived.push((bytes * 8) / 1e6);
    result.target.push(estimate.bitsPerSecond / 1e6);
  }
  result.maxQueueDelay = pair.ab.stats.maxQueueDelay;
  result.lost = pair.ab.stats.lost / pair.ab.stats.sent;
  return result;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

describe('draft-ietf-rmcat-gcc: bandwidth on a simulated bottleneck', () => {
  for (const rate of [1, 2.5])
    test(`${rate} Mbit/s is found, and its half when it drops`, (t) => {
      const { arrived, target, lost, maxQueueDelay } = course(90, [
        [0, rate],
        [45, rate / 2],
      ]);
      const before = mean(arrived.slice(15, 45)) / rate;
      const after = mean(arrived.slice(55)) / (rate / 2);
      const found = target.findIndex((each) => each >= rate * 0.7);
      const dropped = target.findIndex((each, i) => i >= 45 && each <= rate / 2) - 45;
      t.diagnostic(
        `found after ${found} s, ${(before * 100).toFixed(0)} % used; dropped within ${dropped} s, then ` +
          `${(after * 100).toFixed(0)} % used; ${(lost * 100).toFixed(2)} % lost, queue ${maxQueueDelay.toFixed(0)} ms`,
      );
      assert.ok(found >= 0 && found <= 8, `${target.slice(0, 20)}`);
      assert.ok(before > 0.7 && before <= 1.0, `${arrived.slice(0, 45)}`);
      assert.ok(dropped >= 0 && dropped <= 3, `${target.slice(44, 60)}`);
      assert.ok(after > 0.65 && after <= 1.0, `${arrived.slice(45)}`);
      assert.ok(Math.max(...target.slice(50)) < rate * 0.65, `${target.slice(50)}`);
      assert.ok(lost < 0.02, `${lost}`);
    });

  test('a link that gets wider is used', (t) => {
    const { arrived, target } = course(60, [
      [0, 1],
      [20, 2],
    ]);
    t.diagnostic(target.map((each) => each.toFixed(2)).join(' '));
    assert.ok(mean(arrived.slice(50)) > 1.3, `${arrived.slice(20)}`);
  });

  test('random loss of 5 % without a queue does not starve it', () => {
    const { arrived } = course(30, [[0, 2]], {
      wire: { delay: 25, rate: megabits(2), loss: 0.05, queue: 75_000 },
    });
    assert.ok(mean(arrived.slice(15)) > 1, `${arrived}`);
  });

  test('loss of 30 % brings it down', () => {
    const { target } = course(30, [[0, 20]], { wire: { delay: 25, rate: megabits(20), loss: 0.3 } });
    assert.ok(target.at(-1)! < 0.2, `${target}`);
  });
});
