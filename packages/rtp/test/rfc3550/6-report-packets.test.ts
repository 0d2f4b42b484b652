import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addReportBlock,
  fromNtpShort,
  ntpFraction,
  ntpSeconds,
  ntpShort,
  ReceiverReport,
  ReportBlock,
  roundTripTime,
  SenderReport,
  toNtpShort,
  unixMillis,
  writeReceiverReport,
  writeSenderReport,
} from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from '../rtcp/packets.ts';

const BLOCK = '902f9e2e 55 fffffe 00012345 00000064 b7052000 00054000';
const SR = `81c8000c 12345678 b44db705 20000000 00010203 00000005 00000500 ${BLOCK}`;
const RR = `81c90007 12345678 ${BLOCK}`;

function assertBlock(block: ReportBlock): void {
  assert.equal(block.ssrc, 0x902f9e2e);
  assert.equal(block.fractionLost, 0x55);
  assert.equal(block.cumulativeLost, -2);
  assert.equal(block.highestSequenceNumber, 0x12345);
  assert.equal(block.jitter, 100);
  assert.equal(block.lastSenderReport, 0xb7052000);
  assert.equal(block.delaySinceLastSenderReport, 0x54000);
}

const u32 = (): fc.Arbitrary<number> => fc.nat(0xffffffff);

describe('RFC 3550 §6.4.1 sender reports', () => {
  test('every field and the block are read where they stand', () => {
    const report = new SenderReport();
    assert(report.read(readerAt(SR)));
    assert.equal(report.ssrc, 0x12345678);
    assert.deepEqual([report.ntpSeconds, report.ntpFraction], [0xb44db705, 0x20000000]);
    assert.equal(report.ntpShort, 0xb7052000);
    assert.deepEqual([report.rtpTimestamp, report.packetCount, report.octetCount], [0x10203, 5, 0x500]);
    assert.equal(report.blockCount, 1);
    const block = new ReportBlock();
    report.readBlock(0, block);
    assertBlock(block);
  });

  test('the same is written', () => {
    const bytes = written((out, at, end) => {
      const length = writeSenderReport(out, at, end, 0x12345678, 0xb44db705, 0x20000000, 0x10203, 5, 0x500);
      return length + addReportBlock(out, at, end, 0x902f9e2e, 0x55, -2, 0x12345, 100, 0xb7052000, 0x54000);
    });
    assert.deepEqual(bytes, hex(SR));
  });

  test('a packet too short for its blocks is refused, and no read leaves it', () => {
    const report = new SenderReport();
    assert.equal(report.read(readerAt('80c80005 12345678 b44db705 20000000 00010203 00000005')), false);
    assert.equal(report.read(readerAt(SR.replace('81c8', '82c8'))), false);
    assert.equal(report.read(readerAt(RR)), false);
    const block = new ReportBlock();
    sweep(hex(SR), (reader) => {
      if (!report.read(reader)) return;
      for (let i = 0; i < report.blockCount; i++) {
        report.readBlock(i, block);
        assert(block.at + 24 <= reader.end);
      }
    });
  });
});

describe('RFC 3550 §6.4.2 receiver reports', () => {
  test('are read and written the same', () => {
    const report = new ReceiverReport();
    assert(report.read(readerAt(RR)));
    assert.deepEqual([report.ssrc, report.blockCount], [0x12345678, 1]);
    const block = new ReportBlock();
    report.readBlock(0, block);
    assertBlock(block);
    const bytes = written((out, at, end) => {
      const length = writeReceiverReport(out, at, end, 0x12345678);
      return length + addReportBlock(out, at, end, 0x902f9e2e, 0x55, -2, 0x12345, 100, 0xb7052000, 0x54000);
    });
    assert.deepEqual(bytes, hex(RR));
    assert.equal(report.read(readerAt(SR)), false);
    assert.equal(report.read(readerAt(RR.replace('81c9', '82c9'))), false);
    assert.equal(report.read(readerAt('80c90000')), false);
  });

  test('have up to 31 blocks', () => {
    const out = new Uint8Array(1_000);
    let length = writeReceiverReport(out, 0, 1_000, 7);
    for (let i = 0; i < 31; i++) length += addReportBlock(out, 0, 1_000, i, i, i, i, i, i, i);
    assert.equal(length, 8 + 31 * 24);
    assert.equal(addReportBlock(out, 0, 1_000, 1, 1, 1, 1, 1, 1, 1), 0);
    const report = new ReceiverReport();
    assert(report.read(readerAt(out.slice(0, length))));
    const block = new ReportBlock();
    for (let i = 0; i < 31; i++) {
      report.readBlock(i, block);
      assert.deepEqual([block.ssrc, block.fractionLost, block.cumulativeLost, block.jitter], [i, i, i, i]);
    }
  });

  test('any block reads as it was written; a loss that 24 bits cannot say is cut', () => {
    const loss = fc.oneof(fc.integer({ min: -0x800000, max: 0x7fffff }), fc.integer());
    fc.assert(
      fc.property(u32(), fc.nat(255), loss, u32(), u32(), u32(), u32(), (...[ssrc, part, lost, ...rest]) => {
        const report = new ReceiverReport();
        const bytes = written(
          (out, at, end) =>
            writeReceiverReport(out, at, end, 1) + addReportBlock(out, at, end, ssrc, part, lost, ...rest),
        );
        assert(report.read(readerAt(bytes)));
        const block = new ReportBlock();
        report.readBlock(0, block);
        assert.deepEqual([block.ssrc, block.fractionLost], [ssrc, part]);
        assert.equal(block.cumulativeLost, Math.max(-0x800000, Math.min(lost, 0x7fffff)));
        assert.deepEqual(
          [
            block.highestSequenceNumber,
            block.jitter,
            block.lastSenderReport,
            block.delaySinceLastSenderReport,
          ],
          rest,
        );
      }),
    );
  });

  test('are not written without room', () => {
    assertNeedsRoom((out, at, end) => writeSenderReport(out, at, end, 1, 2, 3, 4, 5, 6));
    assertNeedsRoom((out, at, end) => writeReceiverReport(out, at, end, 1));
    const out = new Uint8Array(40).fill(0xee);
    writeReceiverReport(out, 0, 40, 1);
    assert.equal(addReportBlock(out, 0, 31, 1, 1, 1, 1, 1, 1, 1), 0);
    assert.deepEqual(out.slice(0, 9), hex('80c90001 00000001 ee'));
    assert.equal(addReportBlock(out, 0, 32, 1, 1, 1, 1, 1, 1, 1), 24);
  });
});

describe('RFC 3550 §4 times', () => {
  test('are seconds since 1900 and a fraction, and come back', () => {
    const time = Date.UTC(2026, 10, 22, 16, 30, 0, 125);
    assert.deepEqual([ntpSeconds(0), ntpFraction(0)], [2_208_988_800, 0]);
    assert.equal(ntpFraction(time), 2 ** 29);
    assert.equal(unixMillis(ntpSeconds(time), ntpFraction(time)), time);
    assert.equal(ntpShort(0xb44db705, 0x20000000), 0xb7052000);
  });

  test('the example of a round trip in figure 2: 6.125 s', () => {
    assert.equal(roundTripTime(0xb7108000, 0xb7052000, 0x00054000), 6_125);
  });

  test('without a report there is none, and none is negative', () => {
    assert(Number.isNaN(roundTripTime(1, 0, 0)));
    assert.equal(roundTripTime(10, 10, 5), 0);
    assert.equal(roundTripTime(5, 0xffff_0005, 0), 1_000);
  });

  test('durations are cut to what 32 bits can say', () => {
    assert.equal(toNtpShort(1_000), 65_536);
    assert.equal(fromNtpShort(65_536), 1_000);
    assert.equal(toNtpShort(-1), 0);
    assert.equal(toNtpShort(1e12), 0xffff_ffff);
  });
});
