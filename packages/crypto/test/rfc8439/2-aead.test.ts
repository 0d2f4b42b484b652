import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAeadKey } from '@millrace/crypto';
import { chachaModule } from '../../src/wasm/chacha20-poly1305.ts';
import { DATA_AT, heap } from '../../src/wasm/memory.ts';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

describe('RFC 8439 §2.8 AEAD construction', () => {
  test('§2.8.2: the example seals and opens', () => {
    const key = createAeadKey(
      'chacha20-poly1305',
      Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i),
    );
    const nonce = bytesOf('07000000 40414243 44454647');
    const aad = bytesOf('50515253c0c1c2c3c4c5c6c7');
    const plain = Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const sealed = bytesOf(`
      d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6 3dbea45e8ca9671282fafb69da92728b
      1a71de0a9e060b2905d6a5b67ecd3b36 92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
      3ff4def08e4b7a9de576d26586cec64b 6116 1ae10b594f09e26a7e902ecbd0600691`);
    const bytes = new Uint8Array(plain.length + 16);
    bytes.set(plain);
    key.seal(bytes, 0, plain.length, nonce, aad);
    assert.deepEqual(bytes, sealed);
    assert.ok(key.open(bytes, 0, bytes.length, nonce, aad));
    assert.deepEqual(bytes.subarray(0, plain.length), new Uint8Array(plain));
  });
});

describe('RFC 8439 §2.5 Poly1305', () => {
  // RFC 8439 §A.3, from vector 7 on: the carries and the reduction that random messages do not reach.
  const ones = 'ff'.repeat(16);
  const cases: ReadonlyArray<readonly [name: string, r: string, s: string, data: string, tag: string]> = [
    ['7: h reaches 2^130 - 5', '02', '00', ones, '03'],
    ['8: the sum with s overflows', '02', ones, '02'.padEnd(32, '0'), '03'],
    ['9: a carry out of the last word', '01', '00', `${ones}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`, '05'],
    ['10: h is 2^130 - 5', '01', '00', `${ones}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, '00'],
    ['11: h is 2^130 - 6', '02', '00', `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
  ];
  for (const [name, r, s, data, tag] of cases)
    test(`§A.3 ${name}`, () => {
      assert.equal(mac(bytesOf(r.padEnd(32, '0') + s.padEnd(32, '0')), bytesOf(data)), tag.padEnd(32, '0'));
    });

  test('extreme words in key and message agree with arithmetic on big integers', () => {
    const words = ['00000000', 'ffffffff', '01000000', 'feffffff', '000000ff', 'fbffffff'];
    let turn = 0;
    const pick = (): string => words[(turn = (turn * 75 + 74) % 65_537) % words.length]!;
    for (let i = 0; i < 3_000; i++) {
      const key = bytesOf(Array.from({ length: 8 }, pick).join(''));
      const data = bytesOf(Array.from({ length: 4 * (1 + (i % 20)) }, pick).join(''));
      assert.equal(mac(key, data), bigMac(key, data), `key ${Buffer.from(key).toString('hex')}`);
    }
  });
});

function mac(key: Uint8Array, data: Uint8Array): string {
  heap.set(key, DATA_AT);
  heap.set(data, DATA_AT + 64);
  chachaModule()!.mac(DATA_AT, DATA_AT + 64, data.length / 16, DATA_AT + 32);
  return Buffer.from(heap.subarray(DATA_AT + 32, DATA_AT + 48)).toString('hex');
}

function bigMac(key: Uint8Array, data: Uint8Array): string {
  const r = little(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let h = 0n;
  for (let at = 0; at < data.length; at += 16)
    h = ((h + little(data.subarray(at, at + 16)) + (1n << 128n)) * r) % ((1n << 130n) - 5n);
  const tag = (h + little(key.subarray(16))) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse().toString('hex');
}

function little(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
