import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ALTERNATE_SERVER,
  type Attribute,
  attributeTable,
  ERROR_CODE,
  flagAttribute,
  ICE_CONTROLLING,
  MAPPED_ADDRESS,
  MAX_ATTRIBUTES,
  METHOD_BINDING,
  MessageWriter,
  NONCE,
  PASSWORD_ALGORITHMS,
  PRIORITY,
  parseMessage,
  REALM,
  SOFTWARE,
  STUN_ATTRIBUTES,
  StunError,
  type StunMessage,
  UNKNOWN_ATTRIBUTES,
  USE_CANDIDATE,
  USERHASH,
  USERNAME,
  u32Attribute,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { REQUEST } from '../rfc5769/vectors.ts';

const ID = hex('b7e7a701bc34d686fa87dfae');

function written<T>(attribute: Attribute<T>, value: T): StunMessage {
  const out = new Uint8Array(2000).fill(0xee);
  const length = new MessageWriter()
    .begin(out, 3, out.length, 'request', METHOD_BINDING, ID)
    .add(attribute, value)
    .finish();
  assert(length > 0 && length % 4 === 0);
  const message = parseMessage(out, 3, 3 + length);
  assert(message);
  return message;
}

const address = fc.record(
  {
    address: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::7', 'fe80::1:2:3', '::ffff:192.0.2.1')),
    port: fc.integer({ min: 0, max: 65535 }),
  },
  { noNullPrototype: true },
);

describe('RFC 8489 §14 attributes', () => {
  test('values and the id are copies, also of a Buffer, whose slices are views', () => {
    const mapped = { address: '192.0.2.1', port: 32853 };
    const { bytes, at, end } = written(XOR_MAPPED_ADDRESS, mapped);
    const buffer = Buffer.from(bytes);
    const message = parseMessage(buffer, at, end)!;
    assert.deepEqual(message.get(XOR_MAPPED_ADDRESS), mapped);
    assert.deepEqual(message.get(XOR_MAPPED_ADDRESS), mapped, 'reading changes nothing');
    assert.deepEqual(Uint8Array.from(buffer), bytes);
    const { transactionId } = message;
    buffer.fill(0);
    assert.deepEqual(transactionId, ID);
    const hash = written(USERHASH, new Uint8Array(32).fill(7));
    const other = Buffer.from(hash.bytes);
    const value = parseMessage(other, hash.at, hash.end)!.get(USERHASH);
    other.fill(0);
    assert.deepEqual(value, new Uint8Array(32).fill(7));
  });

  const roundTrips: Array<[Attribute<unknown>, fc.Arbitrary<unknown>]> = [
    [MAPPED_ADDRESS, address],
    [XOR_MAPPED_ADDRESS, address],
    [ALTERNATE_SERVER, address],
    [USERNAME, fc.string({ unit: 'grapheme', maxLength: 60 }).filter((s) => s.length < 120)],
    [NONCE, fc.string({ maxLength: 128 })],
    [REALM, fc.string({ maxLength: 128 })],
    [SOFTWARE, fc.string({ maxLength: 128 })],
    [PRIORITY, fc.nat({ max: 0xffffffff })],
    [USE_CANDIDATE, fc.constant(true)],
    [ICE_CONTROLLING, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
    [USERHASH, fc.uint8Array({ minLength: 32, maxLength: 32 })],
    [UNKNOWN_ATTRIBUTES, fc.array(fc.integer({ min: 0, max: 65535 }), { maxLength: 20 })],
    [
      ERROR_CODE,
      fc.record(
        { code: fc.integer({ min: 300, max: 699 }), reason: fc.string({ maxLength: 100 }) },
        { noNullPrototype: true },
      ),
    ],
    [
      PASSWORD_ALGORITHMS,
      fc.array(
        fc.record(
          {
            algorithm: fc.integer({ min: 0, max: 65535 }),
            parameters: fc.uint8Array({ maxLength: 9 }),
          },
          { noNullPrototype: true },
        ),
        { maxLength: 4 },
      ),
    ],
  ] as Array<[Attribute<unknown>, fc.Arbitrary<unknown>]>;
  for (const [attribute, values] of roundTrips) {
    test(`${attribute.name} is read as it was written`, () => {
      fc.assert(
        fc.property(values, (value) => {
          assert.deepEqual(written(attribute, value).get(attribute), value);
        }),
        { numRuns: 200 },
      );
    });
  }

  test('every length of every attribute from 0 to its own ± 4 and the maximum is read or refused, never thrown', () => {
    for (const [attribute, values] of roundTrips) {
      for (const value of fc.sample(values, { numRuns: 5, seed: 7 })) {
        const message = written(attribute, value);
        const lengthAt = message.at + 22;
        const real = (message.bytes[lengthAt]! << 8) | message.bytes[lengthAt + 1]!;
        for (const length of [
          0,
          1,
          2,
          3,
          4,
          5,
          real - 4,
          real - 1,
          real + 1,
          real + 4,
          0x7fff,
          0xfffc,
          0xffff,
        ]) {
          if (length < 0) continue;
          const bytes = message.bytes.slice();
          bytes[lengthAt] = length >> 8;
          bytes[lengthAt + 1] = length & 0xff;
          const again = parseMessage(bytes, message.at, message.end);
          again?.get(attribute);
          if (((length + 3) & ~3) > message.end - lengthAt - 2) assert.equal(again, undefined);
        }
      }
    }
  });

  test('§14.1: an address of an unknown family or a length that is not its own is malformed', () => {
    for (const value of [
      '0003000001020304',
      '00010000010203',
      '0002000001020304',
      '000100000102030405060708',
      '',
    ]) {
      const bytes = hex(
        `000100002112a442b7e7a701bc34d686fa87dfae 0001 0000 ${value.padEnd(Math.ceil(value.length / 8) * 8, '0')}`,
      );
      bytes[3] = bytes.length - 20;
      bytes[23] = value.length / 2;
      const message = parseMessage(bytes, 0, bytes.length);
      assert(message);
      assert(message.has(MAPPED_ADDRESS));
      assert.equal(message.get(MAPPED_ADDRESS), undefined, value);
    }
  });

  test('§14.8: an error code outside 300 to 699 is malformed', () => {
    for (const code of ['0000 02 63', '0000 07 00', '0000 04 64', '0000 00 00', '000004']) {
      const value = hex(code);
      const bytes = new Uint8Array(20 + 4 + 4);
      bytes.set(hex('011100082112a442b7e7a701bc34d686fa87dfae0009'));
      bytes[23] = value.length;
      bytes.set(value, 24);
      assert.equal(parseMessage(bytes, 0, bytes.length)?.get(ERROR_CODE), undefined, code);
    }
  });

  test('text that is not UTF-8 is malformed', () => {
    const bytes = hex('000100082112a442b7e7a701bc34d686fa87dfae 00060002 c3280000');
    assert.equal(parseMessage(bytes, 0, bytes.length)?.get(USERNAME), undefined);
  });

  test('§14: of an attribute that comes twice only the first counts', () => {
    const out = new Uint8Array(100);
    const length = new MessageWriter()
      .begin(out, 0, 100, 'request', METHOD_BINDING, ID)
      .add(PRIORITY, 1)
      .add(PRIORITY, 2)
      .finish();
    assert.equal(parseMessage(out, 0, length)?.get(PRIORITY), 1);
  });

  test('§6.3.1: unknown comprehension-required attributes are listed, comprehension-optional ones ignored', () => {
    const out = new Uint8Array(100);
    const length = new MessageWriter()
      .begin(out, 0, 100, 'request', METHOD_BINDING, ID)
      .add(u32Attribute(0x7fff, 'unknown'), 1)
      .add(u32Attribute(0xc057, 'GOOG-NETWORK-INFO'), 2)
      .add(flagAttribute(0x0030, 'unknown'), true)
      .finish();
    const message = parseMessage(out, 0, length);
    assert.deepEqual(message?.unknownRequired, [0x7fff, 0x0030]);
    const table = attributeTable(STUN_ATTRIBUTES, [flagAttribute(0x0030, 'known now')]);
    assert.deepEqual(parseMessage(out, 0, length, table)?.unknownRequired, [0x7fff]);
  });

  test('64 attributes are a message, 65 are not', () => {
    for (const [count, good] of [
      [MAX_ATTRIBUTES, true],
      [MAX_ATTRIBUTES + 1, false],
    ] as const) {
      const bytes = new Uint8Array(20 + count * 4);
      bytes.set(REQUEST.subarray(0, 20));
      bytes[2] = (count * 4) >> 8;
      bytes[3] = (count * 4) & 0xff;
      for (let i = 0; i < count; i++) bytes[20 + i * 4] = 0x80;
      assert.equal(parseMessage(bytes, 0, bytes.length) !== undefined, good);
    }
  });

  test("a value that its attribute cannot carry is a caller's mistake", () => {
    const wrong: Array<[Attribute<unknown>, unknown]> = [
      [PRIORITY, -1],
      [PRIORITY, 2 ** 32],
      [ICE_CONTROLLING, 2n ** 64n],
      [USERNAME, 'x'.repeat(509)],
      [USERHASH, new Uint8Array(31)],
      [XOR_MAPPED_ADDRESS, { address: 'example.org', port: 1 }],
      [XOR_MAPPED_ADDRESS, { address: '1.2.3.4', port: 65536 }],
      [ERROR_CODE, { code: 200, reason: '' }],
      [UNKNOWN_ATTRIBUTES, [65536]],
    ] as Array<[Attribute<unknown>, unknown]>;
    for (const [attribute, value] of wrong)
      assert.throws(() => written(attribute, value), StunError, attribute.name);
  });

  test('a message that outgrows its room is given up as a whole', () => {
    const out = new Uint8Array(60);
    for (let room = 0; room < 60; room++) {
      const length = new MessageWriter()
        .begin(out, 0, room, 'request', METHOD_BINDING, ID)
        .add(SOFTWARE, 'millrace')
        .add(PRIORITY, 1)
        .finish();
      assert.equal(length, room < 40 ? 0 : 40, `room ${room}`);
    }
  });

  test('a transaction id has 12 bytes, and a finished message takes nothing more', () => {
    const writer = new MessageWriter();
    const out = new Uint8Array(60);
    assert.throws(() => writer.begin(out, 0, 60, 'request', METHOD_BINDING, new Uint8Array(11)), {
      code: 'BAD_TRANSACTION_ID',
    });
    writer.begin(out, 0, 60, 'request', METHOD_BINDING, ID).finish();
    assert.throws(() => writer.add(PRIORITY, 1), { code: 'BAD_CHANGE' });
    assert.throws(() => writer.finish(), { code: 'BAD_CHANGE' });
  });

  test('random bytes behind a good header never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const bytes = new Uint8Array(20 + (body.length & ~3));
        bytes.set(REQUEST.subarray(0, 20));
        bytes.set(body.subarray(0, body.length & ~3), 20);
        bytes[2] = 0;
        bytes[3] = bytes.length - 20;
        const message = parseMessage(bytes, 0, bytes.length);
        for (const attribute of STUN_ATTRIBUTES.values()) message?.get(attribute);
      }),
      { numRuns: 2000 },
    );
  });
});
