import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Route, TransportAddress } from '@millrace/ice';
import fc from 'fast-check';
import type { DatagramPort, DatagramRun } from '../../src/transport/datagram-port.ts';
import {
  type BatchSealer,
  MAX_DATAGRAM_BYTES,
  MAX_SLABS_PER_BUSY_PORT,
  SendBatch,
} from '../../src/transport/send-batch.ts';

interface Call {
  readonly sizes: number[];
  readonly remote: TransportAddress;
  readonly mayFragment?: boolean;
}

/** A port that keeps what it is given, and is busy when it is told to be. */
class RecordingPort implements DatagramPort {
  readonly local: TransportAddress = { address: '127.0.0.1', port: 1 };
  readonly calls: Call[] = [];
  readonly datagrams: Array<{ readonly bytes: Uint8Array; readonly remote: TransportAddress }> = [];
  /** What it still reads from while it is busy. */
  readonly held: Array<{ readonly live: Uint8Array; readonly copy: Uint8Array }> = [];
  isBusy = false;
  getsBusy: () => boolean = () => false;

  /** How many runs each call to the port carried. */
  readonly runs: number[] = [];

  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: TransportAddress,
    mayFragment = false,
  ): boolean {
    this.runs.push(1);
    return this.#take(bytes, at, end, segmentBytes, remote, mayFragment);
  }

  sendMany(runs: readonly DatagramRun[], count: number): boolean {
    this.runs.push(count);
    let isTaken = true;
    for (const { bytes, at, end, segmentBytes, remote, mayFragment } of runs.slice(0, count))
      isTaken = this.#take(bytes, at, end, segmentBytes, remote, mayFragment) && isTaken;
    return isTaken;
  }

  #take(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: TransportAddress,
    mayFragment: boolean,
  ): boolean {
    const sizes: number[] = [];
    for (let from = at; from < end; from += segmentBytes) {
      const to = Math.min(end, from + segmentBytes);
      sizes.push(to - from);
      this.datagrams.push({ bytes: bytes.slice(from, to), remote });
    }
    this.calls.push({ sizes, remote, ...(mayFragment ? { mayFragment } : {}) });
    this.isBusy = this.getsBusy();
    if (this.isBusy) this.held.push({ live: bytes.subarray(at, end), copy: bytes.slice(at, end) });
    return !this.isBusy;
  }

  close(): void {}
}

const batch = (): SendBatch => new SendBatch((bytes) => new Uint8Array(bytes));
const route = (port: number): Route => ({ socket: 0, remote: { address: '192.0.2.1', port } });

/** Adds a datagram of `length` bytes of value `fill`. */
function add(to: SendBatch, length: number, port: DatagramPort, on: Route, fill = 0): boolean {
  to.slab.fill(fill, to.at, to.at + length);
  return to.add(length, port, on);
}

describe('a batch of datagrams', () => {
  test('loses what a port can not send, and nothing of anybody else', () => {
    const sent = batch();
    const front = sent.at;
    const port = new RecordingPort();
    const broken = new RecordingPort();
    broken.send = () => {
      throw new Error('BAD_ADDRESS');
    };
    assert.equal(add(sent, 100, broken, route(0), 1), true);
    assert.equal(add(sent, 200, port, route(1), 2), true); // sends the run before it
    assert.equal(sent.flush(), true);
    assert.equal(add(sent, 100, broken, route(0), 1), true);
    assert.equal(sent.flush(), true);
    assert.equal(sent.at, front);
    add(sent, 300, port, route(1), 3);
    sent.flush();
    assert.deepEqual(
      port.datagrams.map(({ bytes }) => [bytes.length, bytes[0], bytes.at(-1)]),
      [
        [200, 2, 2],
        [300, 3, 3],
      ],
    );
  });

  test('has whoever sealed datagrams finish them before they are sent or moved, and before another begins', () => {
    const sent = batch();
    const [one, other] = [new RecordingPort(), new RecordingPort()];
    /** Marks what it has sealed, which is `places`. */
    class Sealer implements BatchSealer {
      places: Array<[slab: Uint8Array, at: number]> = [];
      finishBatch(): void {
        for (const [slab, at] of this.places.splice(0)) slab[at] = 0xff;
      }
    }
    const [a, b] = [new Sealer(), new Sealer()];
    const seal = (by: Sealer, port: DatagramPort, on: Route, fill: number, length = 100): void => {
      by.places.push([sent.slab, sent.at]);
      sent.slab.fill(fill, sent.at, sent.at + length);
      sent.add(length, port, on, false, by);
    };
    seal(a, one, route(1), 1);
    seal(a, one, route(1), 2);
    assert.equal(a.places.length, 2);
    seal(b, one, route(1), 3);
    assert.deepEqual([a.places.length, b.places.length], [0, 1]);
    seal(b, other, route(1), 4); // another port: those before it are sent
    seal(a, other, route(1), 5);
    add(sent, 100, other, route(1), 6); // of no sealer
    one.getsBusy = () => true;
    seal(b, one, route(1), 7);
    sent.flush(); // which is busy, and keeps the slab
    for (let i = 0; i < 900; i++) seal(a, other, route(1), 8); // more than a slab holds
    sent.flush();
    assert.deepEqual([a.places.length, b.places.length], [0, 0]);
    const all = [...one.datagrams, ...other.datagrams].map(({ bytes }) => [bytes[0], bytes[1]]);
    assert.equal(all.length, 907);
    for (const [mark, fill] of all) assert.equal(mark, fill === 6 ? 6 : 0xff, `sealed as ${fill}`);
  });

  test('sends a run of one size to one destination in one call, a shorter one last', () => {
    const sent = batch();
    const port = new RecordingPort();
    const to = route(1);
    for (const length of [1200, 1200, 1200, 300, 1200, 1200]) add(sent, length, port, to);
    assert.equal(sent.flush(), true);
    assert.deepEqual(
      port.calls.map(({ sizes }) => sizes),
      [
        [1200, 1200, 1200, 300],
        [1200, 1200],
      ],
    );
  });

  test('ends a run at a longer datagram, at another destination and at another socket', () => {
    const sent = batch();
    const [one, other] = [new RecordingPort(), new RecordingPort()];
    const [a, b] = [route(1), route(2)];
    add(sent, 100, one, a);
    add(sent, 1200, one, a);
    add(sent, 1200, one, b);
    add(sent, 1200, other, b);
    sent.flush();
    assert.deepEqual(one.calls, [
      { sizes: [100], remote: a.remote },
      { sizes: [1200], remote: a.remote },
      { sizes: [1200], remote: b.remote },
    ]);
    assert.equal(other.calls.length, 1);
  });

  test('holds at most 64 datagrams and 65,500 bytes in a run', () => {
    const sent = batch();
    const port = new RecordingPort();
    const to = route(1);
    for (let i = 0; i < 65; i++) add(sent, 100, port, to);
    for (let i = 0; i < 55; i++) add(sent, 1200, port, to);
    for (let i = 0; i < 5; i++) add(sent, MAX_DATAGRAM_BYTES, port, to);
    sent.flush();
    const counts = port.calls.map(({ sizes }) => sizes.length);
    assert.deepEqual(counts, [64, 1, 50, 5, 3, 1, 1]);
  });

  test('gives the runs of one socket to it in one call, whoever they are for', () => {
    const sent = batch();
    const [one, other] = [new RecordingPort(), new RecordingPort()];
    for (let i = 0; i < 5; i++) add(sent, 100 + i, one, route(i));
    add(sent, 100, other, route(9));
    add(sent, 100, one, route(1));
    sent.flush();
    assert.deepEqual(one.runs, [5, 1]);
    assert.deepEqual(other.runs, [1]);
    for (let i = 0; i < 65; i++) add(sent, 10, one, route(i));
    sent.flush();
    assert.deepEqual(one.runs, [5, 1, 64, 1]);
  });

  test('one run among several that the port can not send is lost alone', () => {
    const sent = batch();
    const port = new RecordingPort();
    const take = port.send.bind(port);
    port.sendMany = () => {
      throw new Error('BAD_ADDRESS');
    };
    port.send = (bytes, at, end, segmentBytes, remote, mayFragment) => {
      if (remote.port === 2) throw new Error('BAD_ADDRESS');
      return take(bytes, at, end, segmentBytes, remote, mayFragment);
    };
    for (const to of [1, 2, 3]) add(sent, 100, port, route(to), to);
    assert.equal(sent.flush(), true);
    assert.deepEqual(
      port.datagrams.map(({ remote }) => remote.port),
      [1, 3],
    );
  });

  test('what may be cut up is a run of its own', () => {
    const sent = batch();
    const port = new RecordingPort();
    const to = route(1);
    for (const mayFragment of [false, true, true, false]) {
      sent.slab.fill(0, sent.at, sent.at + 1200);
      sent.add(1200, port, to, mayFragment);
    }
    sent.flush();
    assert.deepEqual(port.calls, [
      { sizes: [1200], remote: to.remote },
      { sizes: [1200, 1200], remote: to.remote, mayFragment: true },
      { sizes: [1200], remote: to.remote },
    ]);
  });

  test(`a port that stays busy holds ${MAX_SLABS_PER_BUSY_PORT} slabs and no more`, () => {
    let allocated = 0;
    const sent = new SendBatch((bytes) => {
      allocated++;
      return new Uint8Array(bytes);
    });
    const [stuck, other] = [new RecordingPort(), new RecordingPort()];
    stuck.getsBusy = () => true;
    for (let i = 0; i < MAX_SLABS_PER_BUSY_PORT; i++) {
      assert.equal(sent.hasRoomFor(stuck), true);
      add(sent, 100, stuck, route(1), i);
      assert.equal(sent.flush(), false);
    }
    assert.equal(sent.hasRoomFor(stuck), false);
    assert.equal(sent.hasRoomFor(other), true);
    assert.equal(allocated, 1 + MAX_SLABS_PER_BUSY_PORT);
    for (const { live, copy } of stuck.held) assert.deepEqual(live, copy);
    stuck.isBusy = false;
    assert.equal(sent.hasRoomFor(stuck), true);
    add(sent, 100, stuck, route(1));
    sent.flush();
    assert.equal(allocated, 1 + MAX_SLABS_PER_BUSY_PORT); // the first comes back
  });

  test('flushed when it is empty, sends nothing', () => {
    assert.equal(batch().flush(), true);
  });

  test('loses, repeats and changes nothing, whatever the sizes, the destinations and the moods of the socket', () => {
    const step = fc.record({
      length: fc.oneof(fc.constant(1200), fc.integer({ min: 1, max: MAX_DATAGRAM_BYTES })),
      to: fc.nat(2),
      flush: fc.boolean(),
      busy: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const sent = batch();
        const port = new RecordingPort();
        const routes = [route(1), route(2), route(3)];
        const expected: Array<[number, number, number]> = [];
        steps.forEach(({ length, to, flush, busy }, index) => {
          port.getsBusy = () => busy;
          add(sent, length, port, routes[to]!, index);
          expected.push([length, index & 0xff, routes[to]!.remote.port]);
          if (flush) sent.flush();
          for (const { live, copy } of port.held) assert.deepEqual(live, copy);
          if (!busy) {
            port.isBusy = false;
            port.held.length = 0;
          }
        });
        sent.flush();
        assert.deepEqual(
          port.datagrams.map(({ bytes, remote }) => [bytes.length, bytes[0], remote.port]),
          expected,
        );
        assert.ok(port.datagrams.every(({ bytes }) => bytes.every((byte) => byte === bytes[0])));
        assert.ok(port.calls.every(({ sizes }) => sizes.reduce((sum, size) => sum + size) <= 65_500));
      }),
    );
  });
});
