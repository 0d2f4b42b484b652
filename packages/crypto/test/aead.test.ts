import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createAeadKey, describeAead, nodeAeadKey, slab } from '@millrace/crypto';
import { aeadSuite } from './aead-suite.ts';

const ordinary = new Uint8Array(new ArrayBuffer(20_007), 7);
const memories = [
  ['ordinary memory', ordinary],
  ['a Buffer', Buffer.alloc(20_000)],
  ['a slab', slab(20_000)],
] as const;

aeadSuite('portable', createAeadKey, memories);
aeadSuite('node:crypto', nodeAeadKey, memories.slice(0, 1));

test('this engine runs both modules', () => {
  assert.equal(describeAead(), 'AES-GCM by WebAssembly GHASH, ChaCha20-Poly1305 by WebAssembly');
});

test('slabs do not overlap, and there is memory when WebAssembly has no more', () => {
  const [a, b] = [slab(100), slab(100)];
  a.fill(1);
  b.fill(2);
  assert.ok(a.every((byte) => byte === 1));
  assert.equal(slab(1 << 26).length, 1 << 26);
  assert.equal(slab(0).length, 0);
});

test('ten thousand random records are what node:crypto makes of them', () => {
  const seed = process.hrtime.bigint().toString();
  let state = createHash('sha512').update(seed).digest();
  const next = (limit: number): number => {
    state = createHash('sha512').update(state).digest();
    return state.readUInt32BE(0) % limit;
  };
  for (const algorithm of ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const) {
    const material = state.subarray(0, algorithm === 'aes-128-gcm' ? 16 : 32);
    const [portable, node] = [createAeadKey(algorithm, material), nodeAeadKey(algorithm, material)];
    const bytes = new Uint8Array(3_000);
    const expected = new Uint8Array(3_000);
    const nonce = Buffer.alloc(12);
    for (let i = 0; i < 3_334; i++) {
      nonce.writeUInt32BE(next(8) === 0 ? next(2 ** 32) : (nonce.readUInt32BE(8) + 1) >>> 0, 8);
      const length = next(1_500);
      const aad = state.subarray(0, next(33));
      for (let at = 0; at < length; at += 64) bytes.set(state, at);
      expected.set(bytes);
      portable.seal(bytes, 3, 3 + length, nonce, aad);
      node.seal(expected, 3, 3 + length, nonce, aad);
      assert.ok(Buffer.compare(bytes, expected) === 0, `SEED=${seed} ${algorithm} record ${i}`);
      assert.ok(portable.open(bytes, 3, 19 + length, nonce, aad));
    }
  }
});
