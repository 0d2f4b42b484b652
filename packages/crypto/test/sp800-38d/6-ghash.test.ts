import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAeadKey } from '@millrace/crypto';
import { gcmModule } from '../../src/wasm/aes-gcm.ts';
import { AAD_AT, DATA_AT, GCM_STATE_AT, heap, NONCE_AT, STREAM_AT } from '../../src/wasm/memory.ts';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('SP 800-38D §7 AES-GCM', () => {
  // McGrew and Viega, "The Galois/Counter Mode of Operation", Appendix B: those with nonces of 12 bytes.
  const plain =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
  const aad = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
  const iv = 'cafebabefacedbaddecaf888';
  const key = 'feffe9928665731c6d6a8f9467308308';
  const cipher128 =
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
    '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985';
  const cipher256 =
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
    '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
  const zeros = '00'.repeat(16);
  const iv0 = '00'.repeat(12);
  const cases = [
    [1, zeros, iv0, '', '', '', '58e2fccefa7e3061367f1d57a4e7455a'],
    [2, zeros, iv0, '', zeros, '0388dace60b6a392f328c2b971b2fe78', 'ab6e47d42cec13bdf53a67b21257bddf'],
    [3, key, iv, '', plain, cipher128, '4d5c2af327cd64a62cf35abd2ba6fab4'],
    [4, key, iv, aad, plain.slice(0, 120), cipher128.slice(0, 120), '5bc94fbc3221a5db94fae95ae7121a47'],
    [13, zeros + zeros, iv0, '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
    [
      14,
      zeros + zeros,
      iv0,
      '',
      zeros,
      'cea7403d4d606b6e074ec5d3baf39d18',
      'd0d1c8a799996bf0265b98b5d48ab919',
    ],
    [15, key + key, iv, '', plain, cipher256, 'b094dac5d93471bdec1a502270e3cc6c'],
    [
      16,
      key + key,
      iv,
      aad,
      plain.slice(0, 120),
      cipher256.slice(0, 120),
      '76fc6ece0f4e1768cddf8853bb2d551b',
    ],
  ] as const;
  for (const [number, material, nonce, additional, text, sealed, tag] of cases)
    test(`test case ${number} seals and opens`, () => {
      const aead = createAeadKey(material.length === 32 ? 'aes-128-gcm' : 'aes-256-gcm', bytesOf(material));
      const length = text.length / 2;
      const bytes = new Uint8Array(length + 16);
      bytes.set(bytesOf(text));
      aead.seal(bytes, 0, length, bytesOf(nonce), bytesOf(additional));
      assert.equal(Buffer.from(bytes).toString('hex'), sealed + tag);
      assert.ok(aead.open(bytes, 0, bytes.length, bytesOf(nonce), bytesOf(additional)));
      assert.equal(Buffer.from(bytes.subarray(0, length)).toString('hex'), text);
    });
});

describe('SP 800-38D §6.4 GHASH', () => {
  test('extreme H and messages of every number of blocks agree with arithmetic bit by bit', () => {
    const keys = ['80'.padEnd(32, '0'), '01'.padStart(32, '0'), 'ff'.repeat(16), '00'.repeat(16)];
    keys.push('5555555555555555aaaaaaaaaaaaaaaa', '00000000000000018000000000000000', 'e1'.padEnd(32, '0'));
    for (const [index, h] of keys.entries())
      for (let blocks = 0; blocks < 50; blocks++) {
        const data = new Uint8Array(blocks * 16).map((_, i) => [0xff, 0x01, 0x80, i * 151][(i + index) % 4]!);
        assert.equal(ghash(bytesOf(h), data), slowGhash(bytesOf(h), data), `H ${h}, ${blocks} blocks`);
      }
  });
});

/** With a key stream of zeros, sealing changes nothing and the tag is GHASH itself. */
function ghash(h: Uint8Array, data: Uint8Array): string {
  const module = gcmModule()!;
  heap.set(h, NONCE_AT);
  module.prepare(GCM_STATE_AT, NONCE_AT);
  heap.fill(0, STREAM_AT, STREAM_AT + data.length + 16);
  heap.set(data, DATA_AT);
  module.seal(GCM_STATE_AT, STREAM_AT, AAD_AT, 0, DATA_AT, data.length);
  return Buffer.from(heap.subarray(DATA_AT + data.length, DATA_AT + data.length + 16)).toString('hex');
}

function slowGhash(h: Uint8Array, data: Uint8Array): string {
  const blocks = [];
  for (let at = 0; at < data.length; at += 16) blocks.push(big(data.subarray(at, at + 16)));
  blocks.push(BigInt(data.length * 8));
  let sum = 0n;
  for (const block of blocks) sum = multiply(sum ^ block, big(h));
  return sum.toString(16).padStart(32, '0');
}

/** SP 800-38D §6.3, algorithm 1. */
function multiply(x: bigint, y: bigint): bigint {
  let z = 0n;
  for (let i = 127n; i >= 0n; i--) {
    if ((x >> i) & 1n) z ^= y;
    y = y & 1n ? (y >> 1n) ^ (0xe1n << 120n) : y >> 1n;
  }
  return z;
}

function big(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
