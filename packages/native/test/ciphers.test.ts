// AES-CTR, HMAC-SHA1 and single AES blocks against node:crypto.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { loadNative, NativeError } from '../src/index.ts';

const native = loadNative();
const { ciphers } = native ?? {};
const codeIs =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof NativeError && error.code === code;

if (native && ciphers) {
  const rooms = [native.slab(4096), new Uint8Array(4096)];

  test('RFC 3711 §4.1.1: AES-CTR makes the key stream that node:crypto makes, at every length', () => {
    for (const keyBytes of [16, 32])
      for (const room of rooms) {
        const key = randomBytes(keyBytes);
        const ctr = ciphers.createCtrKey(key);
        for (let length = 0; length < 300; length++) {
          const [block, plain] = [randomBytes(16), randomBytes(length)];
          if (length % 3 === 0) block.fill(0xff, 8); // the counter carries over
          room.set(plain, 5);
          room[5 + length] = 0xee;
          ctr.apply(room, 5, 5 + length, block);
          const expected = createCipheriv(`aes-${keyBytes * 8}-ctr`, key, block).update(plain);
          assert.deepEqual(Buffer.from(room.subarray(5, 5 + length)), expected);
          assert.equal(room[5 + length], 0xee);
          ctr.apply(room, 5, 5 + length, block);
          assert.deepEqual(Buffer.from(room.subarray(5, 5 + length)), plain);
        }
        ctr.close();
      }
  });

  test('RFC 3711 §4.2.1: HMAC-SHA1 of every length, cut to what is asked for', () => {
    for (const room of rooms) {
      const key = randomBytes(20);
      const hmac = ciphers.createHmacKey(key);
      for (let length = 0; length < 300; length++) {
        const text = randomBytes(length);
        room.set(text, 3);
        const outLength = 1 + (length % 20);
        room[3 + length + outLength] = 0xee;
        hmac.sign(room, 3, 3 + length, room, 3 + length, outLength);
        const expected = createHmac('sha1', key).update(text).digest().subarray(0, outLength);
        assert.deepEqual(Buffer.from(room.subarray(3 + length, 3 + length + outLength)), expected);
        assert.equal(room[3 + length + outLength], 0xee);
      }
      hmac.close();
    }
  });

  test('RFC 9147 §4.2.3: a block of AES, from anywhere to anywhere', () => {
    for (const keyBytes of [16, 32]) {
      const key = randomBytes(keyBytes);
      const blocks = ciphers.createBlockKey(key);
      for (let at = 0; at < 64; at++) {
        const bytes = randomBytes(80);
        const expected = createCipheriv(`aes-${keyBytes * 8}-ecb`, key, null).update(
          bytes.subarray(at, at + 16),
        );
        const out = new Uint8Array(80);
        blocks.encrypt(bytes, at, out, 64 - at);
        assert.deepEqual(Buffer.from(out.subarray(64 - at, 80 - at)), expected);
      }
      blocks.close();
    }
  });

  test('RFC 9147 §4.2.3: masks of many ciphertexts are those one by one', () => {
    for (const room of rooms) {
      room.set(randomBytes(room.length));
      const key = randomBytes(16);
      const mask = ciphers.createMask(key);
      const ats = Int32Array.from({ length: 64 }, (_, i) => i * 63 + (i % 4));
      const masks = new Int32Array(64);
      const block = (at: number) =>
        createCipheriv('aes-128-ecb', key, null)
          .update(room.subarray(at, at + 16))
          .readUInt16BE(0);
      for (const count of [1, 2, 63, 64]) {
        masks.fill(-1);
        mask.ofAll(room, ats, count, masks);
        for (let i = 0; i < 64; i++) assert.equal(masks[i], i < count ? block(ats[i]!) : -1);
      }
      assert.equal(mask.of(room, 7), block(7));
      for (const count of [0, 65, 1.5, Number.NaN])
        assert.throws(() => mask.ofAll(room, ats, count, masks), codeIs('BAD_LENGTH'));
      assert.throws(() => mask.ofAll(room, ats.subarray(0, 2), 3, masks), codeIs('BAD_LENGTH'));
      assert.throws(() => mask.ofAll(room, ats, 3, masks.subarray(0, 2)), codeIs('BAD_LENGTH'));
      for (const at of [-1, 4_081])
        assert.throws(() => mask.ofAll(room, Int32Array.of(0, at), 2, masks), codeIs('BAD_RANGE'));
      mask.close();
      assert.throws(() => mask.ofAll(room, ats, 1, masks), codeIs('CLOSED'));
    }
  });

  test('keys of other lengths, ranges outside the bytes and closed keys are refused', () => {
    for (const length of [0, 15, 17, 24, 33]) {
      assert.throws(() => ciphers.createCtrKey(new Uint8Array(length)), codeIs('BAD_KEY'));
      assert.throws(() => ciphers.createBlockKey(new Uint8Array(length)), codeIs('BAD_KEY'));
    }
    assert.throws(() => ciphers.createHmacKey(new Uint8Array(0)), codeIs('BAD_KEY'));
    assert.throws(() => ciphers.createHmacKey(new Uint8Array(65)), codeIs('BAD_KEY'));
    const [ctr, hmac, block] = [
      ciphers.createCtrKey(new Uint8Array(16)),
      ciphers.createHmacKey(new Uint8Array(20)),
      ciphers.createBlockKey(new Uint8Array(16)),
    ];
    const bytes = native.slab(100);
    assert.throws(() => ctr.apply(bytes, 0, 101, new Uint8Array(16)), codeIs('BAD_RANGE'));
    assert.throws(() => ctr.apply(bytes, 0, 100, new Uint8Array(15)), codeIs('BAD_KEY'));
    assert.throws(() => hmac.sign(bytes, 0, 100, bytes, 90, 11), codeIs('BAD_RANGE'));
    assert.throws(() => hmac.sign(bytes, 0, 10, bytes, 50, 21), codeIs('BAD_LENGTH'));
    assert.throws(() => hmac.sign(bytes, 0, 10, bytes, 50, Number.NaN), codeIs('BAD_LENGTH'));
    assert.throws(() => block.encrypt(bytes, 85, bytes, 0), codeIs('BAD_RANGE'));
    assert.throws(() => block.encrypt(bytes, 0, bytes, -1), codeIs('BAD_RANGE'));
    for (const key of [ctr, hmac, block]) {
      key.close();
      key.close();
    }
    assert.throws(() => ctr.apply(bytes, 0, 100, new Uint8Array(16)), codeIs('CLOSED'));
    assert.throws(() => hmac.sign(bytes, 0, 1, bytes, 50, 20), codeIs('CLOSED'));
    assert.throws(() => block.encrypt(bytes, 0, bytes, 0), codeIs('CLOSED'));
  });
}
