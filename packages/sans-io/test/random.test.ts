import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type RandomSource, randomBytes, randomU32, randomUnit } from '../src/random.ts';

/** Fills with one byte value. */
const constant = (byte: number): RandomSource => ({ fill: (bytes) => void bytes.fill(byte) });

describe('random numbers from a source of bytes', () => {
  test('a 32-bit integer has no sign', () => {
    assert.equal(randomU32(constant(0xff)), 0xffff_ffff);
    assert.equal(randomU32(constant(0)), 0);
  });

  test('a unit number reaches 0 and never 1', () => {
    assert.equal(randomUnit(constant(0)), 0);
    const most = randomUnit(constant(0xff));
    assert.ok(most < 1 && most > 0.999_999_999_999);
  });

  test('bytes fill an array of their own', () => {
    const [a, b] = [randomBytes(constant(7), 3), randomBytes(constant(9), 3)];
    assert.deepEqual([a, b], [Uint8Array.of(7, 7, 7), Uint8Array.of(9, 9, 9)]);
  });
});
