import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Sha256 } from '../src/wire/sha256.ts';

const digest = (...pieces: Uint8Array[]): string => {
  const hash = new Sha256();
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
};

describe('FIPS 180-4 SHA-256, a piece at a time', () => {
  test('the examples of the standard', () => {
    const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
    assert.equal(digest(ascii('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.equal(
      digest(ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')),
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  test('every length around two blocks, however it is cut', () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const expected = createHash('sha256').update(bytes).digest('hex');
      assert.equal(digest(bytes), expected);
      assert.equal(digest(bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)), expected);
    }
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
        assert.equal(digest(...pieces), createHash('sha256').update(Buffer.concat(pieces)).digest('hex'));
      }),
    );
  });

  test('more than 2^32 bits are counted', () => {
    const block = new Uint8Array(1024 * 1024);
    const [own, node] = [new Sha256(), createHash('sha256')];
    for (let i = 0; i < 513; i++) {
      own.update(block);
      node.update(block);
    }
    assert.equal(own.digest(), node.digest('hex'));
  });
});
