// Records that are sealed in a batch, and opened with masks made ahead: the same as one by one, whatever happens between.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAeadKey, createSequenceMask, slab } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import fc from 'fast-check';
import { CIPHER_SUITES_13 } from '../../src/cipher-suites-13.ts';
import { type DtlsCrypto, MAX_MASKS } from '../../src/crypto.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { createEpoch13, type Epoch13 } from '../../src/record/protection-13.ts';
import { connected, sealed } from '../fixtures/connections.ts';
import { connected13 } from '../fixtures/connections-13.ts';

const APPLICATION_DATA = 23;
const ROOM = 20_000;
const FRONT = 16;

const BACK_ENDS: Array<[name: string, crypto: DtlsCrypto, allocate: (bytes: number) => Uint8Array]> = [
  ['node:crypto', nodeDtlsCrypto, (bytes) => new Uint8Array(bytes)],
  ['portable', { ...nodeDtlsCrypto, createAeadKey, createSequenceMask }, slab],
];
const native = loadNative();
const { aead, ciphers } = native ?? {};
if (native && aead && ciphers) {
  const crypto: DtlsCrypto = {
    ...nodeDtlsCrypto,
    createAeadKey: aead.createAeadKey,
    createRecordKey13: aead.createRecordKey13,
    createSequenceMask: (algorithm, key) =>
      algorithm === 'chacha20-poly1305' ? createSequenceMask(algorithm, key) : ciphers.createMask(key),
  };
  BACK_ENDS.push(['native', crypto, native.slab]);
}

for (const [backEnd, crypto, allocate] of BACK_ENDS)
  for (const suite of CIPHER_SUITES_13.values()) {
    const secret = new Uint8Array(suite.hash === 'sha-256' ? 32 : 48).fill(8);
    const make = (direction: 'seal' | 'open', epoch = 3) =>
      createEpoch13(crypto, suite, secret, epoch, direction);
    const room = allocate(ROOM);
    /** `count` records of `length` bytes, end to end from FRONT on; returns where they end. */
    const fill = (epoch: Epoch13, count: number, length: number, inBatch: boolean, first = 0): number => {
      let at = FRONT;
      for (let i = 0; i < count; i++) {
        room.fill(i + 1, at + epoch.headroom, at + epoch.headroom + length);
        at += inBatch
          ? epoch.sealInBatch(room, at, length, APPLICATION_DATA, first + i)
          : epoch.seal(room, at, length, APPLICATION_DATA, first + i);
      }
      if (inBatch) epoch.finishBatch();
      return at;
    };
    const recordBytes = (length: number): number => 5 + length + 17;
    const openAll = (epoch: Epoch13, at: number, end: number, length: number, first = 0): void => {
      for (let i = 0; at < end; i++, at = epoch.recordEnd) {
        assert.equal(epoch.open(room, at, end, first + i), undefined, `record ${i}`);
        assert.equal(epoch.sequence, first + i);
        assert.equal(epoch.contentEnd - epoch.contentAt, length);
        for (let each = epoch.contentAt; each < epoch.contentEnd; each++) assert.equal(room[each], i + 1);
      }
    };

    describe(`RFC 9147 §4.2.3 sequence numbers of many records under ${suite.name} (${backEnd})`, () => {
      test('a batch is byte for byte what single records are, at any number of them', () => {
        for (const count of [0, 1, 2, 3, MAX_MASKS - 1, MAX_MASKS, MAX_MASKS + 1, 2 * MAX_MASKS + 1]) {
          room.fill(0);
          const end = fill(make('seal'), count, 30, false, 65_500);
          const expected = room.slice();
          room.fill(0);
          assert.equal(fill(make('seal'), count, 30, true, 65_500), end);
          assert.equal(Buffer.compare(room, expected), 0, `${count} records`);
        }
      });

      test('a batch in another array finishes the one before', () => {
        const [epoch, single] = [make('seal'), make('seal')];
        const other = allocate(200);
        epoch.sealInBatch(room, FRONT, 10, APPLICATION_DATA, 0);
        const length = epoch.sealInBatch(other, FRONT, 10, APPLICATION_DATA, 1);
        epoch.finishBatch();
        for (const [i, bytes] of [room, other].entries()) {
          const expected = new Uint8Array(200);
          const plain = make('open');
          assert.equal(plain.open(bytes, FRONT, FRONT + length, i), undefined);
          expected.set(bytes.subarray(plain.contentAt, plain.contentEnd), FRONT + 5);
          single.seal(expected, FRONT, 10, APPLICATION_DATA, i);
          assert.equal(plain.open(expected, FRONT, FRONT + length, i), undefined);
        }
      });

      test('what was foreseen opens, as does what was not', () => {
        for (const count of [1, 2, MAX_MASKS, MAX_MASKS + 3])
          for (const part of [0, 0.5, 1]) {
            const epoch = make('open');
            const end = fill(make('seal'), count, 40, true, 100);
            const size = recordBytes(40);
            epoch.foresee(room, FRONT, FRONT + Math.floor(count * part) * size, size);
            openAll(epoch, FRONT, end, 40, 100);
          }
      });

      test('bytes that change between the two, records left out, other arrays and other epochs do no harm', () => {
        const size = recordBytes(20);
        const epoch = make('open');
        fill(make('seal'), 10, 20, true);
        epoch.foresee(room, FRONT, FRONT + 10 * size, size);
        const end = fill(make('seal'), 10, 20, true, 500); // others, in the same places
        openAll(epoch, FRONT, end, 20, 500);

        fill(make('seal'), 10, 20, true);
        epoch.foresee(room, FRONT, FRONT + 10 * size, size);
        for (const i of [1, 4, 9, 3]) {
          const at = FRONT + i * size;
          assert.equal(epoch.open(room, at, at + size, i), undefined);
          assert.equal(epoch.sequence, i);
        }
        fill(make('seal'), 1, 20, true, 7);
        const copy = allocate(ROOM);
        copy.set(room);
        epoch.foresee(room, FRONT, FRONT + size, size);
        assert.equal(epoch.open(copy, FRONT, FRONT + size, 7), undefined);

        const next = make('open', 4);
        const tail = fill(make('seal', 4), 3, 20, true);
        epoch.foresee(room, FRONT, tail, size);
        assert.equal(epoch.open(room, FRONT, tail, 0), 'unknown-epoch');
        next.foresee(room, FRONT, tail, size);
        openAll(next, FRONT, tail, 20);
      });

      test('whatever is announced, nothing throws, nothing changes and nothing forged opens', () => {
        const epoch = make('open');
        fc.assert(
          fc.property(
            fc.uint8Array({ maxLength: 300 }),
            fc.integer({ min: 1, max: 80 }),
            fc.array(fc.nat(63), { maxLength: 6 }),
            (bytes, size, firsts) => {
              room.fill(0, 0, 400);
              room.set(bytes, FRONT);
              for (const [i, first] of firsts.entries())
                if (i * size < bytes.length) room[FRONT + i * size] = first;
              const before = room.slice(0, 400);
              epoch.foresee(room, FRONT, FRONT + bytes.length, size);
              assert.deepEqual(room.slice(0, 400), before);
              for (let at = 0; at < bytes.length; at += size) {
                const end = FRONT + Math.min(at + size, bytes.length);
                assert.notEqual(epoch.open(room, FRONT + at, end, 0), undefined);
              }
            },
          ),
        );
      });
    });
  }

describe('a connection and its batches', () => {
  const TEXT = Buffer.from('one of many');
  const write = (all: ReturnType<typeof connected>, out: Uint8Array, count: number): number => {
    const { client } = all;
    let at = 0;
    for (let i = 0; i < count; i++) {
      out.set(TEXT, at + client.headroom);
      at += client.sealInBatch(out, at, TEXT.length);
    }
    return at;
  };

  for (const [version, start] of [
    ['1.3', connected13],
    ['1.2', connected],
  ] as const)
    test(`${version}: sealed and announced together, all arrive`, () => {
      const all = start();
      const out = new Uint8Array(10_000);
      const end = write(all, out, 100);
      all.client.finishBatch();
      all.server.foresee(out, 0, end, end / 100);
      for (let at = 0; at < end; at += end / 100) all.server.receive(out, at, at + end / 100, all.pair.now);
      all.server.drain(all.fromServer);
      assert.equal(all.fromServer.messages.length, 100);
    });

  test('1.3: new keys and the end of the connection leave no number in the clear', () => {
    for (const end of ['new keys', 'the end', 'a record of its own'] as const) {
      const all = connected13();
      const out = new Uint8Array(1_000);
      const length = write(all, out, 2);
      const clear = out.slice(0, length);
      if (end === 'the end') all.client.release(all.pair.now);
      else if (end === 'a record of its own') sealed(all.client, 'alone');
      else {
        all.client.updateKeys();
        all.pair.run(500);
        write(all, out.subarray(500), 1);
      }
      assert.notDeepEqual(out.slice(0, length), clear, end);
      all.server.receive(out, 0, length, all.pair.now);
      all.server.drain(all.fromServer);
      assert.equal(all.fromServer.messages.length, 2, end);
    }
  });
});
