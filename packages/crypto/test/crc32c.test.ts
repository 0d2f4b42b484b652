import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createCrc32c, slab } from '@millrace/crypto';
import { tableCrc32c } from './table-crc32c.ts';

const unused = (): number => assert.fail('left to JavaScript');

test('every length to 1500 and some above, at every alignment, in and out of a slab', () => {
  const random = randomBytes(21_000);
  const inSlab = slab(21_000);
  inSlab.set(random);
  for (const bytes of [random, inSlab, new Uint8Array(random)])
    for (const length of [...Array(1_501).keys(), 4_095, 4_096, 16_384, 20_479, 20_480, 20_481]) {
      const at = length % 17;
      const crc32c = createCrc32c(length >= 256 && length <= 20_480 ? unused : tableCrc32c);
      assert.equal(crc32c(bytes, at, at + length), tableCrc32c(bytes, at, at + length), `${length} bytes`);
    }
});

test('each bit of a packet changes the checksum as it should', () => {
  const crc32c = createCrc32c(unused);
  const bytes = new Uint8Array(512);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(crc32c(bytes, 0, 512), tableCrc32c(bytes, 0, 512), `bit ${bit}`);
    bytes[bit >> 3] = 0;
  }
});

test('RFC 3720 §B.4: 32 bytes of zeros, of ones, rising and falling, repeated to a length that is folded', () => {
  // The vectors themselves are shorter than what WebAssembly is asked for; they hold the reference to account.
  const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(tableCrc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.equal(tableCrc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
  assert.equal(tableCrc32c(rising, 0, 32), 0x46dd794e);
  assert.equal(tableCrc32c(rising.toReversed(), 0, 32), 0x113fdb5c);
  const crc32c = createCrc32c(unused);
  for (const piece of [new Uint8Array(32), new Uint8Array(32).fill(0xff), rising, rising.toReversed()]) {
    const bytes = Uint8Array.from({ length: 1_024 }, (_, i) => piece[i % 32]!);
    assert.equal(crc32c(bytes, 0, 1_024), tableCrc32c(bytes, 0, 1_024));
  }
});
