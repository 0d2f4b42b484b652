import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SequenceUnwrapper, TimestampUnwrapper } from '@millrace/rtp';
import fc from 'fast-check';

describe('RFC 3550 §A.1 numbers that wrap', () => {
  test('sequence numbers go on behind 65535, and come back from there', () => {
    const sequence = new SequenceUnwrapper();
    assert.equal(sequence.highest, 0);
    const seen = [65_534, 65_535, 0, 65_535, 2, 1, 32_769, 65_530, 0, 65_534].map((n) => sequence.unwrap(n));
    assert.deepEqual(
      seen,
      [65_534, 65_535, 65_536, 65_535, 65_538, 65_537, 98_305, 131_066, 131_072, 131_070],
    );
    assert.equal(sequence.highest, 131_072);
  });

  test('what came before the first may be below zero, and does not draw the others after it', () => {
    const sequence = new SequenceUnwrapper();
    assert.deepEqual(
      [3, 65_534, 32_772, 4].map((n) => sequence.unwrap(n)),
      [3, -2, -32_764, 4],
    );
  });

  test('looking at a number changes nothing, and after a reset the next is the first', () => {
    const sequence = new SequenceUnwrapper();
    assert.equal(sequence.peek(7), 7);
    sequence.unwrap(65_535);
    assert.equal(sequence.peek(1), 65_537);
    assert.equal(sequence.highest, 65_535);
    sequence.reset();
    assert.equal(sequence.unwrap(1), 1);
  });

  test('any walk of steps below half the space is followed', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.nat(0xffffffff),
        fc.array(fc.tuple(fc.nat(0x7fff), fc.nat(0x7fffffff))),
        (sequenceStart, timestampStart, steps) => {
          const sequence = new SequenceUnwrapper();
          const timestamp = new TimestampUnwrapper();
          let s = sequenceStart;
          let t = timestampStart;
          assert.equal(sequence.unwrap(s), s);
          assert.equal(timestamp.unwrap(t), t);
          for (const [ds, dt] of steps) {
            s += ds;
            t += dt;
            assert.equal(timestamp.peek(t % 2 ** 32), t);
            assert.equal(timestamp.unwrap(t % 2 ** 32), t);
            assert.equal(sequence.unwrap(s % 2 ** 16), s);
          }
        },
      ),
    );
  });

  test('timestamps go on behind 2^32 - 1, and come back from there', () => {
    const timestamp = new TimestampUnwrapper();
    const seen = [0xffff_fff0, 0x10, 0xffff_fff8, 0x8000_000f, 0].map((n) => timestamp.unwrap(n));
    assert.deepEqual(seen, [0xffff_fff0, 0x1_0000_0010, 0xffff_fff8, 0x1_8000_000f, 0x2_0000_0000]);
    assert.equal(timestamp.highest, 0x2_0000_0000);
    timestamp.reset();
    assert.equal(timestamp.unwrap(9), 9);
  });
});
