// Whole records of DTLS 1.3, held against `AeadKey`, which is held against node:crypto.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadNative } from '@millrace/native';
import fc from 'fast-check';

const native = loadNative();
const aead = native?.aead;
const KEY_BYTES = { 'aes-128-gcm': 16, 'aes-256-gcm': 32, 'chacha20-poly1305': 32 } as const;
const ROOM = 2_200;

if (native && aead) {
  for (const [algorithm, keyBytes] of Object.entries(KEY_BYTES) as Array<[keyof typeof KEY_BYTES, number]>) {
    describe(`RFC 9147 §4 whole records under ${algorithm}`, () => {
      test('are those of an AeadKey, at any place and length, and nothing around them changes', () => {
        const inSlab = native.slab(ROOM);
        fc.assert(
          fc.property(
            fc.uint8Array({ minLength: keyBytes, maxLength: keyBytes }),
            fc.uint8Array({ minLength: 12, maxLength: 12 }),
            fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
            fc.integer({ min: 1, max: 8 }),
            fc.integer({ min: 0, max: 140 }),
            fc.integer({ min: 0, max: 2_000 }),
            fc.boolean(),
            (raw, iv, sequence, headerBytes, gap, length, isForeign) => {
              const at = gap + headerBytes;
              const end = at + length;
              const nonce = Buffer.from(iv);
              nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ sequence, 4);
              const [high, low] = [Number(sequence >> 32n) | 0, Number(sequence & 0xffff_ffffn)];
              const key = aead.createAeadKey(algorithm, raw);
              const sealer = aead.createRecordKey13(algorithm, raw, iv, 'seal')!;
              const opener = aead.createRecordKey13(algorithm, raw, iv, 'open')!;
              const bytes = isForeign ? new Uint8Array(ROOM) : inSlab;
              for (let i = 0; i < ROOM; i++) bytes[i] = i * 7;
              const plain = bytes.slice();
              const expected = bytes.slice();
              key.seal(expected, at, end, nonce, plain.slice(gap, at));
              const same = (wanted: Uint8Array): void => assert.equal(Buffer.compare(bytes, wanted), 0);
              sealer.seal(bytes, gap, at, end, high, low);
              same(expected);
              assert.equal(opener.open(bytes, gap, at, end + 16, high, low), true);
              same(Uint8Array.from([...plain.subarray(0, end), ...bytes.subarray(end)]));
              for (const changed of [gap, at - 1, at, end, end + 15]) {
                bytes.set(expected);
                bytes[changed]! ^= 1;
                assert.equal(opener.open(bytes, gap, at, end + 16, high, low), false);
              }
              bytes.set(expected);
              assert.equal(opener.open(bytes, gap, at, end + 16, high, low ^ 1), false);
              bytes.set(expected);
              assert.equal(opener.open(bytes, gap, at, at + 15, high, low), false);
              for (const each of [key, sealer, opener]) each.close();
            },
          ),
          { numRuns: 150 },
        );
      });

      test('refuse ranges and headers that they cannot take, and everything once closed', () => {
        const iv = new Uint8Array(12);
        const key = new Uint8Array(keyBytes);
        const sealer = aead.createRecordKey13(algorithm, key, iv, 'seal')!;
        const opener = aead.createRecordKey13(algorithm, key, iv, 'open')!;
        const bytes = native.slab(100);
        for (const [headerAt, at, end] of [
          [5, 10, 90],
          [-5, -1, 20],
          [25, 30, 20],
          [5, 10, 20.5],
        ] as const)
          assert.throws(() => sealer.seal(bytes, headerAt, at, end, 0, 0), { code: 'BAD_RANGE' });
        assert.throws(() => opener.open(bytes, 5, 10, 101, 0, 0), { code: 'BAD_RANGE' });
        for (const headerAt of [20, 11]) {
          assert.throws(() => sealer.seal(bytes, headerAt, 20, 30, 0, 0), { code: 'BAD_LENGTH' });
          assert.throws(() => opener.open(bytes, headerAt, 20, 60, 0, 0), { code: 'BAD_LENGTH' });
        }
        assert.deepEqual(bytes, new Uint8Array(100));
        for (const each of [sealer, opener, sealer, opener]) each.close();
        assert.throws(() => sealer.seal(bytes, 15, 20, 30, 0, 0), { code: 'CLOSED' });
        assert.throws(() => opener.open(bytes, 15, 20, 60, 0, 0), { code: 'CLOSED' });
      });
    });
  }

  test('an IV has 12 bytes, and a key of ChaCha20 has 32', () => {
    const key = new Uint8Array(32);
    for (const [algorithm, keyBytes, ivBytes] of [
      ['aes-256-gcm', 32, 11],
      ['chacha20-poly1305', 32, 13],
      ['chacha20-poly1305', 16, 12],
    ] as const) {
      const [raw, iv] = [key.subarray(0, keyBytes), new Uint8Array(ivBytes)];
      assert.throws(() => aead.createRecordKey13(algorithm, raw, iv, 'seal'), { code: 'BAD_KEY' });
    }
  });

  test('keys of ChaCha20 that are used in turns are each its own, and closing one leaves the other', () => {
    const bytes = native.slab(400);
    const iv = new Uint8Array(12);
    const keys = [1, 2].map((fill) => new Uint8Array(32).fill(fill));
    const sealed = keys.map((key) => {
      const sealer = aead.createRecordKey13('chacha20-poly1305', key, iv, 'seal')!;
      bytes.fill(0);
      sealer.seal(bytes, 95, 100, 200, 0, 9);
      sealer.close();
      return bytes.slice();
    });
    const [first, second] = keys.map((key) => aead.createRecordKey13('chacha20-poly1305', key, iv, 'open')!);
    const opens = (opener: typeof first, record: Uint8Array | undefined): boolean => {
      bytes.set(record!);
      return opener!.open(bytes, 95, 100, 216, 0, 9);
    };
    for (let round = 0; round < 2; round++) {
      assert.equal(opens(first, sealed[0]), true);
      assert.equal(opens(second, sealed[1]), true);
      assert.equal(opens(first, sealed[1]), false);
    }
    first!.close();
    assert.equal(opens(second, sealed[1]), true);
    assert.throws(() => opens(first, sealed[0]), { code: 'CLOSED' });
    second!.close();
  });

  test('records of ChaCha20 that are longer than any of DTLS are refused where they would have to be copied', () => {
    const key = aead.createRecordKey13('chacha20-poly1305', new Uint8Array(32), new Uint8Array(12), 'open')!;
    const foreign = new Uint8Array(20_000);
    assert.throws(() => key.seal(foreign, 5, 10, 19_000, 0, 0), { code: 'BAD_LENGTH' });
    assert.throws(() => key.open(native.slab(20_000), 95, 100, 19_000, 0, 0), { code: 'BAD_LENGTH' });
    key.close();
  });
}
