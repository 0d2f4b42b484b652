// No mistake of a caller reaches the other side of a foreign call: it throws before, or does what it says. Run on
// memory with forbidden pages around it, where a single byte too far would end this process.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OpenSslAeadKey } from '../src/crypto/aead-key.ts';
import { MAX_AAD_BYTES, MAX_FOREIGN_BYTES, OpenSsl } from '../src/crypto/openssl.ts';
import { OpenSslRecordKey } from '../src/crypto/record-key.ts';
import { OpenSslCtrKey, OpenSslHmacKey } from '../src/crypto/srtp-keys.ts';
import { type AeadAlgorithm, loadNative, NativeError } from '../src/index.ts';
import { MAX_SLAB_BYTES } from '../src/memory.ts';
import { guarded } from './guarded.ts';

const ALGORITHMS: readonly AeadAlgorithm[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'];
const [NONCE, AAD] = [new Uint8Array(12), new Uint8Array(13)];
const guard = guarded();
const native = loadNative();

const throwsNativeError = (call: () => unknown, what = ''): void => {
  assert.throws(call, (error) => error instanceof NativeError, what);
};

if (guard && native?.aead) {
  const ssl = OpenSsl.find(guard.ffi, guard.memory) as OpenSsl;

  describe('between forbidden pages', () => {
    for (const algorithm of ALGORITHMS)
      test(`${algorithm} reads and writes nothing outside its range, at every length`, () => {
        const key = new OpenSslAeadKey(ssl, algorithm, new Uint8Array(algorithm === 'aes-128-gcm' ? 16 : 32));
        const [front, back] = [guard.fromStart(2048), guard.toEnd(2048)];
        for (let length = 0; length < 600; length++) {
          key.seal(front, 0, length, NONCE, AAD);
          assert.equal(key.open(front, 0, length + 16, NONCE, AAD), true);
          const at = back.length - length - 16;
          key.seal(back, at, at + length, NONCE, AAD);
          assert.equal(key.open(back, at, back.length, NONCE, AAD), true);
          back[back.length - 1]! ^= 1;
          assert.equal(key.open(back, at, back.length, NONCE, AAD), false);
        }
        key.close();
      });

    for (const algorithm of ALGORITHMS)
      test(`records of ${algorithm} keep to theirs`, () => {
        const keyBytes = new Uint8Array(algorithm === 'aes-128-gcm' ? 16 : 32);
        const fixed = new Uint8Array(algorithm === 'chacha20-poly1305' ? 12 : 4);
        const seal = new OpenSslRecordKey(ssl, algorithm, keyBytes, fixed, 'seal');
        const open = new OpenSslRecordKey(ssl, algorithm, keyBytes, fixed, 'open');
        const [front, back] = [guard.fromStart(2048), guard.toEnd(2048)];
        let sequence = 0;
        const number = (bytes: Uint8Array, at: number): void => {
          sequence++;
          bytes.fill(0, at, at + 13);
          bytes.set([sequence >> 8, sequence & 0xff], at + 9);
        };
        for (let length = 0; length < 600; length++) {
          number(front, 0);
          const end = seal.seal(front, 0, seal.headroom, seal.headroom + length);
          assert.equal(open.open(front, 0, open.headroom, end), true);
          const at = back.length - seal.overhead - length;
          number(back, at);
          seal.seal(back, at, at + seal.headroom, back.length - 16);
          assert.equal(open.open(back, at, at + open.headroom, back.length), true);
        }
        seal.close();
        open.close();
      });

    test('AES-CTR and HMAC keep to theirs', () => {
      const ctr = new OpenSslCtrKey(ssl, new Uint8Array(16));
      const hmac = new OpenSslHmacKey(ssl, new Uint8Array(20).fill(1));
      const [front, back] = [guard.fromStart(1024), guard.toEnd(1024)];
      for (let length = 0; length < 600; length++) {
        ctr.apply(front, 0, length, new Uint8Array(16));
        ctr.apply(back, back.length - length, back.length, new Uint8Array(16));
        hmac.sign(front, 0, length, front, length, 20);
        hmac.sign(back, back.length - length - 10, back.length - 10, back, back.length - 10, 10);
      }
      ctr.close();
      hmac.close();
    });
  });

  describe('mistakes', () => {
    const numbers = [-1, 0.5, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 40), Number.POSITIVE_INFINITY];
    const oddities = [undefined, '3', {}, 3n] as unknown as number[];

    test('offsets that are none', () => {
      const key = new OpenSslAeadKey(ssl, 'aes-128-gcm', new Uint8Array(16));
      for (const bytes of [guard.toEnd(256), new Uint8Array(256)])
        for (const odd of [...numbers, ...oddities]) {
          assert.throws(() => key.seal(bytes, odd, 100, NONCE, AAD), String(odd));
          assert.throws(() => key.seal(bytes, 0, odd, NONCE, AAD), String(odd));
          assert.throws(() => key.open(bytes, odd, 100, NONCE, AAD), String(odd));
          assert.throws(() => key.open(bytes, 0, odd, NONCE, AAD), String(odd));
        }
      const bytes = guard.toEnd(256);
      for (const [at, end] of [
        [100, 90],
        [16, 0],
        [0, 241],
        [257, 257],
      ] as const)
        throwsNativeError(() => key.seal(bytes, at, end, NONCE, AAD), `${at}, ${end}`);
      throwsNativeError(() => key.open(bytes, 0, 257, NONCE, AAD));
      throwsNativeError(() => key.open(bytes, 20, 0, NONCE, AAD));
      key.close();
    });

    test('arrays that are none, are of another kind, or too long', () => {
      const key = new OpenSslAeadKey(ssl, 'aes-128-gcm', new Uint8Array(16));
      const slab = guard.toEnd(256);
      for (const odd of [
        undefined,
        null,
        {},
        [1, 2, 3],
        { length: 1e9, buffer: slab.buffer, byteOffset: 0 },
        new Float64Array(slab.buffer, 0, 32),
        new DataView(slab.buffer),
        slab.buffer,
      ] as unknown as Uint8Array[]) {
        assert.throws(() => key.seal(odd, 0, 16, NONCE, AAD));
        assert.throws(() => key.open(odd, 0, 32, NONCE, AAD));
      }
      throwsNativeError(() => key.seal(slab, 0, 100, new Uint8Array(11), AAD));
      throwsNativeError(() => key.seal(slab, 0, 100, new Uint8Array(13), AAD));
      throwsNativeError(() => key.seal(slab, 0, 100, NONCE, new Uint8Array(MAX_AAD_BYTES + 1)));
      throwsNativeError(() => key.seal(slab, 0, 100, NONCE, {} as Uint8Array));
      key.seal(slab, 0, 100, NONCE, new Uint8Array(MAX_AAD_BYTES));
      const long = new Uint8Array(MAX_FOREIGN_BYTES + 1);
      throwsNativeError(() => key.seal(long, 0, MAX_FOREIGN_BYTES - 15, NONCE, AAD));
      key.seal(long, 0, MAX_FOREIGN_BYTES - 16, NONCE, AAD);
      assert.equal(key.open(long, 0, MAX_FOREIGN_BYTES, NONCE, AAD), true);
      key.close();
    });

    test('a slab whose buffer has been transferred away is empty', () => {
      const { aead, slab } = native;
      const key = aead!.createAeadKey('aes-128-gcm', new Uint8Array(16));
      const bytes = slab(256);
      key.seal(bytes, 0, 100, NONCE, AAD);
      (bytes.buffer as ArrayBuffer).transfer();
      throwsNativeError(() => key.seal(bytes, 0, 100, NONCE, AAD));
      throwsNativeError(() => key.open(bytes, 0, 0 + 16, NONCE, AAD));
      key.close();
    });

    test('algorithms and keys that are none', () => {
      const { aead } = native;
      for (const odd of ['aes-192-gcm', '', 'constructor', undefined] as unknown as AeadAlgorithm[]) {
        throwsNativeError(() => aead!.createAeadKey(odd, new Uint8Array(16)));
        throwsNativeError(() => aead!.createRecordKey(odd, new Uint8Array(16), new Uint8Array(4), 'seal'));
      }
      for (const length of [0, 15, 17, 32, 1000])
        throwsNativeError(() => aead!.createAeadKey('aes-128-gcm', new Uint8Array(length)));
    });

    test('use after close, and closing twice', () => {
      const key = native.aead!.createAeadKey('aes-256-gcm', new Uint8Array(32));
      const bytes = native.slab(64);
      key.close();
      key.close();
      throwsNativeError(() => key.seal(bytes, 0, 16, NONCE, AAD));
      throwsNativeError(() => key.open(bytes, 0, 32, NONCE, AAD));
    });
  });

  describe('slabs', () => {
    test('are zero at first, of the asked size, and apart from each other', () => {
      const slabs = [1, 100, 65_536, 65_537, 1_000_000].map((bytes) => native.slab(bytes));
      for (const [i, slab] of slabs.entries()) {
        assert.ok(slab.every((byte) => byte === 0));
        slab.fill(i + 1);
      }
      for (const [i, slab] of slabs.entries()) assert.ok(slab.every((byte) => byte === i + 1));
    });

    test('of impossible sizes are refused', () => {
      for (const odd of [0, -1, 1.5, Number.NaN, MAX_SLAB_BYTES + 1, Number.POSITIVE_INFINITY])
        throwsNativeError(() => native.slab(odd), String(odd));
    });

    test('work through any view of them', () => {
      const key = native.aead!.createAeadKey('aes-128-gcm', new Uint8Array(16));
      const slab = native.slab(4096);
      const view = slab.subarray(1000, 1200);
      key.seal(view, 0, 184, NONCE, AAD);
      assert.throws(() => key.seal(view, 0, 185, NONCE, AAD));
      assert.equal(key.open(new Uint8Array(slab.buffer), 1000, 1200, NONCE, AAD), true);
      assert.ok(slab.subarray(0, 1184).every((byte) => byte === 0));
      key.close();
    });
  });
}
