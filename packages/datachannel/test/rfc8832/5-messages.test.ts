import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACK, MAX_NAME_BYTES, type Open, parseDcep, writeOpen } from '@millrace/datachannel';
import { putU16 } from '@millrace/sans-io';
import fc from 'fast-check';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const open = (bytes: Uint8Array): Open | undefined => {
  const message = parseDcep(bytes);
  return message?.type === 'open' ? message.open : undefined;
};

const RELIABLE: Open = {
  label: '',
  protocol: '',
  ordered: true,
  maxRetransmits: undefined,
  maxPacketLifeTime: undefined,
  priority: 0,
};

/** Sent by libwebrtc (@roamhq/wrtc 0.10) for three calls of createDataChannel, as a peer received them. */
const CAPTURED: Array<[bytes: string, open: Open]> = [
  ['03000000000000000004000063686174', { ...RELIABLE, label: 'chat' }],
  [
    '0381000000000003000800036c6f73737920c3a9702f31',
    { ...RELIABLE, label: 'lossy é', protocol: 'p/1', ordered: false, maxRetransmits: 3 },
  ],
  ['03020000000001f40001000074', { ...RELIABLE, label: 't', maxPacketLifeTime: 500 }],
];

describe('RFC 8832 §5 messages', () => {
  for (const [bytes, expected] of CAPTURED) {
    test(`§5.1 '${expected.label}' as libwebrtc opens it is read, and written the same`, () => {
      assert.deepEqual(open(hex(bytes)), expected);
      assert.deepEqual(writeOpen(expected), hex(bytes));
    });
  }

  const types: Array<[type: number, limits: Partial<Open>]> = [
    [0x00, {}],
    [0x80, { ordered: false }],
    [0x01, { maxRetransmits: 7 }],
    [0x81, { ordered: false, maxRetransmits: 7 }],
    [0x02, { maxPacketLifeTime: 7 }],
    [0x82, { ordered: false, maxPacketLifeTime: 7 }],
  ];
  for (const [type, limits] of types) {
    test(`§5.1 channel type 0x${type.toString(16).padStart(2, '0')} is read and written`, () => {
      const parameter = type & 3 ? 7 : 0;
      const bytes = Uint8Array.of(3, type, 1, 0, 0, 0, 0, parameter, 0, 0, 0, 0);
      assert.deepEqual(open(bytes), { ...RELIABLE, priority: 256, ...limits });
      assert.deepEqual(writeOpen({ ...RELIABLE, priority: 256, ...limits }), bytes);
    });
  }

  test('§5.1 the reliability parameter of a reliable channel is ignored', () => {
    const bytes = Uint8Array.of(3, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0);
    assert.deepEqual(open(bytes), RELIABLE);
  });

  test('§5.1 parameter and priority have all of their bits', () => {
    const bytes = Uint8Array.of(3, 2, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0);
    assert.deepEqual(open(bytes), { ...RELIABLE, maxPacketLifeTime: 0xffff_ffff, priority: 0xffff });
  });

  test('§5.1 the reserved channel types are no channel', () => {
    for (let type = 0; type < 256; type++) {
      const isKnown = (type & 0x7f) <= 2;
      assert.equal(
        open(Uint8Array.of(3, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) !== undefined,
        isKnown,
        `${type}`,
      );
    }
  });

  test('§5.2 an ACK is one byte; bytes behind it are passed over', () => {
    assert.deepEqual(ACK, Uint8Array.of(2));
    assert.deepEqual(parseDcep(ACK), { type: 'ack' });
    assert.deepEqual(parseDcep(Uint8Array.of(2, 0)), { type: 'ack' });
  });

  test('other message types are no message', () => {
    for (let type = 0; type < 256; type++)
      if (type !== 2 && type !== 3) assert.equal(parseDcep(Uint8Array.of(type, 0, 0, 0)), undefined);
    assert.equal(parseDcep(new Uint8Array(0)), undefined);
  });

  test('every truncation of an OPEN is no message', () => {
    const bytes = hex(CAPTURED[1]![0]);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(parseDcep(bytes.subarray(0, length)), undefined, `${length}`);
  });

  test('each length at 0, one less, one more and the most there is', () => {
    const [text, { label, protocol }] = CAPTURED[1]!;
    for (const at of [8, 10])
      for (const [what, change] of [
        ['0', () => 0],
        ['-1', (length: number) => length - 1],
        ['+1', (length: number) => length + 1],
        ['65535', () => 0xffff],
      ] as const) {
        const bytes = hex(text);
        const before = at === 8 ? 8 : 3;
        putU16(bytes, at, change(before));
        const message = open(bytes);
        if (change(before) > before) assert.equal(message, undefined, `${at} ${what}`);
        else assert.ok(message && (message.label !== label || message.protocol !== protocol));
      }
  });

  test('bytes behind the protocol are passed over: werift counts a label of é in characters', () => {
    const bytes = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x78, 0x79);
    assert.equal(open(bytes)?.label, 'x');
  });

  test('bytes that are no UTF-8 read as U+FFFD, a byte order mark stays', () => {
    const label = (...bytes: number[]): string | undefined =>
      open(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0, bytes.length, 0, 0, ...bytes))?.label;
    assert.equal(label(0xff, 0x61), '\ufffda');
    assert.equal(label(0xef, 0xbb, 0xbf, 0x61), '\ufeffa');
  });

  test('names of 65535 bytes fit', () => {
    const name = 'é'.repeat(32_767).concat('x');
    const message = parseDcep(writeOpen({ ...RELIABLE, label: name, protocol: name }));
    assert.equal(message?.type === 'open' && message.nameBytes, 2 * MAX_NAME_BYTES);
    assert.equal(message?.type === 'open' && message.open.label, name);
  });

  test(`any channel, written and read, is the same (seed ${seed})`, () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const limits = fc.oneof(
      fc.constant({}),
      u32.map((maxRetransmits) => ({ maxRetransmits })),
      u32.map((maxPacketLifeTime) => ({ maxPacketLifeTime })),
    );
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(
        text,
        text,
        fc.boolean(),
        fc.nat(0xffff),
        limits,
        (label, protocol, ordered, priority, limit) => {
          const channel: Open = { ...RELIABLE, label, protocol, ordered, priority, ...limit };
          assert.deepEqual(open(writeOpen(channel)), channel);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test(`random bytes never throw (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = 2 + (bytes[0]! & 1);
        parseDcep(bytes);
      }),
      { seed, numRuns: 5_000 },
    );
  });
});
