import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { Wire, type WireOptions } from '../../src/testing/wire.ts';

/** Sends `count` datagrams of one byte each, one per millisecond, and returns [value, arrival] of each that came. */
function run(options: WireOptions, count = 1_000, seed = 1): Array<[value: number, arrival: number]> {
  const wire = new Wire(new SeededRandom(seed), options);
  const arrived: Array<[number, number]> = [];
  const collect = (until: number): void => {
    while (wire.next() <= until) {
      const now = wire.next();
      arrived.push([wire.take(now)!.bytes[0]!, now]);
    }
  };
  for (let i = 0; i < count; i++) {
    collect(i);
    wire.send(Uint8Array.of(0xaa, i & 0xff, 0xbb), 1, 2, i);
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

  test('copies what it is given', () => {
    const wire = new Wire<string>(new SeededRandom(1));
    const bytes = Uint8Array.of(1, 2, 3);
    wire.send(bytes, 0, 3, 0, 'route');
    bytes.fill(0);
    assert.deepEqual(wire.take(0), { ...wireItem(Uint8Array.of(1, 2, 3), 'route') });
  });
});

function wireItem(bytes: Uint8Array, tag: string): object {
  return { arrival: 0, order: 0, bytes, tag };
}
