// What every AEAD key of this package has to do, held against a cipher object of node:crypto.
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  AEAD_KEY_BYTES,
  type AeadAlgorithm,
  type AeadKey,
  CryptoError,
  type CryptoErrorCode,
} from '@millrace/crypto';

export const ALGORITHMS: readonly AeadAlgorithm[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'];
const EDGES = [
  511, 512, 513, 1_199, 1_200, 1_201, 2_047, 2_048, 2_049, 3_584, 3_585, 4_096, 5_120, 5_121, 16_384, 18_432,
];
const FILL = 0xee;

export function reference(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(algorithm as 'aes-128-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad);
  return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

export function code(wanted: CryptoErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof CryptoError && error.code === wanted;
}

export function aeadSuite(
  name: string,
  create: (algorithm: AeadAlgorithm, key: Uint8Array) => AeadKey,
  memories: ReadonlyArray<readonly [name: string, bytes: Uint8Array]>,
): void {
  for (const algorithm of ALGORITHMS)
    describe(`${name}: ${algorithm}`, () => {
      const material = randomBytes(AEAD_KEY_BYTES[algorithm]);

      for (const [memory, bytes] of memories)
        test(`every length up to 300 and the edges above, in place in ${memory}`, () => {
          const key = create(algorithm, material);
          for (const length of [...Array(301).keys(), ...EDGES]) {
            const [nonce, aad, plain] = [randomBytes(12), randomBytes(length % 41), randomBytes(length)];
            const at = length % 19;
            const end = at + length;
            bytes.fill(FILL, 0, end + 80);
            bytes.set(plain, at);
            key.seal(bytes, at, end, nonce, aad);
            const sealed = reference(algorithm, material, nonce, aad, plain);
            assert.deepEqual(new Uint8Array(bytes.slice(at, end + 16)), sealed, `length ${length}`);
            assert.ok(
              bytes.subarray(0, at).every((byte) => byte === FILL),
              'written in front',
            );
            assert.ok(
              bytes.subarray(end + 16, end + 80).every((byte) => byte === FILL),
              'written behind',
            );
            assert.ok(key.open(bytes, at, end + 16, nonce, aad));
            assert.deepEqual(new Uint8Array(bytes.slice(at, end)), new Uint8Array(plain));
          }
          key.close();
        });

      test('every length of additional data up to 300, and long ones', () => {
        const key = create(algorithm, material);
        const bytes = memories[0]![1];
        for (const length of [...Array(301).keys(), 2_047, 2_048, 2_049, 10_000]) {
          const [nonce, aad, plain] = [randomBytes(12), randomBytes(length), randomBytes(length % 100)];
          bytes.set(plain);
          key.seal(bytes, 0, plain.length, nonce, aad);
          const sealed = reference(algorithm, material, nonce, aad, plain);
          assert.deepEqual(new Uint8Array(bytes.slice(0, sealed.length)), sealed, `AAD of ${length}`);
          assert.ok(key.open(bytes, 0, sealed.length, nonce, aad));
        }
      });

      test('keys, nonces and messages of zeros and of ones', () => {
        const bytes = memories[0]![1];
        for (const fill of [0, 0xff])
          for (const length of [0, 1, 15, 16, 17, 255, 256, 1_024, 3_000]) {
            const zeros = new Uint8Array(AEAD_KEY_BYTES[algorithm]).fill(fill);
            const [nonce, aad] = [new Uint8Array(12).fill(fill), new Uint8Array(13).fill(fill)];
            bytes.fill(fill, 0, length);
            const key = create(algorithm, zeros);
            key.seal(bytes, 0, length, nonce, aad);
            const sealed = reference(algorithm, zeros, nonce, aad, new Uint8Array(length).fill(fill));
            assert.deepEqual(new Uint8Array(bytes.slice(0, length + 16)), sealed);
          }
      });

      test('one flipped bit anywhere in tag, ciphertext, nonce or additional data, and nothing opens', () => {
        const key = create(algorithm, material);
        const bytes = memories[0]![1];
        for (const length of [0, 1, 33]) {
          const [nonce, aad, plain] = [randomBytes(12), randomBytes(13), randomBytes(length)];
          const sealed = reference(algorithm, material, nonce, aad, plain);
          for (const part of [sealed, nonce, aad])
            for (let bit = 0; bit < part.length * 8; bit++) {
              part[bit >> 3]! ^= 1 << (bit & 7);
              bytes.set(sealed);
              assert.equal(key.open(bytes, 0, sealed.length, nonce, aad), false, `bit ${bit}`);
              part[bit >> 3]! ^= 1 << (bit & 7);
            }
          bytes.set(sealed);
          assert.ok(key.open(bytes, 0, sealed.length, nonce, aad), 'and then the right one does');
        }
      });

      test('nonces in a row, with gaps, back again, and over the end of the counter', () => {
        const sealer = create(algorithm, material);
        const opener = create(algorithm, material);
        const bytes = memories[0]![1];
        const nonce = randomBytes(12);
        let last = 0xffff_ff00;
        for (let i = 0; i < 700; i++) {
          const turn = i % 100;
          last = turn === 50 ? last + 3 : turn === 60 ? last - 20 : turn === 70 ? last : last + 1;
          nonce.writeUInt32BE(last >>> 0, 8);
          if (i === 600) nonce[0]! ^= 1;
          // Most are full, some are short, now and then one is longer than what went before.
          const plain = randomBytes(turn % 7 === 0 ? turn : turn === 42 ? 2_000 : 1_200);
          bytes.set(plain);
          sealer.seal(bytes, 0, plain.length, nonce, nonce);
          const sealed = reference(algorithm, material, nonce, nonce, plain);
          assert.deepEqual(new Uint8Array(bytes.slice(0, sealed.length)), sealed, `record ${i}`);
          if (turn % 9 === 0) continue; // lost on the way
          if (turn % 13 === 0) {
            bytes[0]! ^= 1;
            assert.equal(opener.open(bytes, 0, sealed.length, nonce, nonce), false);
            bytes.set(sealed);
          }
          assert.ok(opener.open(bytes, 0, sealed.length, nonce, nonce), `record ${i}`);
          assert.deepEqual(new Uint8Array(bytes.slice(0, plain.length)), new Uint8Array(plain));
        }
      });

      test('many keys in turn do not disturb each other', () => {
        const bytes = memories.at(-1)![1];
        const keys = Array.from({ length: 5 }, () => randomBytes(AEAD_KEY_BYTES[algorithm]));
        const made = keys.map((key) => create(algorithm, key));
        for (let i = 0; i < 200; i++) {
          const which = (i * 7 + (i >> 3)) % 5;
          const nonce = new Uint8Array(12);
          nonce[11] = i;
          const plain = randomBytes((i * 37) % 600);
          bytes.set(plain);
          made[which]!.seal(bytes, 0, plain.length, nonce, nonce);
          const sealed = reference(algorithm, keys[which]!, nonce, nonce, plain);
          assert.deepEqual(new Uint8Array(bytes.slice(0, sealed.length)), sealed);
        }
      });

      test('nonce and additional data may lie in the same memory as the record', () => {
        for (const [, bytes] of memories) {
          const key = create(algorithm, material);
          bytes.set(randomBytes(300));
          const [nonce, aad] = [bytes.slice(0, 12), bytes.slice(12, 25)];
          const sealed = reference(algorithm, material, nonce, aad, bytes.slice(40, 240));
          key.seal(bytes, 40, 240, bytes.subarray(0, 12), bytes.subarray(12, 25));
          assert.deepEqual(new Uint8Array(bytes.slice(40, 256)), sealed);
        }
      });

      test('what is too short for a tag does not open', () => {
        const key = create(algorithm, material);
        for (let length = 0; length < 16; length++)
          assert.equal(
            key.open(memories[0]![1], 5, 5 + length, new Uint8Array(12), new Uint8Array(0)),
            false,
          );
      });

      test("a caller's mistakes throw, and nothing has happened", () => {
        const key = create(algorithm, material);
        const bytes = new Uint8Array(100);
        const [nonce, aad] = [new Uint8Array(12), new Uint8Array(0)];
        const ranges = [
          [0, 85],
          [90, 80],
          [-1, 5],
          [Number.NaN, 5],
          [0, Number.NaN],
        ] as const;
        for (const [at, end] of ranges)
          assert.throws(() => key.seal(bytes, at, end, nonce, aad), code('BAD_RANGE'), `${at}, ${end}`);
        assert.throws(() => key.open(bytes, 0, 101, nonce, aad), code('BAD_RANGE'));
        for (const length of [0, 11, 13, 16]) {
          assert.throws(() => key.seal(bytes, 0, 50, new Uint8Array(length), aad), code('BAD_KEY'));
          assert.throws(() => key.open(bytes, 0, 50, new Uint8Array(length), aad), code('BAD_KEY'));
        }
        assert.ok(bytes.every((byte) => byte === 0));
        key.seal(bytes, 0, 84, nonce, aad);
        key.close();
        key.close();
        assert.throws(() => key.seal(bytes, 0, 50, nonce, aad), code('CLOSED'));
        assert.throws(() => key.open(bytes, 0, 50, nonce, aad), code('CLOSED'));
      });

      test('keys of a wrong length are refused', () => {
        for (const length of [0, 15, 17, 24, 31, 33])
          assert.throws(() => create(algorithm, new Uint8Array(length)), code('BAD_KEY'));
        assert.throws(() => create('toString' as AeadAlgorithm, new Uint8Array(16)), code('BAD_ALGORITHM'));
      });
    });
}
