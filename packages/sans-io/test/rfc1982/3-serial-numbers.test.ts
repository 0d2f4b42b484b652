import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { add16, add32, after16, after32, atOrAfter32, distance32 } from '../../src/serial.ts';

const u32 = fc.nat(0xffff_ffff);
const u16 = fc.nat(0xffff);

describe('RFC 1982 §3.1 addition', () => {
  test('wraps at 2^32 and 2^16', () => {
    assert.equal(add32(0xffff_ffff, 1), 0);
    assert.equal(add32(0, -1), 0xffff_ffff);
    assert.equal(add16(0xffff, 1), 0);
    assert.equal(add16(0, -1), 0xffff);
  });

  test('going forth and back arrives where it began', () => {
    fc.assert(
      fc.property(u32, u32, (s, n) => {
        assert.equal(add32(add32(s, n), -n), s);
        assert.equal(distance32(add32(s, n), s), n);
      }),
    );
  });
});

describe('RFC 1982 §3.2 comparison', () => {
  test('a number comes after every one up to half the space before it', () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 1, max: 0x7fff_ffff }), (s, n) => {
        assert.ok(after32(add32(s, n), s));
        assert.ok(!after32(s, add32(s, n)));
        assert.ok(atOrAfter32(add32(s, n), s));
        assert.ok(!atOrAfter32(s, add32(s, n)));
      }),
    );
    fc.assert(
      fc.property(u16, fc.integer({ min: 1, max: 0x7fff }), (s, n) => {
        assert.ok(after16(add16(s, n), s));
        assert.ok(!after16(s, add16(s, n)));
      }),
    );
  });

  test('no number comes after itself', () => {
    fc.assert(
      fc.property(u32, (s) => {
        assert.ok(!after32(s, s));
        assert.ok(atOrAfter32(s, s));
        assert.ok(!after16(s & 0xffff, s & 0xffff));
      }),
    );
  });

  test('of two numbers half the space apart neither comes after the other', () => {
    assert.ok(!after32(0x8000_0000, 0) && !after32(0, 0x8000_0000));
    assert.ok(!after16(0x8000, 0) && !after16(0, 0x8000));
  });

  test('0 comes after the largest number', () => {
    assert.ok(after32(0, 0xffff_ffff) && after16(0, 0xffff));
  });
});
