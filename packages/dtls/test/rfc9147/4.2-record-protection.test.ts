// Records of DTLS 1.3. Masks have known answers from RFC 9001 Appendix A, whose header protection is the same function.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { createAeadKey, createSequenceMask, slab } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import fc from 'fast-check';
import { CIPHER_SUITES_13 } from '../../src/cipher-suites-13.ts';
import type { DtlsCrypto } from '../../src/crypto.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { createEpoch13 } from '../../src/record/protection-13.ts';
import { fullSequence } from '../../src/record/unified-header.ts';
import { hex } from '../fixtures/records.ts';

const SUITES = [...CIPHER_SUITES_13.values()];
const SECRET_BYTES = { 'sha-256': 32, 'sha-384': 48 };
const APPLICATION_DATA = 23;

const BACK_ENDS: Array<[name: string, crypto: DtlsCrypto, allocate: (bytes: number) => Uint8Array]> = [
  ['node:crypto', nodeDtlsCrypto, (bytes) => new Uint8Array(bytes)],
  ['portable', { ...nodeDtlsCrypto, createAeadKey, createSequenceMask }, slab],
];
const native = loadNative();
const { aead, ciphers } = native ?? {};
if (native && aead && ciphers) {
  BACK_ENDS.push([
    'native',
    {
      ...nodeDtlsCrypto,
      createAeadKey: (algorithm, key) => aead.createAeadKey(algorithm, key),
      createRecordKey13: (algorithm, key, iv, direction) =>
        aead.createRecordKey13(algorithm, key, iv, direction),
      createSequenceMask: (algorithm, key) =>
        algorithm === 'chacha20-poly1305' ? createSequenceMask(algorithm, key) : ciphers.createMask(key),
    },
    (bytes) => native.slab(bytes),
  ]);
}

for (const [backEnd, crypto, allocate] of BACK_ENDS)
  for (const suite of SUITES) {
    const secret = Uint8Array.from({ length: SECRET_BYTES[suite.hash] }, (_, i) => i * 3 + 1);
    const make = (direction: 'seal' | 'open', epoch = 3) =>
      createEpoch13(crypto, suite, secret, epoch, direction);
    const room = allocate(20_000);
    /** The same bytes where the back end likes them. */
    const placed = (bytes: Uint8Array, at = 0): Uint8Array => {
      const view = room.subarray(at, at + bytes.length);
      view.set(bytes);
      return view;
    };

    describe(`RFC 9147 §4 records under ${suite.name} (${backEnd})`, () => {
      test('a record is what the RFC says, computed a second time by hand', () => {
        const content = Buffer.from('what the RFC says');
        const sequence = 0x1_0002_8001;
        const epoch = make('seal', 7);
        const out = placed(new Uint8Array(100));
        out.set(content, 10 + epoch.headroom);
        const length = epoch.seal(out, 10, content.length, APPLICATION_DATA, sequence);
        assert.equal(length, 5 + content.length + 1 + 16);
        assert.deepEqual(out.subarray(10, 10 + length), recordByHand(suite, secret, 7, sequence, content));
        assert.deepEqual(out.subarray(10 + length), new Uint8Array(90 - length));
      });

      test('content, type and sequence number come back, at every length', () => {
        const [sealing, opening] = [make('seal'), make('open')];
        for (const contentLength of [0, 1, 15, 16, 17, 63, 64, 65, 1200, 3583, 3584, 5120, 16_383, 16_384]) {
          const bytes = placed(new Uint8Array(contentLength + 40));
          const content = Uint8Array.from({ length: contentLength }, (_, i) => i * 7 + 1);
          bytes.set(content, 3 + sealing.headroom);
          const length = sealing.seal(bytes, 3, contentLength, 22, 70_000 + contentLength);
          assert.equal(opening.open(bytes, 3, 3 + length, 70_000), undefined);
          assert.deepEqual(bytes.subarray(opening.contentAt, opening.contentEnd), content);
          assert.equal(opening.innerType, 22);
          assert.equal(opening.sequence, 70_000 + contentLength);
          assert.equal(opening.recordEnd, 3 + length);
        }
      });

      test('the four forms of the header are understood (§4, figure 4)', () => {
        for (const [hasLongSequence, hasLength] of [
          [true, true],
          [true, false],
          [false, true],
          [false, false],
        ] as const) {
          const content = Buffer.from('some content');
          const record = placed(
            recordByHand(suite, secret, 3, 259, content, { hasLongSequence, hasLength }),
            20,
          );
          const epoch = make('open');
          assert.equal(epoch.open(record, 0, record.length, 258), undefined);
          assert.deepEqual(Buffer.from(record.subarray(epoch.contentAt, epoch.contentEnd)), content);
          assert.equal(epoch.sequence, 259);
        }
      });

      test('padding is cut off, and a record of nothing else has no type (RFC 8446 §5.4)', () => {
        const epoch = make('open');
        const padded = placed(recordByHand(suite, secret, 3, 1, Buffer.from('text'), { padding: 100 }), 20);
        assert.equal(epoch.open(padded, 0, padded.length, 0), undefined);
        assert.equal(Buffer.from(padded.subarray(epoch.contentAt, epoch.contentEnd)).toString(), 'text');
        const empty = recordByHand(suite, secret, 3, 2, Buffer.alloc(0), { padding: 40, type: 0 });
        assert.equal(epoch.open(empty, 0, empty.length, 0), undefined);
        assert.equal(epoch.innerType, 0);
        assert.equal(epoch.contentEnd, epoch.contentAt);
      });

      test('every changed bit, header included, makes it fail (§4.5.2: dropped in silence)', () => {
        const [sealing, opening] = [make('seal'), make('open')];
        const record = new Uint8Array(sealing.headroom + 20 + sealing.tailroom);
        const length = sealing.seal(record, 0, 20, APPLICATION_DATA, 5);
        for (let bit = 0; bit < length * 8; bit++) {
          const changed = placed(record, 20);
          changed[bit >> 3]! ^= 1 << (bit & 7);
          assert.notEqual(opening.open(changed, 0, length, 5), undefined, `bit ${bit}`);
        }
      });

      test('records lie end to end: none touches its neighbour, sealed or opened', () => {
        const [sealing, opening] = [make('seal'), make('open')];
        const bytes = placed(new Uint8Array(400).fill(0xaa));
        const starts: number[] = [];
        let at = 30;
        for (let i = 0; i < 8; i++) {
          starts.push(at);
          bytes.fill(i + 1, at + sealing.headroom, at + sealing.headroom + i);
          at += sealing.seal(bytes, at, i, APPLICATION_DATA, 1000 + i);
        }
        assert.deepEqual(bytes.slice(0, 30), new Uint8Array(30).fill(0xaa));
        assert.deepEqual(bytes.slice(at), new Uint8Array(400 - at).fill(0xaa));
        const contents: Array<[number, number]> = [];
        for (const start of starts) {
          assert.equal(opening.open(bytes, start, at, 1000), undefined);
          contents.push([opening.contentAt, opening.contentEnd]);
        }
        for (const [i, [from, to]] of contents.entries())
          assert.deepEqual(bytes.slice(from, to), new Uint8Array(i).fill(i + 1));
      });

      test('every truncation fails', () => {
        const [sealing, opening] = [make('seal'), make('open')];
        const record = new Uint8Array(sealing.headroom + 20 + sealing.tailroom);
        const length = sealing.seal(record, 0, 20, APPLICATION_DATA, 5);
        for (let end = 0; end < length; end++) {
          const reason = opening.open(placed(record, 20), 0, end, 5);
          assert.equal(reason, end === 0 ? 'bad-version' : 'truncated-record', `${end} bytes`);
        }
      });

      test('a ciphertext that is too short for the mask fails (§4.2.3 MUST)', () => {
        for (let ciphertext = 0; ciphertext < 17; ciphertext++) {
          const record = new Uint8Array(5 + ciphertext);
          record.set([0x2f, 0, 0, 0, ciphertext]);
          assert.equal(make('open').open(record, 0, record.length, 0), 'bad-mac');
        }
      });

      test('another epoch, a connection id, and other first bytes are told apart', () => {
        const [sealing, opening] = [make('seal', 3), make('open', 2)];
        const record = new Uint8Array(sealing.headroom + 4 + sealing.tailroom);
        const length = sealing.seal(record, 0, 4, APPLICATION_DATA, 0);
        assert.equal(opening.open(record, 0, length, 0), 'unknown-epoch');
        assert.equal(opening.recordEnd, length);
        const right = make('open', 3);
        record[0]! |= 0x10;
        assert.equal(right.open(record, 0, length, 0), 'bad-version');
        for (const first of [0, 20, 22, 23, 63 + 1, 128, 255]) {
          record[0] = first;
          assert.equal(right.open(record, 0, length, 0), 'bad-version');
        }
      });

      test('no record is longer than 2^14 + 256 bytes, nor its content than 2^14 (RFC 8446 §5.2, §5.4)', () => {
        const tooLong = new Uint8Array(5 + 16_384 + 257);
        tooLong.set([0x2f, 0, 0, (16_384 + 257) >> 8, (16_384 + 257) & 0xff]);
        assert.equal(make('open').open(tooLong, 0, tooLong.length, 0), 'record-too-long');
        const padded = recordByHand(suite, secret, 3, 0, Buffer.alloc(16_384, 1), { padding: 1 });
        assert.equal(make('open').open(padded, 0, padded.length, 0), 'record-too-long');
        const full = recordByHand(suite, secret, 3, 0, Buffer.alloc(16_000, 1), { padding: 384 });
        assert.equal(make('open').open(full, 0, full.length, 0), undefined);
      });

      test('random bytes never open and never throw', () => {
        const epoch = make('open');
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(2 ** 31), (bytes, expected) => {
            if (bytes.length > 0) bytes[0] = 0x20 | (bytes[0]! & 0x1f);
            assert.notEqual(epoch.open(bytes, 0, bytes.length, expected), undefined);
            assert.equal(epoch.recordEnd <= bytes.length, true);
          }),
        );
      });
    });
  }

describe('RFC 9147 §4.2.2 the whole sequence number', () => {
  test('is the one closest to what is expected', () => {
    assert.equal(fullSequence(0xffff, 0x10000, 0), 0xffff); // nothing below zero
    assert.equal(fullSequence(0, 0x10000, 0xffff), 0x10000);
    assert.equal(fullSequence(0xffff, 0x10000, 0x10000), 0xffff);
    assert.equal(fullSequence(5, 0x100, 0x1_0000_00fe), 0x1_0000_0105);
    assert.equal(fullSequence(0xfe, 0x100, 0x1_0000_0002), 0x1_0000_00fe - 0x100);
  });

  test('is right for whatever lies within half the span', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0x100 as const, 0x10000 as const),
        fc.nat(2 ** 47),
        fc.double({ min: -0.5, max: 0.499, noNaN: true }),
        (span, expected, offset) => {
          const sequence = Math.max(0, expected + Math.floor(offset * span));
          assert.equal(fullSequence(sequence % span, span, expected), sequence);
        },
      ),
    );
  });
});

describe('RFC 9147 §4.2.3 masks of sequence numbers', () => {
  test('AES: the header protection sample of RFC 9001 §A.2', () => {
    const mask = nodeDtlsCrypto.createSequenceMask('aes-128-gcm', hex('9f50449e04a0e810283a1e9933adedd2'));
    assert.equal(mask.of(hex('d1b1c98dd7689fb8ec11d242b123dc9b'), 0), 0x437b);
  });

  test('ChaCha20: the header protection sample of RFC 9001 §A.5', () => {
    const key = hex('25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4');
    const mask = nodeDtlsCrypto.createSequenceMask('chacha20-poly1305', key);
    assert.equal(mask.of(hex('5e5cd55c41f69080575d7999c25a5bfb'), 0), 0xaefe);
  });
});

interface Form {
  readonly hasLongSequence?: boolean;
  readonly hasLength?: boolean;
  readonly padding?: number;
  readonly type?: number;
}

/** A whole record, with node:crypto alone. */
function recordByHand(
  suite: (typeof SUITES)[number],
  secret: Uint8Array,
  epoch: number,
  sequence: number,
  content: Uint8Array,
  { hasLongSequence = true, hasLength = true, padding = 0, type = APPLICATION_DATA }: Form = {},
): Uint8Array {
  const expand = (label: string, length: number) =>
    createHmac(suite.hash.replace('-', ''), secret)
      .update(Buffer.from([0, length, 6 + label.length]))
      .update(`dtls13${label}`)
      .update(Buffer.from([0, 1]))
      .digest()
      .subarray(0, length);
  const inner = Buffer.concat([content, Buffer.from([type]), Buffer.alloc(padding)]);
  const ciphertextBytes = inner.length + 16;
  const first = 0x20 | (hasLongSequence ? 8 : 0) | (hasLength ? 4 : 0) | (epoch & 3);
  const header = Buffer.from([
    first,
    ...(hasLongSequence ? [(sequence >> 8) & 0xff] : []),
    sequence & 0xff,
    ...(hasLength ? [ciphertextBytes >> 8, ciphertextBytes & 0xff] : []),
  ]);
  const nonce = expand('iv', 12);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  for (let i = 0; i < 8; i++) nonce[4 + i]! ^= number[i]!;
  const cipher = createCipheriv(suite.aead as 'aes-128-gcm', expand('key', suite.keyBytes), nonce, {
    authTagLength: 16,
  });
  cipher.setAAD(header);
  const ciphertext = Buffer.concat([cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
  const sequenceKey = expand('sn', suite.keyBytes);
  const mask =
    suite.aead === 'chacha20-poly1305'
      ? createCipheriv('chacha20', sequenceKey, ciphertext.subarray(0, 16)).update(Buffer.alloc(2))
      : createCipheriv(`aes-${suite.keyBytes * 8}-ecb`, sequenceKey, null).update(ciphertext.subarray(0, 16));
  for (let i = 0; i < (hasLongSequence ? 2 : 1); i++) header[1 + i]! ^= mask[i]!;
  return new Uint8Array(Buffer.concat([header, ciphertext]));
}
