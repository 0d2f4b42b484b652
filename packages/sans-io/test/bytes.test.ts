import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type CopyPart,
  copyBytes,
  equalBytes,
  equalConstantTime,
  ownCopy,
  putU16,
  putU24,
  putU32,
  putU48,
  setCopyPart,
  u16,
  u24,
  u32,
  u48,
} from '../src/bytes.ts';

const INTEGERS = [
  ['u16', 2, u16, putU16],
  ['u24', 3, u24, putU24],
  ['u32', 4, u32, putU32],
  ['u48', 6, u48, putU48],
] as const;

describe('integers in network byte order', () => {
  for (const [name, width, read, put] of INTEGERS) {
    test(`${name} reads what it wrote and touches no byte beside it`, () => {
      fc.assert(
        fc.property(fc.nat(20), fc.maxSafeNat(), (at, number) => {
          const value = number % 2 ** (width * 8);
          const bytes = new Uint8Array(at + width + 3).fill(0xa5);
          put(bytes, at, value);
          assert.equal(read(bytes, at), value);
          bytes.forEach((byte, i) => {
            if (i < at || i >= at + width) assert.equal(byte, 0xa5);
          });
        }),
      );
    });

    test(`${name} holds its largest value without a sign`, () => {
      const bytes = new Uint8Array(width).fill(0xff);
      assert.equal(read(bytes, 0), 2 ** (width * 8) - 1);
      const written = new Uint8Array(width);
      put(written, 0, 2 ** (width * 8) - 1);
      assert.deepEqual(written, bytes);
    });

    test(`${name} puts the most significant byte first`, () => {
      const bytes = new Uint8Array(width);
      put(bytes, 0, 1);
      assert.equal(bytes[width - 1], 1);
      assert.equal(bytes[0], 0);
    });
  }
});

const viewPart: CopyPart = (from, to, at, start, end) => to.set(from.subarray(start, end), at);
const bufferPart: CopyPart = (from, to, at, start, end) =>
  void Buffer.prototype.copy.call(from, to, at, start, end);

describe('copying and comparing', () => {
  const parts = [
    ['through a view', viewPart],
    ['by what is handed in', bufferPart],
  ] as const;

  for (const [name, part] of parts)
    test(`copyBytes copies any stretch to any place and says where it ended, ${name}`, () => {
      setCopyPart(part);
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat(300),
          fc.nat(300),
          fc.nat(20),
          (from, x, y, at) => {
            const start = Math.min(x, y, from.length);
            const end = Math.min(Math.max(x, y), from.length);
            const to = new Uint8Array(at + from.length + 1).fill(0xa5);
            assert.equal(copyBytes(to, at, from, start, end), at + end - start);
            assert.deepEqual(to.slice(at, at + end - start), from.slice(start, end));
            assert.ok(to.slice(0, at).every((byte) => byte === 0xa5));
            assert.ok(to.slice(at + end - start).every((byte) => byte === 0xa5));
          },
        ),
      );
      setCopyPart(viewPart);
    });

  test('equalBytes and equalConstantTime agree with each other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
        const equal = a.length === b.length && a.every((byte, i) => byte === b[i]);
        assert.equal(equalBytes(a, b), equal);
        if (a.length === b.length) assert.equal(equalConstantTime(a, 0, b, 0, a.length), equal);
      }),
    );
  });

  test('equalConstantTime compares stretches and refuses to read past an end', () => {
    const a = Uint8Array.of(9, 1, 2, 3);
    const b = Uint8Array.of(1, 2, 3, 9);
    assert.ok(equalConstantTime(a, 1, b, 0, 3));
    assert.ok(!equalConstantTime(a, 0, b, 0, 3));
    assert.ok(!equalConstantTime(a, 2, b, 1, 3));
    assert.ok(!equalConstantTime(a, 1, b, 2, 3));
    assert.ok(equalConstantTime(a, 4, b, 4, 0));
  });

  test('ownCopy copies, also out of a Buffer, whose slice would be a view', () => {
    const source = Buffer.from([1, 2, 3, 4]);
    const copy = ownCopy(source, 1, 3);
    source.fill(0);
    assert.deepEqual(copy, Uint8Array.of(2, 3));
    assert.equal(copy.buffer.byteLength, 2);
  });
});
