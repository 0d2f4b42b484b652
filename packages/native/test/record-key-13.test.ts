// Whole records of DTLS 1.3, held against `AeadKey`, which is held against node:crypto.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadNative } from '@millrace/native';
import fc from 'fast-check';

const native = loadNative();
const aead = native?.aead;
const KEY_BYTES = { 'aes-128-gcm': 16, 'aes-256-gcm': 32 } as const;
const ROOM = 2_200;

if (native && aead) {
  for (const [algorithm, keyBytes] of Object.entries(KEY_BYTES) as Array<[keyof typeof KEY_BYTES, number]>) {
    describe(`RFC 9147 §4 whole records under ${algorithm}`, () => {
      test('are those of an AeadKey, at any place and length, and only the place of the header changes', () => {
        const inSlab = native.slab(ROOM);
        fc.assert(
          fc.property(
            fc.uint8Array({ minLength: keyBytes, maxLength: keyBytes }),
            fc.uint8Array({ minLength: 12, maxLength: 12 }),
            fc.uint8Array({ minLength: 1, maxLength: 8 }),
            fc.integer({ min: 0, max: 40 }),
            fc.integer({ min: 0, max: 2_000 }),
            fc.boolean(),
            (raw, nonce, aad, gap, length, isForeign) => {
              const at = aad.length + gap;
              const end = at + length;
              const key = aead.createAeadKey(algorithm, raw);
              const sealer = aead.createRecordKey13(algorithm, raw, nonce, 'seal')!;
              const opener = aead.createRecordKey13(algorithm, raw, nonce, 'open')!;
              const bytes = isForeign ? new Uint8Array(ROOM) : inSlab;
              for (let i = 0; i < ROOM; i++) bytes[i] = i * 7;
              const plain = bytes.slice();
              const expected = bytes.slice();
              key.seal(expected, at, end, nonce, aad);
              const same = (wanted: Uint8Array): void => {
                bytes.set(wanted.subarray(at - aad.length, at), at - aad.length);
                assert.deepEqual(Buffer.from(bytes).compare(wanted), 0);
              };
              sealer.seal(bytes, at, end, nonce, aad);
              same(expected);
              assert.equal(opener.open(bytes, at, end + 16, nonce, aad), true);
              same(Uint8Array.from([...plain.subarray(0, end), ...bytes.subarray(end)]));
              for (const at_ of [at, end, end + 15]) {
                bytes.set(expected);
                bytes[at_]! ^= 1;
                assert.equal(opener.open(bytes, at, end + 16, nonce, aad), false);
              }
              bytes.set(expected);
              aad[0]! ^= 1;
              assert.equal(opener.open(bytes, at, end + 16, nonce, aad), false);
              for (const each of [key, sealer, opener]) each.close();
            },
          ),
          { numRuns: 150 },
        );
      });

      test('refuse ranges and headers that they cannot take, and everything once closed', () => {
        const iv = new Uint8Array(12);
        const header = new Uint8Array(5);
        const sealer = aead.createRecordKey13(algorithm, new Uint8Array(keyBytes), iv, 'seal')!;
        const bytes = native.slab(100);
        for (const [at, end] of [
          [10, 90],
          [-1, 20],
          [30, 20],
          [10, 20.5],
        ] as const)
          assert.throws(() => sealer.seal(bytes, at, end, iv, header), { code: 'BAD_RANGE' });
        for (const length of [0, 9]) {
          assert.throws(() => sealer.seal(bytes, 20, 30, iv, new Uint8Array(length)), { code: 'BAD_LENGTH' });
        }
        assert.deepEqual(bytes, new Uint8Array(100));
        sealer.close();
        sealer.close();
        assert.throws(() => sealer.seal(bytes, 20, 30, iv, header), { code: 'CLOSED' });
      });
    });
  }

  test('ChaCha20-Poly1305 has no quicker way, and an IV has 12 bytes', () => {
    const key = new Uint8Array(32);
    assert.equal(aead.createRecordKey13('chacha20-poly1305', key, new Uint8Array(12), 'seal'), undefined);
    assert.throws(() => aead.createRecordKey13('aes-256-gcm', key, new Uint8Array(11), 'seal'), {
      code: 'BAD_KEY',
    });
  });
}
