import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AppPacket,
  addSourceChunk,
  appName,
  Bye,
  RtpError,
  SDES_ITEM,
  SourceDescription,
  writeApp,
  writeBye,
  writeSourceDescription,
} from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from '../rtcp/packets.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const isCode = (code: string) => (error: unknown) => error instanceof RtpError && error.code === code;

type Chunk = [ssrc: number, items: Array<[type: number, text: string]>];

function chunks(input: string | Uint8Array): Chunk[] {
  const description = new SourceDescription();
  assert(description.read(readerAt(input)));
  const seen: Chunk[] = [];
  while (description.nextChunk()) {
    const items: Array<[number, string]> = [];
    while (description.nextItem()) items.push([description.itemType, description.text]);
    seen.push([description.ssrc, items]);
  }
  return seen;
}

describe('RFC 3550 §6.5 source descriptions', () => {
  test('chunks and items, each chunk padded to 32 bits', () => {
    const text = '82ca0007 00000001 01036162 63060174 00000000 00000002 01026465 0f013000';
    // In the first chunk two items and four zeros, in the second two items and one.
    assert.deepEqual(chunks(text), [
      [
        1,
        [
          [1, 'abc'],
          [6, 't'],
        ],
      ],
      [
        2,
        [
          [1, 'de'],
          [15, '0'],
        ],
      ],
    ]);
  });

  test('items that are not asked for are skipped', () => {
    const description = new SourceDescription();
    assert(description.read(readerAt('82ca0006 00000001 01036162 63000000 00000002 01026465 00000000')));
    assert(description.nextChunk() && description.nextChunk());
    assert.equal(description.ssrc, 2);
    assert(description.nextItem());
    assert.equal(description.text, 'de');
    assert(!description.nextItem() && !description.nextChunk() && !description.nextItem());
  });

  test('an item longer than the packet, or without a zero behind it, ends the walk', () => {
    assert.deepEqual(chunks('82ca0003 00000001 01076162 63000000'), [[1, []]]);
    assert.deepEqual(chunks('82ca0003 00000001 01066162 63000000'), [[1, []]]);
    assert.deepEqual(chunks('81ca0001 00000001'), []);
    assert.deepEqual(chunks('81ca0002 00000001 00000000'), [[1, []]]);
  });

  test('no byte makes the walk leave the packet or go on forever', () => {
    const description = new SourceDescription();
    sweep(hex('82ca0007 00000001 01036162 63060174 00000000 00000002 01026465 0f013000'), (reader) => {
      if (!description.read(reader)) return;
      let steps = 0;
      while (description.nextChunk())
        while (description.nextItem()) {
          assert(description.itemAt <= description.itemEnd && description.itemEnd < reader.end);
          assert(steps++ < 100);
        }
    });
  });

  test('any texts read as they were written', () => {
    const chunk = fc.tuple(
      fc.nat(0xffffffff),
      fc.integer({ min: 1, max: 255 }),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 31 }), (list) => {
        const bytes = written((out, at, end) => {
          let length = writeSourceDescription(out, at, end);
          for (const [ssrc, type, text] of list)
            length += addSourceChunk(out, at, end, ssrc, type, encode(text));
          return length <= 1_900 ? length : writeSourceDescription(out, at, end);
        });
        if (bytes.length === 4) return;
        assert.deepEqual(
          chunks(bytes),
          list.map(([ssrc, type, text]) => [ssrc, [[type, text]]]),
        );
      }),
    );
  });

  test('have up to 31 chunks of up to 255 bytes each', () => {
    const out = new Uint8Array(10_000);
    writeSourceDescription(out, 0, 10_000);
    for (let i = 0; i < 31; i++)
      assert.equal(addSourceChunk(out, 0, 10_000, i, SDES_ITEM.cname, new Uint8Array(255).fill(65)), 264);
    assert.equal(addSourceChunk(out, 0, 10_000, 1, SDES_ITEM.cname, encode('a')), 0);
    assert.throws(() => addSourceChunk(out, 0, 10_000, 1, 1, new Uint8Array(256)), isCode('BAD_VALUE'));
  });

  test('are not written without room', () => {
    assertNeedsRoom(writeSourceDescription);
    const out = new Uint8Array(20).fill(0xee);
    writeSourceDescription(out, 0, 20);
    assert.equal(addSourceChunk(out, 0, 15, 1, 1, encode('abc')), 0);
    assert.equal(addSourceChunk(out, 0, 16, 1, 1, encode('abc')), 12);
    assert.deepEqual(out, hex('81ca0003 00000001 01036162 63000000 eeeeeeee'));
  });
});

describe('RFC 3550 §6.6 goodbyes', () => {
  test('name sources, with or without a reason', () => {
    const bye = new Bye();
    assert(bye.read(readerAt('82cb0002 00000001 deadbeef')));
    assert.deepEqual([bye.sourceCount, bye.ssrc(0), bye.ssrc(1), bye.reason], [2, 1, 0xdeadbeef, '']);
    assert(bye.read(readerAt('81cb0003 00000001 04656e64 2e000000')));
    assert.deepEqual([bye.sourceCount, bye.reason], [1, 'end.']);
    assert(bye.read(readerAt('80cb0000')));
    assert.equal(bye.sourceCount, 0);
  });

  test('are refused if sources or reason are longer than the packet', () => {
    const bye = new Bye();
    assert.equal(bye.read(readerAt('83cb0002 00000001 deadbeef')), false);
    assert.equal(bye.read(readerAt('81cb0003 00000001 08656e64 2e000000')), false);
    assert.equal(bye.read(readerAt('80c90001 00000001')), false);
    sweep(hex('81cb0003 00000001 04656e64 2e000000'), (reader) => {
      if (!bye.read(reader)) return;
      assert(bye.reasonEnd <= reader.end && reader.at + 4 + bye.sourceCount * 4 <= reader.end);
    });
  });

  test('are written as they read', () => {
    assert.deepEqual(
      written((out, at, end) => writeBye(out, at, end, [1], encode('end.'))),
      hex('81cb0003 00000001 04656e64 2e000000'),
    );
    assert.deepEqual(
      written((out, at, end) => writeBye(out, at, end, [1, 0xdeadbeef])),
      hex('82cb0002 00000001 deadbeef'),
    );
    assertNeedsRoom((out, at, end) => writeBye(out, at, end, [1], encode('end')));
    const out = new Uint8Array(1_000);
    assert.throws(() => writeBye(out, 0, 1_000, new Uint32Array(32)), isCode('BAD_VALUE'));
    assert.throws(() => writeBye(out, 0, 1_000, [], new Uint8Array(256)), isCode('BAD_VALUE'));
    assert.equal(writeBye(out, 0, 1_000, new Uint32Array(31), new Uint8Array(255)), 4 + 31 * 4 + 256);
  });
});

describe("RFC 3550 §6.7 applications' own packets", () => {
  const APP = '85cc0004 00000001 6d696c6c 01020304 05060708';

  test('have a subtype, a name and data', () => {
    const app = new AppPacket();
    const reader = readerAt(APP);
    assert(app.read(reader));
    assert.deepEqual([app.subtype, app.ssrc, app.name], [5, 1, appName('mill')]);
    assert.deepEqual(app.bytes.slice(app.dataAt, app.dataEnd), hex('0102030405060708'));
    assert.equal(app.read(readerAt('80cc0001 00000001')), false);
    assert.equal(app.read(readerAt('80cb0002 00000001 00000001')), false);
  });

  test('are written as they read', () => {
    const data = hex('ff0102030405060708ff');
    const write = (out: Uint8Array, at: number, end: number): number =>
      writeApp(out, at, end, 5, 1, appName('mill'), data, 1, 9);
    assert.deepEqual(written(write), hex(APP));
    assertNeedsRoom(write);
  });

  test('what cannot be said is refused before anything changes', () => {
    const out = new Uint8Array(100);
    for (const name of ['abc', 'abcde', 'abcü', 'ab\nc'])
      assert.throws(() => appName(name), isCode('BAD_VALUE'));
    assert.throws(() => writeApp(out, 0, 100, 32, 1, 1, out, 0, 0), isCode('BAD_VALUE'));
    assert.throws(() => writeApp(out, 0, 100, 1, 1, 1, out, 0, 3), isCode('BAD_VALUE'));
    assert(out.every((byte) => byte === 0));
  });
});
