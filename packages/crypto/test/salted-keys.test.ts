import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createAeadKey, createCtrKey, nodeAeadKey, slab } from '@millrace/crypto';
import { SeededRandom } from '@millrace/sans-io/testing';
import { code } from './aead-suite.ts';

const SEED = 3_711;
const PACKETS = 4_000;

/** Six sources whose numbers mostly rise, cross 2^32 and 2^16, and now and then jump or come again. */
function* numbers(random: SeededRandom): Generator<readonly [source: number, number: number, bytes: number]> {
  const next = [0, 0xffff_f000, 0xfff0, 0x7fff_fff0, 5, 6];
  for (let i = 0; i < PACKETS; i++) {
    const source = random.chance(0.7) ? 0 : random.below(6);
    if (random.chance(0.03)) next[source] = random.u32();
    if (random.chance(0.03)) next[source] = (next[source]! - 2) >>> 0;
    yield [source, next[source]!, random.chance(0.8) ? 100 + random.below(10) : random.below(2_000)];
    next[source] = (next[source]! + 1) >>> 0;
  }
}

describe('keys that know the salt of their nonces', () => {
  test(`RFC 3711 §4.1.1: AES-CTR agrees with node:crypto whatever comes in which order (seed ${SEED})`, () => {
    const random = new SeededRandom(SEED);
    const material = randomBytes(16);
    const salt = randomBytes(14);
    const key = createCtrKey(material, salt);
    const memories = [new Uint8Array(2_100), slab(2_100)];
    for (const [source, number, length] of numbers(random)) {
      const counter = Buffer.alloc(16);
      counter.writeUInt32BE(source, 4);
      counter.writeUInt32BE(number, 10);
      for (let i = 0; i < 14; i++) counter[i]! ^= salt[i]!;
      const bytes = memories[source & 1]!;
      const plain = randomBytes(length);
      bytes.set(plain, 3);
      key.apply(bytes, 3, 3 + length, counter);
      const expected = createCipheriv('aes-128-ctr', material, counter).update(plain);
      assert.equal(Buffer.compare(bytes.subarray(3, 3 + length), expected), 0, `number ${number}`);
    }
    key.close();
  });

  test(`RFC 7714 §8.1: AES-GCM agrees with node:crypto whatever comes in which order (seed ${SEED})`, () => {
    for (const algorithm of ['aes-128-gcm', 'aes-256-gcm'] as const) {
      const random = new SeededRandom(SEED);
      const material = randomBytes(algorithm === 'aes-128-gcm' ? 16 : 32);
      const salt = randomBytes(12);
      const key = createAeadKey(algorithm, material, salt);
      const node = nodeAeadKey(algorithm, material);
      const memories = [new Uint8Array(2_100), slab(2_100)];
      const expected = new Uint8Array(2_100);
      const aad = randomBytes(12);
      for (const [source, number, length] of numbers(random)) {
        const nonce = Buffer.alloc(12);
        nonce.writeUInt32BE(source, 2);
        nonce.writeUInt32BE(number, 8);
        for (let i = 0; i < 12; i++) nonce[i]! ^= salt[i]!;
        const bytes = memories[source & 1]!;
        const plain = randomBytes(length);
        bytes.set(plain, 3);
        expected.set(plain, 3);
        key.seal(bytes, 3, 3 + length, nonce, aad);
        node.seal(expected, 3, 3 + length, nonce, aad);
        const end = 3 + length + 16;
        assert.equal(
          Buffer.compare(bytes.subarray(3, end), expected.subarray(3, end)),
          0,
          `number ${number}`,
        );
        assert(key.open(bytes, 3, end, nonce, aad));
        assert.equal(Buffer.compare(bytes.subarray(3, 3 + length), plain), 0);
      }
      key.close();
    }
  });

  test('a salt of a wrong length throws', () => {
    assert.throws(() => createCtrKey(new Uint8Array(16), new Uint8Array(12)), code('BAD_KEY'));
    assert.throws(
      () => createAeadKey('aes-128-gcm', new Uint8Array(16), new Uint8Array(14)),
      code('BAD_KEY'),
    );
  });
});
