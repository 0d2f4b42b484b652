import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Remb, RtpError, writeRemb } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from './packets.ts';

// As libwebrtc sends it: 8,927,168 bit/s for the source 1215622422.
const REMB = '8fce0005 00000001 00000000 52454d42 011a20df 4874ed16';

describe('REMB, draft-alvestrand-rmcat-remb-03 §2.2', () => {
  test('a captured packet', () => {
    const remb = new Remb();
    assert(remb.read(readerAt(REMB)));
    assert.equal(remb.senderSsrc, 1);
    assert.equal(remb.bitsPerSecond, 8_927_168);
    assert.deepEqual([remb.ssrcCount, remb.ssrc(0)], [1, 1_215_622_422]);
  });

  test('is written as it reads', () => {
    const write = (out: Uint8Array, at: number, end: number): number =>
      writeRemb(out, at, end, 1, 8_927_168, [1_215_622_422]);
    assert.deepEqual(written(write), hex(REMB));
    assertNeedsRoom(write);
  });

  test('other feedback of applications, and more sources than there are, are refused', () => {
    const remb = new Remb();
    assert.equal(remb.read(readerAt(REMB.replace('52454d42', '52454d43'))), false);
    assert.equal(remb.read(readerAt(REMB.replace('011a20df', '021a20df'))), false);
    assert.equal(remb.read(readerAt('8fce0003 00000001 00000000 52454d42')), false);
    assert.equal(remb.read(readerAt(REMB.replace('8fce', '8fcd').replace('52454d42', '00000000'))), false);
    sweep(hex(REMB), (reader) => {
      if (remb.read(reader)) assert(reader.at + 20 + remb.ssrcCount * 4 <= reader.end);
    });
  });

  test('any bit rate is written rounded down, by less than 2^-17 of it', () => {
    const bits = fc.double({ min: 0, max: 2 ** 80, noNaN: true });
    fc.assert(
      fc.property(bits, fc.array(fc.nat(0xffffffff), { maxLength: 255 }), (rate, ssrcs) => {
        const remb = new Remb();
        assert(remb.read(readerAt(written((out, at, end) => writeRemb(out, at, end, 1, rate, ssrcs)))));
        assert(remb.bitsPerSecond <= rate && rate - remb.bitsPerSecond <= Math.max(1, rate * 2 ** -17));
        assert.deepEqual(
          Array.from({ length: remb.ssrcCount }, (_, i) => remb.ssrc(i)),
          ssrcs,
        );
      }),
    );
  });

  test('what cannot be said is refused', () => {
    const isBadValue = (error: unknown) => error instanceof RtpError && error.code === 'BAD_VALUE';
    const out = new Uint8Array(2_000);
    assert.throws(() => writeRemb(out, 0, 2_000, 1, 1, new Uint32Array(256)), isBadValue);
    for (const rate of [-1, Number.NaN, 2 ** 81])
      assert.throws(() => writeRemb(out, 0, 2_000, 1, rate, []), isBadValue);
  });
});
