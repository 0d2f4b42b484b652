import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RtpError, TICKS_PER_MILLI, TransportWideFeedback, TransportWideWriter } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { readerAt, sweep } from './packets.ts';

/** Sequence number and arrival in ticks of each packet, `undefined` for those not received. */
function statuses(input: string | Uint8Array): Array<[number, number | undefined]> {
  const feedback = new TransportWideFeedback();
  assert(feedback.read(readerAt(input)));
  const seen: Array<[number, number | undefined]> = [];
  while (feedback.next())
    seen.push([feedback.sequenceNumber, feedback.isReceived ? feedback.arrivalTicks : undefined]);
  assert(!feedback.next());
  assert.equal(seen.length, feedback.statusCount);
  return seen;
}

/** A packet of this many statuses from sequence number 10 on, reference time 1. */
const feedbackOf = (count: number, body: string): Uint8Array => {
  const bytes = hex(
    `8fcd0000 00000001 00000002 000a${count.toString(16).padStart(4, '0')} 000001 05 ${body}`,
  );
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  padded[3] = padded.length / 4 - 1;
  return padded;
};

const received = (input: string | Uint8Array): string =>
  statuses(input)
    .map(([, ticks]) => (ticks === undefined ? '-' : 'x'))
    .join('');

describe('transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1', () => {
  test('a captured packet, padded by one byte', () => {
    const feedback = new TransportWideFeedback();
    assert(feedback.read(readerAt('afcd0005 fa17fa17 43032fa0 00990001 3de80217 20019401')));
    assert.deepEqual([feedback.senderSsrc, feedback.mediaSsrc], [4_195_875_351, 1_124_282_272]);
    assert.deepEqual(
      [feedback.baseSequenceNumber, feedback.statusCount, feedback.feedbackCount],
      [153, 1, 23],
    );
    assert.equal(feedback.referenceTicks, 4_057_090 * 256);
    assert(feedback.next());
    assert.deepEqual([feedback.sequenceNumber, feedback.isReceived], [153, true]);
    assert.equal(feedback.arrivalTicks - feedback.referenceTicks, 37 * TICKS_PER_MILLI);
    assert.equal(feedback.arrival, 4_057_090 * 64 + 37);
  });

  test('run lengths: 221 packets not received; 24 received with small deltas', () => {
    const gone = statuses(feedbackOf(221, '00dd'));
    assert.deepEqual([gone.length, gone[0], gone[220]], [221, [10, undefined], [230, undefined]]);
    const run = statuses(feedbackOf(24, `2018 ${'04'.repeat(24)}`));
    assert.deepEqual(
      run,
      Array.from({ length: 24 }, (_, i) => [10 + i, 256 + (i + 1) * 4]),
    );
  });

  test('vectors: 14 symbols of one bit, seven of two', () => {
    assert.equal(received(feedbackOf(14, `9f1c ${'00'.repeat(8)}`)), '-xxxxx---xxx--');
    assert.equal(received(feedbackOf(7, `c950 ${'00'.repeat(5)}`)), '-xxxx--');
  });

  test('large deltas are signed, and small ones are not', () => {
    assert.deepEqual(statuses(feedbackOf(3, 'e400 fffc ff')), [
      [10, 252],
      [11, 507],
      [12, undefined],
    ]);
  });

  test('the reference time is signed', () => {
    const bytes = feedbackOf(1, '2001 00');
    bytes.set([0xff, 0xff, 0xff], 16);
    assert.deepEqual(statuses(bytes), [[10, -256]]);
  });

  test('chunks reach over the last packet and sequence numbers wrap', () => {
    const bytes = feedbackOf(3, '3fff 010101');
    bytes.set([0xff, 0xff], 12);
    assert.deepEqual(
      statuses(bytes).map(([n]) => n),
      [65_535, 0, 1],
    );
  });

  test('missing chunks, missing deltas and reserved symbols are refused', () => {
    const feedback = new TransportWideFeedback();
    for (const [count, body] of [
      [1, ''],
      [9, '2008 0000000000000000'],
      [3, '2003 0000'],
      [2, '4002 0000'],
      [1, '6001 0000'],
      [7, 'f000 00000000'],
      [7, `cd50 ${'00'.repeat(5)}`],
      [14, 'bfff 00000000'],
    ] as const)
      assert.equal(feedback.read(readerAt(feedbackOf(count, body))), false, body);
    assert.equal(feedback.read(readerAt('8fcd0002 00000001 00000002')), false);
    assert.equal(feedback.read(readerAt('8fcd0004 00000001 00000002 00000000 00000000')), true);
    assert.equal(feedback.next(), false);
  });

  test('runs of no length are walked over', () => {
    assert.equal(received(feedbackOf(2, '0000 2000 2002 0000')), 'xx');
  });

  test('no byte makes a read leave the packet', () => {
    const feedback = new TransportWideFeedback();
    for (const body of ['2003 010203 00', 'e400 fffcff0100', `9f1c ${'00'.repeat(8)}`])
      sweep(feedbackOf(3, body), (reader) => {
        if (!feedback.read(reader)) return;
        let count = 0;
        while (feedback.next()) assert(++count <= 0xffff);
        assert.equal(count, feedback.statusCount);
      });
  });
});

interface Arrival {
  readonly gap: number;
  readonly delta: number;
}

/** Adds as many as fit, and says how many that were. */
function write(
  out: Uint8Array,
  at: number,
  end: number,
  base: number,
  start: number,
  list: readonly Arrival[],
) {
  const writer = new TransportWideWriter();
  assert(writer.begin(out, at, end, 1, 2, 7, base, start));
  let sequenceNumber = base - 1;
  let ticks = start;
  let added = 0;
  const expected: Array<[number, number | undefined]> = [];
  for (const { gap, delta } of list) {
    ticks += delta;
    if (!writer.add((sequenceNumber + gap + 1) & 0xffff, ticks)) break;
    for (let i = 0; i < gap; i++) expected.push([(sequenceNumber + 1 + i) & 0xffff, undefined]);
    sequenceNumber += gap + 1;
    expected.push([sequenceNumber & 0xffff, ticks]);
    added++;
  }
  assert.equal(writer.statusCount, expected.length);
  return { length: writer.finish(), added, expected };
}

describe('writing transport-wide feedback', () => {
  const small = fc.record({ gap: fc.constantFrom(0, 0, 0, 0, 1, 2, 9), delta: fc.nat(255) });
  // The first is counted from the reference time, up to 255 ticks before the start: with 0x7fff it would not fit.
  const any = fc.record({
    gap: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 0, 1, 7) }, fc.nat(200), fc.nat(20_000)),
    delta: fc.oneof({ weight: 5, arbitrary: fc.nat(255) }, fc.integer({ min: -0x7000, max: 0x7f00 })),
  });
  const arrivals = fc.oneof(fc.array(small, { maxLength: 60 }), fc.array(any, { maxLength: 60 }));

  test('any arrivals read as they were written, in any room, and nothing is written behind it', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.integer({ min: 2_000_000, max: 2 ** 31 - 1 - 3e6 }),
        arrivals,
        fc.integer({ min: 20, max: 300 }),
        (base, start, list, room) => {
          const out = new Uint8Array(room + 20).fill(0xee);
          const { length, added, expected } = write(out, 3, 3 + room, base, start, list);
          assert(length <= room && length % 4 === 0);
          assert(out.subarray(0, 3).every((byte) => byte === 0xee));
          assert(out.subarray(3 + room).every((byte) => byte === 0xee));
          if (added === 0) assert.equal(length, 0);
          else assert.deepEqual(statuses(out.slice(3, 3 + length)), expected);
          if (room > 250) assert(added === list.length || added > 10 || list.some(({ gap }) => gap > 9));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a run takes one chunk, mixed arrivals one chunk for seven or fourteen', () => {
    const bytes = (list: readonly Arrival[]): Uint8Array => {
      const out = new Uint8Array(400);
      const { length, added } = write(out, 0, 400, 5, 256, list);
      assert.equal(added, list.length);
      return out.slice(0, length);
    };
    const at = (gap: number, delta: number): Arrival => ({ gap, delta });
    assert.deepEqual(
      bytes(Array.from({ length: 30 }, () => at(0, 1))),
      hex(`8fcd000c 00000001 00000002 0005001e 00000107 201e ${'01'.repeat(30)}`),
    );
    assert.deepEqual(
      bytes([at(0, 1), at(1, 2), at(0, 3), at(5, 4)]),
      hex(
        '8fcd0006 00000001 00000002 0005000a 00000107 ac10 01020304 0000'
          .replace('ac10', 'ac10')
          .replace('ac10', 'ac10'),
      ),
    );
    assert.deepEqual(bytes([at(0, 1), at(0, 256), at(0, -1)]).subarray(16, 22), hex('00000107 da00'));
  });

  test('a gap of 30,000 packets takes four chunks', () => {
    const out = new Uint8Array(60);
    const { length, added, expected } = write(out, 0, 60, 0, 1_000, [
      { gap: 0, delta: 0 },
      { gap: 30_000, delta: 255 },
    ]);
    assert.equal(added, 2);
    assert(length <= 20 + 6 * 2 + 4);
    assert.deepEqual(statuses(out.slice(0, length)), expected);
  });

  test('what cannot be told of in the same packet is refused', () => {
    const writer = new TransportWideWriter();
    assert(writer.begin(new Uint8Array(2_000), 0, 2_000, 1, 2, 3, 100, 1_000));
    assert(writer.add(100, 1_000));
    assert.equal(writer.add(100, 1_001), false);
    assert.equal(writer.add(99, 1_001), false);
    assert.equal(writer.add(101, 1_000 + 0x8000), false);
    assert.equal(writer.add(101, 1_000 - 0x8001), false);
    assert(writer.add(101, 1_000 + 0x7fff));
    assert.equal(writer.statusCount, 2);
    assert.equal(writer.finish() % 4, 0);
  });

  test('a writer that was not begun, or is finished, says so', () => {
    const isNotBegun = (error: unknown) => error instanceof RtpError && error.code === 'NOT_BEGUN';
    const writer = new TransportWideWriter();
    assert.throws(() => writer.add(1, 1), isNotBegun);
    assert.throws(() => writer.finish(), isNotBegun);
    assert.equal(writer.begin(new Uint8Array(19), 0, 19, 1, 2, 3, 4, 5), false);
    assert.equal(writer.begin(new Uint8Array(19), 0, 20, 1, 2, 3, 4, 5), false);
    assert(writer.begin(new Uint8Array(20), 0, 20, 1, 2, 3, 4, 5));
    assert.equal(writer.add(4, 5), false);
    assert.equal(writer.finish(), 0);
    assert.throws(() => writer.finish(), isNotBegun);
  });
});
