// Whole DTLS 1.2 records: what the one-message way says about them, and the order of their numbers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { loadNative, NativeError, type RecordKey } from '../src/index.ts';
import { nodeKey } from '../src/testing/index.ts';

const SEED = Number(process.env.SEED ?? (Math.random() * 2 ** 31) | 0);
const random = new SeededRandom(SEED);
const native = loadNative();

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

const codeIs =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof NativeError && error.code === code;

for (const algorithm of native?.aead?.algorithms ?? []) {
  const { aead, slab } = native!;
  const isGcm = algorithm !== 'chacha20-poly1305';
  const headroom = isGcm ? 21 : 13;
  const newKeys = (): Keys => {
    const key = randomBytes(algorithm === 'aes-128-gcm' ? 16 : 32);
    const fixed = randomBytes(isGcm ? 4 : 12);
    return {
      fixed,
      seal: aead!.createRecordKey(algorithm, key, fixed, 'seal'),
      open: aead!.createRecordKey(algorithm, key, fixed, 'open'),
      reference: nodeKey(algorithm, key),
    };
  };

  describe(`records of ${algorithm}`, () => {
    for (const [where, allocate] of [
      ['a slab', (bytes: number) => slab!(bytes)],
      ['an ordinary array', (bytes: number) => new Uint8Array(bytes)],
    ] as const)
      test(`RFC 6347 §4.1.2.1: sealed in ${where}, node:crypto opens them, and the other side does`, () => {
        const keys = newKeys();
        const bytes = allocate(17_000);
        let sequence = 5n;
        for (const length of [0, 1, 15, 16, 17, 100, 1200, 1201, 9000, 16_384]) {
          sequence += length % 3 === 0 ? 1n : 1000n;
          const at = length % 5;
          const content = randomBytes(length);
          bytes.fill(0xee);
          bytes.set(header(sequence, 1), at);
          bytes.set(content, at + headroom);
          const recordBytes = keys.seal.seal(bytes, at, at + headroom, at + headroom + length);
          assert.equal(recordBytes, headroom + length + 16);
          assert.equal(keys.seal.overhead, headroom + 16);
          assert.equal((bytes[at + 11]! << 8) | bytes[at + 12]!, recordBytes - 13, 'length field');
          if (isGcm) assert.deepEqual(bytes.slice(at + 13, at + 21), bytes.slice(at + 3, at + 11));
          assert.ok(bytes.subarray(at + recordBytes, at + recordBytes + 50).every((byte) => byte === 0xee));
          const copy = bytes.slice(at, at + recordBytes);
          const { nonce, aad } = parameters(copy, keys.fixed, length, isGcm);
          assert.equal(keys.reference.open(copy, headroom, copy.length, nonce, aad), true, `SEED=${SEED}`);
          assert.deepEqual(copy.slice(headroom, headroom + length), content);
          assert.equal(keys.open.open(bytes, at, at + headroom, at + recordBytes), true);
          assert.deepEqual(bytes.slice(at + headroom, at + headroom + length), content);
        }
      });

    test('records open in any order, and forged ones never', () => {
      const keys = newKeys();
      const records = Array.from({ length: 50 }, (_, i) => {
        const record = slab!(headroom + 116);
        record.set(header(BigInt(i), 1));
        record.fill(i, headroom, headroom + 100);
        keys.seal.seal(record, 0, headroom, headroom + 100);
        return record;
      });
      for (const record of records.reverse()) {
        const forged = record.slice();
        // Any byte but the version's and the length's, which the record layer checks before.
        const at = random.below(2) ? random.below(1) : 3 + random.below(8);
        forged[at]! ^= 1 << random.below(8);
        const mangled = record.slice();
        mangled[13 + random.below(mangled.length - 13)]! ^= 1 << random.below(8);
        assert.equal(keys.open.open(forged, 0, headroom, forged.length), false, `SEED=${SEED} at ${at}`);
        assert.equal(keys.open.open(mangled, 0, headroom, mangled.length), false, `SEED=${SEED}`);
        assert.equal(keys.open.open(record.slice(), 0, headroom, record.length - 1), false);
        assert.equal(keys.open.open(record, 0, headroom, record.length), true);
        assert.ok(record.subarray(headroom, headroom + 100).every((byte) => byte === record[10]));
      }
    });

    test('too short for a record is no record, whatever is in it', () => {
      const keys = newKeys();
      const bytes = slab!(100);
      for (let end = headroom; end < headroom + 16; end++)
        assert.equal(keys.open.open(bytes, 0, headroom, end), false);
    });

    test('RFC 5288 §3: no sequence number is sealed twice, across the halves of its 48 bits', () => {
      const keys = newKeys();
      const bytes = slab!(100);
      const seal = (sequence: bigint, epoch = 1): number => {
        bytes.set(header(sequence, epoch));
        return keys.seal.seal(bytes, 0, headroom, headroom + 20);
      };
      const opens = (): void => assert.equal(keys.open.open(bytes, 0, headroom, headroom + 36), true);
      for (const sequence of [0n, 1n, 0x7fff_fffen, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn]) {
        seal(sequence);
        opens();
        assert.throws(() => seal(sequence), codeIs('NONCE_REUSE'));
        if (sequence > 0n) assert.throws(() => seal(sequence - 1n), codeIs('NONCE_REUSE'));
      }
      for (const sequence of [0x1_0000_0000n, 0x1_0000_0001n, 0xffff_ffff_ffffn]) {
        seal(sequence);
        opens();
        assert.throws(() => seal(0xffff_ffffn), codeIs('NONCE_REUSE'));
      }
      seal(0n, 2);
      opens();
      seal(0n, 0xffff);
      opens();
      assert.throws(() => seal(0xffff_ffff_ffffn, 2), codeIs('NONCE_REUSE'));
    });

    test('a key works in its direction, with lengths of its algorithm, until it is closed', () => {
      const keys = newKeys();
      const bytes = slab!(20_000);
      assert.throws(() => keys.open.seal(bytes, 0, headroom, 100), codeIs('WRONG_DIRECTION'));
      assert.throws(() => keys.seal.open(bytes, 0, headroom, 100), codeIs('WRONG_DIRECTION'));
      assert.throws(() => keys.seal.seal(bytes, 0, headroom + 1, 100), codeIs('BAD_RANGE'));
      assert.throws(() => keys.seal.seal(bytes, 0, headroom, headroom - 1), codeIs('BAD_RANGE'));
      assert.throws(() => keys.seal.seal(bytes, 0, headroom, 19_985), codeIs('BAD_RANGE'));
      assert.throws(() => keys.seal.seal(bytes, 0, headroom, headroom + 16_385), codeIs('BAD_LENGTH'));
      assert.throws(() => keys.open.open(bytes, 0, headroom - 1, 100), codeIs('BAD_RANGE'));
      const key = randomBytes(algorithm === 'aes-128-gcm' ? 16 : 32);
      for (const [k, fixed] of [
        [key.subarray(1), keys.fixed],
        [key, keys.fixed.subarray(1)],
        [new Uint8Array(0), keys.fixed],
      ] as const)
        assert.throws(() => aead!.createRecordKey(algorithm, k, fixed, 'seal'), codeIs('BAD_KEY'));
      keys.seal.close();
      keys.seal.close();
      assert.throws(() => keys.seal.seal(bytes, 0, headroom, 100), codeIs('CLOSED'));
    });
  });
}

interface Keys {
  readonly fixed: Uint8Array;
  readonly seal: RecordKey;
  readonly open: RecordKey;
  readonly reference: ReturnType<typeof nodeKey>;
}

/** Of an application data record of DTLS 1.2, with no length yet. */
function header(sequence: bigint, epoch: number): Uint8Array {
  const bytes = Buffer.alloc(13);
  bytes.set([23, 0xfe, 0xfd]);
  bytes.writeBigUInt64BE((BigInt(epoch) << 48n) | sequence, 3);
  return bytes;
}

function parameters(
  record: Uint8Array,
  fixed: Uint8Array,
  length: number,
  isGcm: boolean,
): { nonce: Uint8Array; aad: Uint8Array } {
  const [nonce, aad] = [new Uint8Array(12), new Uint8Array(13)];
  nonce.set(fixed);
  // RFC 7905 §2: the sequence number is XORed into the nonce; RFC 5288 §3: it stands behind the fixed part.
  for (let i = 0; i < 8; i++) nonce[4 + i] = (isGcm ? 0 : fixed[4 + i]!) ^ record[3 + i]!;
  aad.set(record.subarray(3, 11));
  aad.set(record.subarray(0, 3), 8);
  aad.set([length >> 8, length & 0xff], 11);
  return { nonce, aad };
}
