import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addFirEntry,
  addMaxBitrate,
  FullIntraRequest,
  MaxBitrate,
  RtpError,
  writeFir,
  writeTmmbn,
  writeTmmbr,
} from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from '../rtcp/packets.ts';

const isBadValue = (error: unknown) => error instanceof RtpError && error.code === 'BAD_VALUE';

describe('RFC 5104 §4.3.1 FIR', () => {
  const FIR = '84ce0006 00000001 00000000 00000002 ff000000 deadbeef 01000000';

  test('asks each source under a number of its own', () => {
    const fir = new FullIntraRequest();
    assert(fir.read(readerAt(FIR)));
    assert.deepEqual([fir.senderSsrc, fir.entryCount], [1, 2]);
    assert.deepEqual([fir.ssrc(0), fir.sequenceNumber(0)], [2, 255]);
    assert.deepEqual([fir.ssrc(1), fir.sequenceNumber(1)], [0xdeadbeef, 1]);
  });

  test('is written as it reads', () => {
    const write = (out: Uint8Array, at: number, end: number): number => {
      const length = writeFir(out, at, end, 1);
      if (length === 0) return 0;
      return addFirEntry(out, at, end, 2, 255) && addFirEntry(out, at, end, 0xdeadbeef, 257) ? 28 : 0;
    };
    assert.deepEqual(written(write), hex(FIR));
    assertNeedsRoom(write);
  });

  test('without an entry, or with half of one, is refused', () => {
    const fir = new FullIntraRequest();
    assert.equal(fir.read(readerAt('84ce0002 00000001 00000000')), false);
    assert.equal(fir.read(readerAt('84ce0003 00000001 00000000 00000002')), false);
    assert.equal(fir.read(readerAt('81ce0004 00000001 00000000 00000002 ff000000')), false);
    sweep(hex(FIR), (reader) => {
      if (fir.read(reader)) assert(reader.at + 12 + fir.entryCount * 8 <= reader.end);
    });
  });
});

describe('RFC 5104 §4.2.1 TMMBR', () => {
  test('a bit rate as mantissa and exponent, and the overhead', () => {
    const request = new MaxBitrate();
    // 2 Mbit/s = 125,000 x 2^4, with 40 bytes of headers.
    assert(request.read(readerAt('83cd0004 00000001 00000000 00000002 13d09028')));
    assert.deepEqual([request.senderSsrc, request.entryCount, request.isNotification], [1, 1, false]);
    assert.deepEqual(
      [request.ssrc(0), request.bitsPerSecond(0), request.overheadBytes(0)],
      [2, 2_000_000, 40],
    );
  });

  test('without an entry, or with half of one, is refused', () => {
    const request = new MaxBitrate();
    assert.equal(request.read(readerAt('83cd0002 00000001 00000000')), false);
    assert.equal(request.read(readerAt('83cd0003 00000001 00000000 00000002')), false);
    assert.equal(request.read(readerAt('81cd0004 00000001 00000000 00000002 13d09028')), false);
    sweep(hex('83cd0004 00000001 00000000 00000002 13d09028'), (reader) => {
      if (request.read(reader)) assert(reader.at + 12 + request.entryCount * 8 <= reader.end);
    });
  });

  test('any bit rate is written rounded down, by less than 2^-16 of it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 79, noNaN: true }), fc.nat(511), (bits, overhead) => {
        const write = (out: Uint8Array, at: number, end: number): number =>
          writeTmmbr(out, at, end, 1) > 0 && addMaxBitrate(out, at, end, 2, bits, overhead) ? 20 : 0;
        const request = new MaxBitrate();
        assert(request.read(readerAt(written(write))));
        const said = request.bitsPerSecond(0);
        assert(said <= bits && bits - said <= Math.max(1, bits * 2 ** -16), `${bits} ${said}`);
        assert.equal(request.overheadBytes(0), overhead);
      }),
    );
  });

  test('what cannot be said is refused before anything changes', () => {
    const out = new Uint8Array(40);
    writeTmmbr(out, 0, 40, 1);
    const before = out.slice();
    for (const bits of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 80])
      assert.throws(() => addMaxBitrate(out, 0, 40, 2, bits, 0), isBadValue);
    for (const overhead of [-1, 512, Number.NaN])
      assert.throws(() => addMaxBitrate(out, 0, 40, 2, 1, overhead), isBadValue);
    assert.deepEqual(out, before);
    assertNeedsRoom((o, at, end) =>
      writeTmmbr(o, at, end, 1) > 0 && addMaxBitrate(o, at, end, 2, 1, 1) ? 20 : 0,
    );
  });
});

describe('RFC 5104 §4.2.2 TMMBN', () => {
  test('says which limits hold, or that none does', () => {
    const notification = new MaxBitrate();
    const none = written((out, at, end) => writeTmmbn(out, at, end, 1));
    assert.deepEqual(none, hex('84cd0002 00000001 00000000'));
    assert(notification.read(readerAt(none)));
    assert.deepEqual([notification.entryCount, notification.isNotification], [0, true]);
    const two = written((out, at, end) => {
      writeTmmbn(out, at, end, 1);
      assert(addMaxBitrate(out, at, end, 7, 64_000, 20) && addMaxBitrate(out, at, end, 8, 1e9, 511));
      return 28;
    });
    assert(notification.read(readerAt(two)));
    assert.deepEqual([notification.entryCount, notification.ssrc(1)], [2, 8]);
    assert.deepEqual([notification.bitsPerSecond(0), notification.overheadBytes(1)], [64_000, 511]);
  });
});
