import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addDlrr,
  addReceiverReferenceTime,
  ExtendedReport,
  writeExtendedReport,
  XR_BLOCK,
} from '@millrace/rtp';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from '../rtcp/packets.ts';

// A reference time, a block of a type that is not known here, and the answer to two receivers.
const XR = `80cf000d 00000001
  04000002 b44db705 20000000
  07aa0001 01020304
  05000006 00000002 b7052000 00054000 00000003 00000000 00000000`;

describe('RFC 3611 §2 extended reports', () => {
  test('are walked block by block, those of unknown types too', () => {
    const report = new ExtendedReport();
    assert(report.read(readerAt(XR)));
    assert.equal(report.ssrc, 1);
    const seen: Array<[number, number, number]> = [];
    while (report.nextBlock())
      seen.push([report.blockType, report.typeSpecific, report.blockEnd - report.blockAt]);
    assert.deepEqual(seen, [
      [4, 0, 8],
      [7, 0xaa, 4],
      [5, 0, 24],
    ]);
    assert(!report.nextBlock());
  });

  test('blocks that do not fill the packet exactly are refused', () => {
    const report = new ExtendedReport();
    for (const words of ['0000', '0002', '0003', '0009', 'ffff'])
      assert.equal(report.read(readerAt(XR.replace('07aa0001', `07aa${words}`))), false, words);
    assert.equal(report.read(readerAt('80cf0000')), false);
    assert.equal(report.read(readerAt('80cf0001 00000001')), true);
    assert.equal(report.nextBlock(), false);
    assert.equal(report.read(readerAt('80c90001 00000001')), false);
  });

  test('no byte makes a read leave the packet', () => {
    const report = new ExtendedReport();
    sweep(hex(XR), (reader) => {
      if (!report.read(reader)) return;
      while (report.nextBlock()) {
        assert(report.blockAt <= report.blockEnd && report.blockEnd <= reader.end);
        assert(report.blockAt + report.dlrrCount * 12 <= report.blockEnd);
      }
    });
  });
});

describe('RFC 3611 §4.4 receiver reference time, §4.5 DLRR', () => {
  test('are read where they stand', () => {
    const report = new ExtendedReport();
    assert(report.read(readerAt(XR)) && report.nextBlock());
    assert.equal(report.blockType, XR_BLOCK.receiverReferenceTime);
    assert.deepEqual([report.ntpSeconds, report.ntpFraction, report.dlrrCount], [0xb44db705, 0x20000000, 0]);
    assert(report.nextBlock() && report.nextBlock());
    assert.deepEqual([report.blockType, report.dlrrCount], [XR_BLOCK.dlrr, 2]);
    assert.deepEqual(
      [report.dlrrSsrc(0), report.lastReceiverReport(0), report.delaySinceLastReceiverReport(0)],
      [2, 0xb7052000, 0x54000],
    );
    assert.deepEqual([report.dlrrSsrc(1), report.lastReceiverReport(1)], [3, 0]);
  });

  test('of other lengths than theirs are refused', () => {
    const report = new ExtendedReport();
    assert.equal(report.read(readerAt('80cf0003 00000001 04000001 00000000')), false);
    assert.equal(report.read(readerAt('80cf0004 00000001 05000002 00000000 00000000')), false);
    assert.equal(report.read(readerAt('80cf0002 00000001 05000000')), true);
  });

  test('are written as they read; answers behind each other share a block', () => {
    const write = (out: Uint8Array, at: number, end: number): number => {
      if (writeExtendedReport(out, at, end, 1) === 0) return 0;
      if (!addReceiverReferenceTime(out, at, end, 0xb44db705, 0x20000000)) return 0;
      if (!addDlrr(out, at, end, 2, 0xb7052000, 0x54000)) return 0;
      return addDlrr(out, at, end, 3, 0, 0) ? 48 : 0;
    };
    assert.deepEqual(
      written(write),
      hex(XR.replace('07aa0001 01020304', '').replace('80cf000d', '80cf000b')),
    );
    assertNeedsRoom(write);
    assertNeedsRoom((out, at, end) => writeExtendedReport(out, at, end, 1));
  });
});
