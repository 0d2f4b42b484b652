// The suite that every AEAD of the house must pass, whatever it is made of. It is held against node:crypto.
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';

export type SuiteAlgorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** The interface under test; `AeadKey` of `@millrace/native`, `@millrace/crypto` and `@millrace/dtls` have this shape. */
export interface SuiteKey {
  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void;
  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean;
  close?(): void;
}

export interface AeadSubject {
  readonly name: string;
  readonly algorithms: readonly SuiteAlgorithm[];
  createKey(algorithm: SuiteAlgorithm, key: Uint8Array): SuiteKey;
  /** Memory to work in; all kinds that the implementation treats in different ways. */
  readonly memories: ReadonlyArray<readonly [name: string, allocate: (bytes: number) => Uint8Array]>;
}

const SEED: number = Number(process.env.SEED ?? (Math.random() * 2 ** 31) | 0);
const random = new SeededRandom(SEED);

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

const keyBytes = (algorithm: SuiteAlgorithm): number => (algorithm === 'aes-128-gcm' ? 16 : 32);

/** What node:crypto makes of it: ciphertext and tag. */
export function reference(
  algorithm: SuiteAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const options = { authTagLength: 16 };
  const cipher = createCipheriv(algorithm as 'aes-128-gcm', key, nonce, options);
  cipher.setAAD(aad);
  return Uint8Array.from(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

/** A key of node:crypto, a cipher object for each call. */
export function nodeKey(algorithm: SuiteAlgorithm, key: Uint8Array): SuiteKey {
  return {
    seal(bytes, at, end, nonce, aad) {
      bytes.set(reference(algorithm, key, nonce, aad, bytes.subarray(at, end)), at);
    },
    open(bytes, at, end, nonce, aad) {
      if (end - at < 16) return false;
      const options = { authTagLength: 16 };
      const decipher = createDecipheriv(algorithm as 'aes-128-gcm', key, nonce, options);
      decipher.setAAD(aad);
      decipher.setAuthTag(bytes.subarray(end - 16, end));
      try {
        const plain = Buffer.concat([decipher.update(bytes.subarray(at, end - 16)), decipher.final()]);
        bytes.set(plain, at);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Around every block size, around a DTLS record of an Ethernet packet, and the longest record. */
const LENGTHS = [...Array(70).keys(), 127, 128, 129, 255, 256, 257, 511, 513, 1199, 1200, 1201, 4096, 16_384];

export function aeadSuite(subject: AeadSubject): void {
  for (const algorithm of subject.algorithms)
    for (const [memory, allocate] of subject.memories)
      describe(`${subject.name}: ${algorithm} in ${memory}`, () => {
        const keyOf = (bytes: Uint8Array): SuiteKey => subject.createKey(algorithm, bytes);

        test('every length seals to what node:crypto makes of it, and opens again', () => {
          const keyMaterial = randomBytes(keyBytes(algorithm));
          const key = keyOf(keyMaterial);
          const bytes = allocate(17_000);
          for (const length of LENGTHS) {
            const [nonce, aad] = [randomBytes(12), randomBytes(length % 40)];
            const plain = randomBytes(length);
            const at = length % 7;
            bytes.fill(0xee, 0, at + length + 40);
            bytes.set(plain, at);
            key.seal(bytes, at, at + length, nonce, aad);
            const sealed = reference(algorithm, keyMaterial, nonce, aad, plain);
            assert.deepEqual(bytes.slice(at, at + length + 16), sealed, `length ${length}, SEED=${SEED}`);
            assert.ok(
              bytes.subarray(0, at).every((byte) => byte === 0xee),
              'written in front of the range',
            );
            assert.ok(
              bytes.subarray(at + length + 16, at + length + 40).every((byte) => byte === 0xee),
              'written behind the tag',
            );
            assert.equal(key.open(bytes, at, at + length + 16, nonce, aad), true);
            assert.deepEqual(bytes.slice(at, at + length), plain);
          }
          key.close?.();
        });

        test('one key seals and opens in any order, and forgets nothing between', () => {
          const keyMaterial = randomBytes(keyBytes(algorithm));
          const key = keyOf(keyMaterial);
          const bytes = allocate(2048);
          for (let step = 0; step < 500; step++) {
            const plain = randomBytes(random.below(1500));
            const [nonce, aad] = [randomBytes(12), randomBytes(random.below(64))];
            const sealed = reference(algorithm, keyMaterial, nonce, aad, plain);
            if (random.chance(0.5)) {
              bytes.set(plain, 3);
              key.seal(bytes, 3, 3 + plain.length, nonce, aad);
              assert.deepEqual(bytes.slice(3, 3 + sealed.length), sealed, `SEED=${SEED}`);
              continue;
            }
            bytes.set(sealed, 3);
            const isForged = random.chance(0.3);
            if (isForged) bytes[3 + random.below(sealed.length)]! ^= 1 << random.below(8);
            assert.equal(key.open(bytes, 3, 3 + sealed.length, nonce, aad), !isForged, `SEED=${SEED}`);
            if (!isForged) assert.deepEqual(bytes.slice(3, 3 + plain.length), plain, `SEED=${SEED}`);
          }
          key.close?.();
        });

        test('another nonce, other additional data, a shorter or a longer message: none opens', () => {
          const key = keyOf(randomBytes(keyBytes(algorithm)));
          const [nonce, aad] = [new Uint8Array(12), new Uint8Array(13)];
          const bytes = allocate(256);
          const seal = (): void => {
            bytes.fill(7);
            key.seal(bytes, 0, 100, nonce, aad);
          };
          seal();
          assert.equal(key.open(bytes, 0, 116, Uint8Array.of(...nonce.slice(1), 1), aad), false);
          seal();
          assert.equal(key.open(bytes, 0, 116, nonce, new Uint8Array(12)), false);
          seal();
          assert.equal(key.open(bytes, 0, 115, nonce, aad), false);
          seal();
          assert.equal(key.open(bytes, 0, 117, nonce, aad), false);
          seal();
          assert.equal(key.open(bytes, 1, 116, nonce, aad), false);
          seal();
          for (let length = 0; length < 17; length++)
            assert.equal(key.open(bytes, 0, length, nonce, aad), false, `${length} bytes`);
          seal();
          assert.equal(key.open(bytes, 0, 116, nonce, aad), true);
          key.close?.();
        });

        test('nonce and additional data may lie in the same memory, and keys side by side', () => {
          const [a, b] = [randomBytes(keyBytes(algorithm)), randomBytes(keyBytes(algorithm))];
          const keys = [keyOf(a), keyOf(b)];
          const bytes = allocate(400);
          for (let round = 0; round < 8; round++) {
            const key = keys[round % 2]!;
            bytes.set(randomBytes(300), 0);
            const [nonce, aad] = [bytes.subarray(0, 12), bytes.subarray(12, 25)];
            const plain = bytes.slice(40, 240);
            const sealed = reference(algorithm, round % 2 ? b : a, nonce, aad, plain);
            key.seal(bytes, 40, 240, nonce, aad);
            assert.deepEqual(bytes.slice(40, 256), sealed);
            assert.equal(key.open(bytes, 40, 256, nonce, aad), true);
            assert.deepEqual(bytes.slice(40, 240), plain);
          }
          for (const key of keys) key.close?.();
        });
      });
}
