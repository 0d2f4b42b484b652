import assert from 'node:assert/strict';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createCtrKey, createHmacSha1Key, slab } from '@millrace/crypto';
import { code } from './aead-suite.ts';

describe('AES in counter mode', () => {
  test('SP 800-38A §F.5.1: the example', () => {
    const key = createCtrKey(Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex'));
    const bytes = Buffer.from('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51', 'hex');
    key.apply(bytes, 0, 32, Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex'));
    assert.equal(bytes.toString('hex'), '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff');
  });

  test('agrees with node:crypto at every length up to 300, for all key sizes and counters about to overflow', () => {
    for (const keyBytes of [16, 24, 32])
      for (const bytes of [new Uint8Array(20_000), slab(20_000)]) {
        const material = randomBytes(keyBytes);
        const key = createCtrKey(material);
        for (const length of [...Array(301).keys(), 1_200, 8_192, 8_193, 16_384]) {
          const counter = randomBytes(16);
          if (length % 3 === 0) counter.fill(0xff, 12 - (length % 4));
          if (length % 6 === 0) counter[15] = 0xf8;
          const plain = randomBytes(length);
          bytes.fill(0xee, 0, length + 20);
          bytes.set(plain, 5);
          key.apply(bytes, 5, 5 + length, counter);
          const name = `aes-${keyBytes * 8}-ctr`;
          const expected = createCipheriv(name, material, counter).update(plain);
          assert.deepEqual(Buffer.from(bytes.slice(5, 5 + length)), expected, `length ${length}`);
          assert.equal(bytes[4]! + bytes[5 + length]!, 2 * 0xee);
          key.apply(bytes, 5, 5 + length, counter);
          assert.deepEqual(Buffer.from(bytes.slice(5, 5 + length)), plain);
        }
      }
  });

  test("a caller's mistakes throw", () => {
    const key = createCtrKey(new Uint8Array(16));
    assert.throws(() => createCtrKey(new Uint8Array(20)), code('BAD_KEY'));
    assert.throws(() => key.apply(new Uint8Array(5), 0, 6, new Uint8Array(16)), code('BAD_RANGE'));
    assert.throws(() => key.apply(new Uint8Array(5), 0, 5, new Uint8Array(12)), code('BAD_KEY'));
    key.close();
    assert.throws(() => key.apply(new Uint8Array(5), 0, 5, new Uint8Array(16)), code('CLOSED'));
  });
});

describe('HMAC-SHA1', () => {
  test('RFC 2202 §3: test cases 1, 2, 6 and 7', () => {
    const cases = [
      [Buffer.alloc(20, 0x0b), 'Hi There', 'b617318655057264e28bc0b6fb378c8ef146be00'],
      [Buffer.from('Jefe'), 'what do ya want for nothing?', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
      [
        Buffer.alloc(80, 0xaa),
        'Test Using Larger Than Block-Size Key - Hash Key First',
        'aa4ae5e15272d00e95705637ce8a3b55ed402112',
      ],
      [
        Buffer.alloc(80, 0xaa),
        'Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data',
        'e8e99d0f45237d786d6bbaa7965c7808bbff1a91',
      ],
    ] as const;
    for (const [key, text, tag] of cases) {
      const out = Buffer.alloc(20);
      createHmacSha1Key(key).sign(Buffer.from(text), 0, text.length, out, 0, 20);
      assert.equal(out.toString('hex'), tag);
    }
  });

  test('agrees with node:crypto at every length, and cuts its tag short', () => {
    const material = randomBytes(20);
    const key = createHmacSha1Key(material);
    const bytes = randomBytes(9_000);
    for (const length of [...Array(301).keys(), 1_200, 2_048, 2_049, 8_000]) {
      const outLength = 1 + (length % 20);
      const expected = createHmac('sha1', material)
        .update(bytes.subarray(7, 7 + length))
        .digest();
      key.sign(bytes, 7, 7 + length, bytes, 8_500, outLength);
      assert.deepEqual(bytes.subarray(8_500, 8_500 + outLength), expected.subarray(0, outLength));
    }
  });

  test("a caller's mistakes throw", () => {
    const key = createHmacSha1Key(new Uint8Array(20));
    const bytes = new Uint8Array(30);
    assert.throws(() => key.sign(bytes, 0, 31, bytes, 0, 10), code('BAD_RANGE'));
    assert.throws(() => key.sign(bytes, 0, 10, bytes, 25, 10), code('BAD_RANGE'));
    for (const length of [0, 21, Number.NaN])
      assert.throws(() => key.sign(bytes, 0, 10, bytes, 0, length), code('BAD_LENGTH'));
    key.close();
    assert.throws(() => key.sign(bytes, 0, 10, bytes, 15, 10), code('CLOSED'));
  });
});
