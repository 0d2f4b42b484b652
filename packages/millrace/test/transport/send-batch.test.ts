import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Route, TransportAddress } from '@millrace/ice';
import fc from 'fast-check';
import type { DatagramPort } from '../../src/transport/datagram-port.ts';
import { MAX_DATAGRAM_BYTES, SendBatch } from '../../src/transport/send-batch.ts';

interface Call {
  readonly sizes: number[];
  readonly remote: TransportAddress;
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

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: TransportAddress): boolean {
    const sizes: number[] = [];
    for (let from = at; from < end; from += segmentBytes) {
      const to = Math.min(end, from + segmentBytes);
      sizes.push(to - from);
      this.datagrams.push({ bytes: bytes.slice(from, to), remote });
    }
    this.calls.push({ sizes, remote });
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
    assert.equal(sent.at, 0);
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
    assert.deepEqual(counts, [64, 1, 54, 1, 3, 2]);
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
