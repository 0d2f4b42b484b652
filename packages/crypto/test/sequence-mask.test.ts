// Masks of sequence numbers (RFC 9147 §4.2.3): known answers of RFC 9001 Appendix A, whose header protection is the same
// function, and FIPS 197; the rest against node:crypto.
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { type AeadAlgorithm, createSequenceMask, type SequenceMask, slab } from '@millrace/crypto';
import fc from 'fast-check';

const KEY_BYTES = { 'aes-128-gcm': 16, 'aes-256-gcm': 32, 'chacha20-poly1305': 32 } as const;
const ALGORITHMS = Object.keys(KEY_BYTES) as AeadAlgorithm[];

describe('masks of sequence numbers', () => {
  test('known answers: RFC 9001 §A.2 and §A.5, FIPS 197 §C.3', () => {
    for (const [algorithm, key, sample, mask] of [
      ['aes-128-gcm', '9f50449e04a0e810283a1e9933adedd2', 'd1b1c98dd7689fb8ec11d242b123dc9b', 0x437b],
      [
        'aes-256-gcm',
        '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
        '00112233445566778899aabbccddeeff',
        0x8ea2,
      ],
      [
        'chacha20-poly1305',
        '25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4',
        '5e5cd55c41f69080575d7999c25a5bfb',
        0xaefe,
      ],
    ] as const)
      assert.equal(createSequenceMask(algorithm, hex(key)).of(hex(sample), 0), mask, algorithm);
  });

  test('any key and sample, at any offset, in a slab or elsewhere, with more keys than there are places', () => {
    const inSlab = slab(64);
    const open: SequenceMask[] = [];
    fc.assert(
      fc.property(
        fc.constantFrom(...ALGORITHMS),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 48, maxLength: 48 }),
        fc.nat(32),
        (algorithm, bytes, text, at) => {
          const key = bytes.slice(0, KEY_BYTES[algorithm]);
          const mask = createSequenceMask(algorithm, key);
          key.fill(0); // it was copied
          const expected = byNode(algorithm, bytes.slice(0, KEY_BYTES[algorithm]), text.slice(at, at + 16));
          inSlab.set(text);
          open.push(mask);
          for (const other of open.slice(-10)) other.of(text, 0); // takes the places of others
          assert.equal(mask.of(text, at), expected);
          assert.equal(mask.of(inSlab, at), expected);
        },
      ),
      { numRuns: 500 },
    );
    for (const mask of open) mask.close();
  });

  test('many at a time are those one by one', () => {
    const bytes = slab(4_096);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * i) >> 3;
    const ats = Int32Array.from({ length: 64 }, (_, i) => i * 61 + (i % 5));
    const masks = new Int32Array(64);
    for (const algorithm of ALGORITHMS)
      for (const [count, room] of [
        [1, bytes],
        [2, bytes],
        [5, bytes.slice()],
        [63, bytes],
        [64, bytes],
        [64, bytes.slice()],
      ] as const) {
        const mask = createSequenceMask(algorithm, new Uint8Array(KEY_BYTES[algorithm]).fill(9));
        masks.fill(-1);
        mask.ofAll(room, ats, count, masks);
        for (let i = 0; i < 64; i++)
          assert.equal(masks[i], i < count ? mask.of(room, ats[i]!) : -1, `${algorithm}, ${i} of ${count}`);
        for (const wrong of [0, 65, -1, 1.5])
          assert.throws(() => mask.ofAll(room, ats, wrong, masks), { code: 'BAD_RANGE' });
        assert.throws(() => mask.ofAll(room, Int32Array.of(5, 4_090), 2, masks), { code: 'BAD_RANGE' });
        mask.close();
        assert.throws(() => mask.ofAll(room, ats, count, masks), { code: 'CLOSED' });
      }
  });

  test('a closed mask throws, a range outside the array throws, and nothing has happened then', () => {
    for (const algorithm of ALGORITHMS) {
      const mask = createSequenceMask(algorithm, new Uint8Array(KEY_BYTES[algorithm]));
      for (const at of [-1, 1, 17, 0.5, Number.NaN])
        assert.throws(() => mask.of(new Uint8Array(16), at), { name: 'CryptoError' });
      mask.close();
      mask.close();
      assert.throws(() => mask.of(new Uint8Array(16), 0), { code: 'CLOSED' });
      assert.throws(() => createSequenceMask(algorithm, new Uint8Array(8)), { code: 'BAD_KEY' });
    }
  });
});

function byNode(algorithm: AeadAlgorithm, key: Uint8Array, sample: Uint8Array): number {
  const cipher =
    algorithm === 'chacha20-poly1305'
      ? createCipheriv('chacha20', key, sample).update(Buffer.alloc(2))
      : createCipheriv(`aes-${key.length * 8}-ecb`, key, null).update(sample);
  return cipher.readUInt16BE(0);
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
