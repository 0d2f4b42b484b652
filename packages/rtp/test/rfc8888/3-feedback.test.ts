import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CongestionControlFeedback,
  CongestionControlWriter,
  fromArrivalOffset,
  MAX_CCFB_REPORTS,
  OFFSET_OVER_RANGE,
  OFFSET_UNAVAILABLE,
  RtpError,
  toArrivalOffset,
} from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { readerAt, sweep } from '../rtcp/packets.ts';

// One stream of three reports, which are followed by zeros, and one of two.
const CCFB = `8bcd0009 00000001
  00000002 ffff0003 a0100000 9ffe0000
  00000003 00100002 e000dfff
  12345678`;

type Stream = [ssrc: number, packets: Array<[number, boolean, number, number]>];

function streams(feedback: CongestionControlFeedback): Stream[] {
  const seen: Stream[] = [];
  while (feedback.nextStream()) {
    const packets: Array<[number, boolean, number, number]> = [];
    while (feedback.nextPacket())
      packets.push([feedback.sequenceNumber, feedback.isReceived, feedback.ecn, feedback.arrivalOffset]);
    assert.equal(packets.length, feedback.reportCount);
    seen.push([feedback.ssrc, packets]);
  }
  return seen;
}

describe('RFC 8888 §3.1 congestion control feedback', () => {
  test('streams, packets, ECN marks and arrival times', () => {
    const feedback = new CongestionControlFeedback();
    assert(feedback.read(readerAt(CCFB)));
    assert.deepEqual([feedback.senderSsrc, feedback.reportTimestamp], [1, 0x12345678]);
    assert.deepEqual(streams(feedback), [
      [
        2,
        [
          [65_535, true, 1, 16],
          [0, false, 0, OFFSET_UNAVAILABLE],
          [1, true, 0, OFFSET_OVER_RANGE],
        ],
      ],
      [
        3,
        [
          [16, true, 3, 0],
          [17, true, 2, OFFSET_UNAVAILABLE],
        ],
      ],
    ]);
  });

  test('streams that are not looked at are skipped', () => {
    const feedback = new CongestionControlFeedback();
    assert(feedback.read(readerAt(CCFB)));
    assert(!feedback.nextPacket());
    assert(feedback.nextStream() && feedback.nextPacket() && feedback.nextStream());
    assert.equal(feedback.ssrc, 3);
    assert(!feedback.nextStream());
  });

  test('without streams only the time is told', () => {
    const feedback = new CongestionControlFeedback();
    assert(feedback.read(readerAt('8bcd0002 00000001 0000abcd')));
    assert.equal(feedback.reportTimestamp, 0xabcd);
    assert(!feedback.nextStream());
  });

  test('streams that do not fill the packet exactly are refused', () => {
    const feedback = new CongestionControlFeedback();
    for (const reports of ['0000', '0003', '0004', '0009', 'ffff'])
      assert.equal(feedback.read(readerAt(CCFB.replace('00100002', `0010${reports}`))), false, reports);
    assert.equal(feedback.read(readerAt(CCFB.replace('ffff0003', 'ffff0004'))), true);
    assert.equal(feedback.read(readerAt(CCFB.replace('8bcd', '8acd'))), false);
    sweep(hex(CCFB), (reader) => {
      if (feedback.read(reader)) streams(feedback);
    });
  });

  test('more than 16,384 reports of a stream are refused', () => {
    const feedback = new CongestionControlFeedback();
    for (const [reports, fits] of [
      [MAX_CCFB_REPORTS, true],
      [MAX_CCFB_REPORTS + 1, false],
    ] as const) {
      const bytes = new Uint8Array(20 + ((reports * 2 + 3) & ~3));
      bytes.set([0x8b, 205, (bytes.length / 4 - 1) >> 8, (bytes.length / 4 - 1) & 255]);
      bytes.set([reports >> 8, reports & 255], 14);
      assert.equal(feedback.read(readerAt(bytes)), fits);
    }
  });

  test('is written as it reads', () => {
    const out = new Uint8Array(60).fill(0xee);
    const writer = new CongestionControlWriter();
    assert(writer.begin(out, 2, 60, 1));
    assert(writer.beginStream(2, 65_535));
    assert(writer.add(true, 1, 16) && writer.add(false, 3, 9) && writer.add(true, 0, OFFSET_OVER_RANGE));
    assert(writer.beginStream(3, 16));
    assert(writer.add(true, 3, 0) && writer.add(true, 2));
    assert.equal(writer.finish(0x12345678), 40);
    assert.deepEqual(out.slice(2, 42), hex(CCFB));
    assert(out.subarray(42).every((byte) => byte === 0xee));
  });

  test('any streams read as they were written, as many packets as fit', () => {
    const packet = fc.record({ isReceived: fc.boolean(), ecn: fc.nat(3), offset: fc.nat(0x1fff) });
    const stream = fc.record({
      ssrc: fc.nat(0xffffffff),
      begin: fc.nat(0xffff),
      packets: fc.array(packet, { maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(stream, { maxLength: 5 }), fc.integer({ min: 12, max: 300 }), (list, room) => {
        const out = new Uint8Array(room + 10).fill(0xee);
        const writer = new CongestionControlWriter();
        assert(writer.begin(out, 5, 5 + room, 9));
        const expected: Stream[] = [];
        for (const { ssrc, begin, packets } of list) {
          if (!writer.beginStream(ssrc, begin)) break;
          const added: Stream[1] = [];
          for (const { isReceived, ecn, offset } of packets) {
            if (!writer.add(isReceived, ecn, offset)) break;
            const said = isReceived ? ([ecn, offset] as const) : ([0, OFFSET_UNAVAILABLE] as const);
            added.push([(begin + added.length) & 0xffff, isReceived, ...said]);
          }
          expected.push([ssrc, added]);
        }
        const length = writer.finish(77);
        assert(length <= room);
        assert(out.subarray(5 + room).every((byte) => byte === 0xee));
        const feedback = new CongestionControlFeedback();
        assert(feedback.read(readerAt(out.slice(5, 5 + length))));
        assert.equal(feedback.reportTimestamp, 77);
        assert.deepEqual(streams(feedback), expected);
      }),
    );
  });

  test('is cut at 16,384 reports', () => {
    const writer = new CongestionControlWriter();
    assert(writer.begin(new Uint8Array(70_000), 0, 70_000, 1) && writer.beginStream(1, 0));
    for (let i = 0; i < MAX_CCFB_REPORTS; i++) assert(writer.add(true));
    assert.equal(writer.add(true), false);
  });

  test('a writer that was not begun says so', () => {
    const isNotBegun = (error: unknown) => error instanceof RtpError && error.code === 'NOT_BEGUN';
    const writer = new CongestionControlWriter();
    assert.throws(() => writer.beginStream(1, 1), isNotBegun);
    assert.throws(() => writer.finish(1), isNotBegun);
    assert.equal(writer.begin(new Uint8Array(11), 0, 11, 1), false);
    assert(writer.begin(new Uint8Array(12), 0, 12, 1));
    assert.throws(() => writer.add(true), isNotBegun);
    assert.equal(writer.beginStream(1, 1), false);
    assert.equal(writer.finish(0), 12);
    assert.throws(() => writer.finish(1), isNotBegun);
  });

  test('arrival times are in 1/1024 s, up to 8 s, and unavailable if they lie ahead', () => {
    assert.deepEqual([0, 1_000, 7_999, 60_000, -1].map(toArrivalOffset), [
      0,
      1_024,
      8_191 - 1,
      OFFSET_OVER_RANGE,
      OFFSET_UNAVAILABLE,
    ]);
    assert.equal(fromArrivalOffset(512), 500);
  });
});
