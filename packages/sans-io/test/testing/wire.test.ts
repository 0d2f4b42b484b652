import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { Wire } from '../../src/testing/wire.ts';
import { megabits, type WireOptions } from '../../src/testing/wire-options.ts';
import { WireStats } from '../../src/testing/wire-stats.ts';

/** Sends `count` numbered datagrams, one per millisecond, and returns [number, arrival] of each that came. */
function run(options: WireOptions, count = 1_000, seed = 1): Array<[value: number, arrival: number]> {
  const wire = new Wire(new SeededRandom(seed), options);
  const arrived: Array<[number, number]> = [];
  const collect = (until: number): void => {
    while (wire.next() <= until) {
      const now = wire.next();
      const [high, low] = wire.take(now)!.bytes;
      arrived.push([high! * 256 + low!, now]);
    }
  };
  for (let i = 0; i < count; i++) {
    collect(i);
    wire.send(Uint8Array.of(0xaa, i >> 8, i & 0xff, 0xbb), 1, 3, i);
  }
  collect(Number.MAX_VALUE);
  return arrived;
}

describe('a simulated wire', () => {
  test('without options carries everything at once and in order', () => {
    assert.deepEqual(
      run({}, 5),
      [0, 1, 2, 3, 4].map((i) => [i, i]),
    );
  });

  test('delays', () => {
    assert.deepEqual(run({ delay: 20 }, 2), [
      [0, 20],
      [1, 21],
    ]);
  });

  test('loses, duplicates and reorders about as often as it is told, the same way for a seed', () => {
    const lossy = run({ loss: 0.1 });
    assert.ok(lossy.length > 850 && lossy.length < 950, String(lossy.length));
    const doubled = run({ duplicate: 0.1 });
    assert.ok(doubled.length > 1_050 && doubled.length < 1_150, String(doubled.length));
    const order = run({ reorder: 0.1 }, 200).map(([value]) => value);
    const overtaken = order.filter((value, i) => i > 0 && value < order[i - 1]!).length;
    assert.ok(overtaken > 5 && overtaken < 40, String(overtaken));
    assert.deepEqual(run({ loss: 0.3, jitter: 9 }, 100, 5), run({ loss: 0.3, jitter: 9 }, 100, 5));
  });

  test('corrupts exactly one bit of a datagram', () => {
    const wire = new Wire(new SeededRandom(1), { corrupt: 1 });
    wire.send(new Uint8Array(16), 0, 16, 0);
    const bits = wire
      .take(0)!
      .bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    assert.equal(bits, 1);
  });

  test('carries no more than its rate and drops what its queue cannot hold', () => {
    const wire = new Wire(new SeededRandom(1), { rate: 10, queue: 300 });
    for (let i = 0; i < 10; i++) wire.send(new Uint8Array(100), 0, 100, 0);
    assert.equal(wire.lost, 7);
    const arrivals: number[] = [];
    while (wire.next() < Number.POSITIVE_INFINITY) {
      arrivals.push(wire.next());
      wire.take(wire.next());
    }
    assert.deepEqual(arrivals, [10, 20, 30]);
  });

  test('drops what is longer than its MTU, and what the test picks', () => {
    const wire = new Wire(new SeededRandom(1), { mtu: 10 });
    wire.send(new Uint8Array(11), 0, 11, 0);
    wire.lose = (bytes) => bytes[0] === 7;
    wire.send(Uint8Array.of(7), 0, 1, 0);
    wire.send(Uint8Array.of(8), 0, 1, 0);
    assert.deepEqual([wire.sent, wire.lost], [3, 2]);
    assert.deepEqual(wire.take(0)!.bytes, Uint8Array.of(8));
    assert.equal(wire.take(0), undefined);
  });

  test('copies what it is given, and lends it until the next is taken', () => {
    const wire = new Wire<string>(new SeededRandom(1));
    const bytes = Uint8Array.of(1, 2, 3);
    wire.send(bytes, 0, 3, 0, 'route');
    bytes.fill(7);
    const first = wire.take(0)!;
    assert.deepEqual([[...first.bytes], first.tag], [[1, 2, 3], 'route']);
    wire.send(bytes, 0, 3, 0, 'other');
    assert.deepEqual([...first.bytes], [1, 2, 3]);
    assert.deepEqual([...wire.take(0)!.bytes], [7, 7, 7]);
  });

  test('uses the memory of datagrams that have arrived again, by length', () => {
    const wire = new Wire(new SeededRandom(1));
    const seen = new Set<ArrayBufferLike>();
    for (let i = 0; i < 1_000; i++) {
      const bytes = new Uint8Array(i % 2 === 0 ? 1_200 : 40).fill(i);
      wire.send(bytes, 0, bytes.length, i);
      const got = wire.take(i)!;
      assert.deepEqual(got.bytes, bytes);
      seen.add(got.bytes.buffer);
    }
    assert.ok(seen.size <= 4, `${seen.size} buffers`);
  });
});

describe('order on a simulated wire', () => {
  const inOrder = (arrived: Array<[number, number]>): boolean =>
    arrived.every(([value], i) => i === 0 || value > arrived[i - 1]![0]);

  test('jitter overtakes, or keeps the order where it is told to', () => {
    assert.equal(inOrder(run({ delay: 20, jitter: 10 }, 200)), false);
    const kept = run({ delay: 20, jitter: 10, jitterKeepsOrder: true }, 200);
    assert.equal(inOrder(kept), true);
    for (const [value, arrival] of kept)
      assert.ok(arrival >= value + 20 && arrival <= value + 30, `${value} at ${arrival}`);
  });

  test('a reordered datagram is late by what it is held back, and nobody else is', () => {
    const arrived = run({ delay: 1, reorder: 0.2, reorderDelay: 4.5 }, 200);
    for (const [value, arrival] of arrived) assert.ok(arrival === value + 1 || arrival === value + 5.5);
    assert.equal(arrived.length, 200);
    assert.deepEqual(
      arrived.map(([, arrival]) => arrival),
      arrived.map(([, arrival]) => arrival).toSorted((a, b) => a - b),
    );
  });

  test('whatever mix is under way comes out by arrival, each once', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (seed, reorder, jitterKeepsOrder) => {
          const arrived = run({ delay: 3, jitter: 7, reorder, reorderDelay: 3, jitterKeepsOrder }, 200, seed);
          for (let i = 1; i < arrived.length; i++) assert.ok(arrived[i]![1] >= arrived[i - 1]![1]);
          assert.equal(new Set(arrived.map(([value]) => value)).size, 200);
        },
      ),
    );
  });
});

describe('burst loss', () => {
  test('comes in bursts of 1 / leave datagrams, and loses its share', () => {
    const got = new Set(run({ burstLoss: { enter: 0.02, leave: 0.25 } }, 256 * 100, 3).map(([, at]) => at));
    let bursts = 0;
    for (let i = 1; i < 25_600; i++) if (!got.has(i) && got.has(i - 1)) bursts++;
    const lost = 25_600 - got.size;
    assert.ok(Math.abs(lost / 25_600 - 0.02 / 0.27) < 0.01, `${lost} lost`);
    assert.ok(Math.abs(lost / bursts - 4) < 0.5, `${lost / bursts} long`);
  });

  test('may spare some in a burst and take some between', () => {
    const half = run({ burstLoss: { enter: 1, leave: 0, lossInBurst: 0.5 } }, 10_000).length;
    assert.ok(Math.abs(half - 5_000) < 300, String(half));
    const between = run({ burstLoss: { enter: 0.000001, leave: 1, lossBetween: 0.1 } }, 10_000).length;
    assert.ok(Math.abs(between - 9_000) < 200, String(between));
  });

  test('with a seed the same datagrams are lost, whatever the queue drops besides', () => {
    const lost = (queue: number): number[] => {
      const wire = new Wire(new SeededRandom(9), { loss: 0.2, rate: 1, queue });
      const victims: number[] = [];
      for (let i = 0; i < 500; i++) {
        const before = wire.stats.lostBy.random;
        wire.send(new Uint8Array(3), 0, 3, i);
        if (wire.stats.lostBy.random > before) victims.push(i);
      }
      return victims;
    };
    assert.deepEqual(lost(5), lost(10_000));
  });
});

describe('statistics and changes of a simulated wire', () => {
  test('counts the lost by cause, and bytes both ways', () => {
    const wire = new Wire(new SeededRandom(1), { mtu: 100, rate: 10, queue: 250 });
    const send = (length: number): void => wire.send(new Uint8Array(length), 0, length, 0);
    send(101);
    for (let i = 0; i < 4; i++) send(100);
    wire.change({ loss: 1 });
    send(10);
    wire.change({ loss: 0 });
    wire.lose = () => true;
    send(10);
    assert.deepEqual(wire.stats.lostBy, { picked: 1, random: 1, burst: 0, size: 1, queue: 2 });
    while (wire.take(1_000)) {}
    const { sent, sentBytes, delivered, deliveredBytes, lost } = wire.stats;
    assert.deepEqual([sent, sentBytes, delivered, deliveredBytes, lost], [7, 521, 2, 200, 5]);
    wire.stats = new WireStats();
    assert.deepEqual([wire.sent, wire.lost, wire.stats.meanQueueDelay], [0, 0, 0]);
  });

  test('measures how long datagrams wait for the link', () => {
    const wire = new Wire(new SeededRandom(1), { rate: 10, delay: 50 });
    for (let i = 0; i < 3; i++) wire.send(new Uint8Array(100), 0, 100, 0);
    assert.deepEqual([wire.stats.maxQueueDelay, wire.stats.meanQueueDelay], [20, 10]);
    assert.equal(wire.stats.maxQueueBytes, 300);
  });

  test('overhead takes its share of rate, queue and MTU', () => {
    const wire = new Wire(new SeededRandom(1), { rate: 10, overhead: 28, mtu: 128 });
    wire.send(new Uint8Array(101), 0, 101, 0);
    for (let i = 0; i < 2; i++) wire.send(new Uint8Array(100), 0, 100, 0);
    assert.equal(wire.stats.lostBy.size, 1);
    assert.equal(wire.next(), 12.8);
    assert.equal(wire.take(12.8)!.bytes.length, 100);
    assert.equal(wire.next(), 25.6);
  });

  test('a change holds for what is sent from then on; a shorter way overtakes', () => {
    const wire = new Wire<string>(new SeededRandom(1), { delay: 100, mtu: 1500 });
    const bytes = new Uint8Array(1400);
    wire.send(bytes, 0, 1400, 0, 'old way');
    wire.change({ delay: 10, mtu: 1280 });
    wire.send(bytes, 0, 1400, 1, 'too long');
    wire.send(bytes, 0, 1280, 2, 'new way');
    assert.deepEqual([wire.next(), wire.take(12)?.tag], [12, 'new way']);
    assert.deepEqual([wire.next(), wire.take(100)?.tag], [100, 'old way']);
    assert.deepEqual(wire.options, { delay: 10, mtu: 1280 });
  });

  test('megabits are bytes per millisecond', () => {
    const wire = new Wire(new SeededRandom(1), { rate: megabits(8) });
    wire.send(new Uint8Array(1_000), 0, 1_000, 0);
    assert.equal(wire.next(), 1);
  });

  test('options that make no sense are refused by name, and change nothing', () => {
    const wire = new Wire(new SeededRandom(1), { delay: 3 });
    const cases: Array<[WireOptions, RegExp]> = [
      [{ loss: 1.1 }, /^loss is a probability/],
      [{ duplicate: Number.NaN }, /^duplicate is/],
      [{ burstLoss: { enter: -1, leave: 1 } }, /^burstLoss\.enter/],
      [{ rate: 0 }, /^rate is more than 0/],
      [{ delay: -1 }, /^delay is 0 or more/],
    ];
    for (const [options, message] of cases) {
      assert.throws(() => new Wire(new SeededRandom(1), options), { name: 'RangeError', message });
      assert.throws(() => wire.change(options), { name: 'RangeError', message });
    }
    assert.deepEqual(wire.options, { delay: 3 });
  });
});
