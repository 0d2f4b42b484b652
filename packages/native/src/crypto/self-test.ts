// Known-answer tests, run when the package is loaded: seal, open, and a forged record, for each algorithm. OpenSSL's
// inner workings are not ours; where an answer is another one, that algorithm is not used.
import { equalBytes } from '@millrace/sans-io';
import type { ForeignFunction } from '../ffi.ts';
import { OpenSslAeadKey } from './aead-key.ts';
import { AEAD_TAG_BYTES, type AeadAlgorithm, type RecordKey13 } from './keys.ts';
import type { OpenSsl } from './openssl.ts';
import { OpenSslRecordKey } from './record-key.ts';
import { Sha1HmacKey } from './sha1-hmac-key.ts';
import { OpenSslBlockKey, OpenSslCtrKey, OpenSslHmacKey, OpenSslMask } from './srtp-keys.ts';

interface Answer {
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plain: string;
  /** With the tag behind it. */
  readonly sealed: string;
}

/** Test cases 4 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation"; RFC 8439 §2.8.2. */
const ANSWERS: Readonly<Record<AeadAlgorithm, Answer>> = {
  'aes-128-gcm': {
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  },
  'aes-256-gcm': {
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
  'chacha20-poly1305': {
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '070000004041424344454647',
    aad: '50515253c0c1c2c3c4c5c6c7',
    plain:
      '4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e',
    sealed:
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  },
};

/** Undefined if all answers are right, or what was wrong. */
export function testAead(ssl: OpenSsl, algorithm: AeadAlgorithm): string | undefined {
  const answer = ANSWERS[algorithm];
  const [keyBytes, nonce, aad] = [fromHex(answer.key), fromHex(answer.nonce), fromHex(answer.aad)];
  const [plain, sealed] = [fromHex(answer.plain), fromHex(answer.sealed)];
  const room = ssl.memory.allocate(256);
  const key = new OpenSslAeadKey(ssl, algorithm, keyBytes);
  try {
    const bytes = room.subarray(0, sealed.length);
    bytes.set(plain);
    key.seal(bytes, 0, plain.length, nonce, aad);
    if (!equalBytes(bytes, sealed)) return 'seals to another result than it should';
    if (!key.open(bytes, 0, sealed.length, nonce, aad)) return 'refuses what it has sealed';
    if (!equalBytes(bytes.subarray(0, plain.length), plain)) return 'opens to another result than it should';
    bytes.set(sealed);
    bytes[bytes.length - 1]! ^= 1;
    if (key.open(bytes, 0, sealed.length, nonce, aad)) return 'opens a forged message';
    bytes.set(sealed);
    if (key.open(bytes, 0, sealed.length, nonce, new Uint8Array(1))) return 'takes other additional data';
    if (ssl.hasStaleError) return 'leaves errors behind';
    return testRecords(ssl, algorithm, keyBytes, room);
  } finally {
    key.close();
  }
}

/** Whole records of DTLS 1.3 are right if the one-message way makes the same ones. */
export function testRecords13(
  ssl: OpenSsl,
  algorithms: readonly AeadAlgorithm[],
  newKey: (
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    iv: Uint8Array,
    direction: 'seal' | 'open',
  ) => RecordKey13,
): string | undefined {
  const room = ssl.memory.allocate(1024);
  for (const algorithm of algorithms) {
    const { key: keyHex, nonce: nonceHex } = ANSWERS[algorithm];
    const [key, iv] = [fromHex(keyHex), fromHex(nonceHex)];
    const one = new OpenSslAeadKey(ssl, algorithm, key);
    const sealer = newKey(algorithm, key, iv, 'seal');
    const opener = newKey(algorithm, key, iv, 'open');
    try {
      for (const [header, length, high, low] of [
        ['2f00070026', 37, 0, 7],
        ['2b8007', 1, 0x1234, -2_147_450_873],
        ['2007', 64, 0, 0x7fff_ff07],
        ['2f00080226', 549, 1, 8],
      ] as const) {
        const aad = fromHex(header);
        const nonce = Uint8Array.from(iv);
        for (let i = 0; i < 4; i++) {
          nonce[4 + i]! ^= high >> (24 - 8 * i);
          nonce[8 + i]! ^= low >> (24 - 8 * i);
        }
        const [at, recordEnd] = [100, 100 + length + AEAD_TAG_BYTES];
        const headerAt = at - aad.length;
        for (let i = 0; i < room.length; i++) room[i] = i;
        room.set(aad, headerAt);
        const plain = room.slice();
        const expected = room.slice();
        one.seal(expected, at, at + length, nonce, aad);
        sealer.seal(room, headerAt, at, at + length, high, low);
        if (!equalBytes(room, expected)) return 'seals to another result than it should';
        room[recordEnd - 1]! ^= 1;
        if (opener.open(room, headerAt, at, recordEnd, high, low)) return 'opens a forged record';
        room.set(expected);
        if (!opener.open(room, headerAt, at, recordEnd, high, low)) return 'refuses its own records';
        if (!equalBytes(room.subarray(0, at + length), plain.subarray(0, at + length)))
          return 'opens to another result than it should';
      }
    } finally {
      for (const each of [one, sealer, opener]) each.close();
    }
  }
  return ssl.hasStaleError ? 'leaves errors behind' : undefined;
}

/** Records are right if the one-message way opens them. */
function testRecords(
  ssl: OpenSsl,
  algorithm: AeadAlgorithm,
  keyBytes: Uint8Array,
  room: Uint8Array,
): string | undefined {
  const isGcm = algorithm !== 'chacha20-poly1305';
  const fixed = fromHex(isGcm ? 'a1a2a3a4' : 'a1a2a3a4a5a6a7a8a9aaabac');
  const key = new OpenSslAeadKey(ssl, algorithm, keyBytes);
  const sealer = new OpenSslRecordKey(ssl, algorithm, keyBytes, fixed, 'seal');
  const opener = new OpenSslRecordKey(ssl, algorithm, keyBytes, fixed, 'open');
  try {
    // The second counts on from the first; the third jumps.
    for (const sequence of ['0001000000000007', '0001000000000008', '0001000100000000']) {
      const content = fromHex('00112233445566778899aabbccddeeff0123456789');
      const contentAt = sealer.headroom;
      const record = room.subarray(0, contentAt + content.length + AEAD_TAG_BYTES);
      record.set(fromHex(`17fefd${sequence}0000`));
      record.set(content, contentAt);
      sealer.seal(record, 0, contentAt, contentAt + content.length);
      const [nonce, aad] = [new Uint8Array(12), new Uint8Array(13)];
      nonce.set(fixed);
      for (let i = 0; i < 8; i++) nonce[4 + i] = (isGcm ? 0 : fixed[4 + i]!) ^ record[3 + i]!;
      aad.set(record.subarray(3, 11));
      aad.set(record.subarray(0, 3), 8);
      aad[12] = content.length;
      const copy = record.slice();
      if (isGcm && !equalBytes(record.subarray(13, 21), record.subarray(3, 11)))
        return 'writes another nonce than the sequence number';
      if (!key.open(copy, contentAt, copy.length, nonce, aad)) return 'seals records that nobody can open';
      if (!equalBytes(copy.subarray(contentAt, contentAt + content.length), content))
        return 'seals records to another result than it should';
      const forged = record.slice();
      forged[contentAt]! ^= 1;
      if (opener.open(forged, 0, contentAt, forged.length)) return 'opens a forged record';
      if (!opener.open(record, 0, contentAt, record.length)) return 'refuses its own records';
      if (!equalBytes(record.subarray(contentAt, contentAt + content.length), content))
        return 'opens records to another result than it should';
    }
    return ssl.hasStaleError ? 'leaves errors behind' : undefined;
  } finally {
    for (const each of [key, sealer, opener]) each.close();
  }
}

/** FIPS 197 appendix C.1; NIST SP 800-38A F.5.1; RFC 2202 §3, case 1. */
export function testCiphers(ssl: OpenSsl): string | undefined {
  const block = new OpenSslBlockKey(ssl, fromHex('000102030405060708090a0b0c0d0e0f'));
  const mask = new OpenSslMask(ssl, fromHex('000102030405060708090a0b0c0d0e0f'));
  const ctr = new OpenSslCtrKey(ssl, fromHex('2b7e151628aed2a6abf7158809cf4f3c'));
  const hmac = new OpenSslHmacKey(ssl, new Uint8Array(20).fill(0x0b));
  try {
    const out = new Uint8Array(20);
    block.encrypt(fromHex('00112233445566778899aabbccddeeff'), 0, out, 0);
    if (!equalBytes(out.subarray(0, 16), fromHex('69c4e0d86a7b0430d8cdb78070b4c55a')))
      return 'AES of a block is wrong';
    const masks = new Int32Array(2);
    mask.ofAll(fromHex('ff00112233445566778899aabbccddeeff'), Int32Array.of(1, 1), 2, masks);
    if (masks[0] !== 0x69c4 || masks[1] !== 0x69c4) return 'AES of many blocks is wrong';
    const bytes = fromHex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
    ctr.apply(bytes, 0, bytes.length, fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'));
    if (!equalBytes(bytes, fromHex('874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff')))
      return 'AES-CTR is wrong';
    for (let round = 0; round < 2; round++) {
      out.fill(0);
      const text = fromHex('4869205468657265');
      hmac.sign(text, 0, text.length, out, 0, 20);
      if (!equalBytes(out, fromHex('b617318655057264e28bc0b6fb378c8ef146be00'))) return 'HMAC-SHA1 is wrong';
    }
    return undefined;
  } finally {
    for (const each of [block, mask, ctr, hmac]) each.close();
  }
}

/** The block function has to make of messages of every length about two blocks what the EVP interface does. */
export function testSha1(ssl: OpenSsl, update: ForeignFunction): string | undefined {
  const secret = new Uint8Array(20).fill(0x0b);
  const room = ssl.memory.allocate(256);
  for (let i = 0; i < room.length; i++) room[i] = i * 7;
  const [key, reference] = [new Sha1HmacKey(ssl, update, secret), new OpenSslHmacKey(ssl, secret)];
  const [tag, expected] = [new Uint8Array(20), new Uint8Array(20)];
  try {
    for (let length = 0; length <= 200; length++) {
      key.sign(room, 0, length, tag, 0, 20);
      reference.sign(room, 0, length, expected, 0, 20);
      if (!equalBytes(tag, expected)) return 'SHA-1 by blocks is wrong';
    }
    return undefined;
  } finally {
    key.close();
    reference.close();
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
