import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../src/transport/random.ts';

test('random bytes fill all of what is asked for, be it short or longer than a block, and never come twice', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2_000; i++) {
    for (const length of [8, 12, 32, 64, 65, 3_000]) {
      const bytes = new Uint8Array(length + 1);
      random.fill(bytes.subarray(0, length));
      assert.equal(bytes[length], 0, 'nothing behind it');
      const text = Buffer.from(bytes.buffer, 0, 8).toString('hex');
      assert.ok(!seen.has(text));
      seen.add(text);
      if (length >= 65) assert.ok(bytes.subarray(length - 16, length).some((byte) => byte !== 0));
    }
  }
});

test('an empty array takes nothing', () => {
  random.fill(new Uint8Array(0));
});
