import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addMissing, Nack, RTCP_KIND, writeNack, writePli } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';
import { assertNeedsRoom, readerAt, sweep, written } from '../rtcp/packets.ts';

function missing(input: string | Uint8Array): number[] {
  const nack = new Nack();
  assert(nack.read(readerAt(input)));
  const seen: number[] = [];
  while (nack.next()) seen.push(nack.sequenceNumber);
  assert(!nack.next());
  return seen;
}

const nackOf =
  (sequenceNumbers: readonly number[]) =>
  (out: Uint8Array, at: number, end: number): number => {
    let length = writeNack(out, at, end, 1, 2);
    if (length === 0) return 0;
    for (const each of sequenceNumbers) if (!addMissing(out, at, end, each)) return 0;
    length = (((out[at + 2]! << 8) | out[at + 3]!) + 1) * 4;
    return length;
  };

describe('RFC 4585 §6.2.1 NACK', () => {
  test('each entry tells of one packet and of the 16 behind it, across the wrap', () => {
    const text = '81cd0005 00000001 00000002 00640000 fffe8003 000a0100';
    assert.deepEqual(missing(text), [100, 65_534, 65_535, 0, 14, 10, 19]);
    const nack = new Nack();
    assert(nack.read(readerAt(text)));
    assert.deepEqual([nack.senderSsrc, nack.mediaSsrc], [1, 2]);
  });

  test('every bit stands for its packet', () => {
    for (let bit = 0; bit < 16; bit++) {
      const bits = (1 << bit).toString(16).padStart(4, '0');
      assert.deepEqual(missing(`81cd0003 00000001 00000002 ffff${bits}`), [65_535, bit]);
    }
    assert.deepEqual(
      missing('81cd0003 00000001 00000002 0000ffff'),
      Array.from({ length: 17 }, (_, i) => i),
    );
  });

  test('a packet without an entry, or of another kind, is refused', () => {
    const nack = new Nack();
    assert.equal(nack.read(readerAt('81cd0002 00000001 00000002')), false);
    assert.equal(nack.read(readerAt('82cd0003 00000001 00000002 00000000')), false);
    assert.equal(nack.read(readerAt('81ce0003 00000001 00000002 00000000')), false);
    sweep(hex('81cd0004 00000001 00000002 0064ffff fffe8003'), (reader) => {
      if (!nack.read(reader)) return;
      let count = 0;
      while (nack.next()) assert(++count <= 34);
    });
  });

  test('packets in order share entries', () => {
    assert.deepEqual(
      written(nackOf([65_534, 65_535, 0, 14, 15, 31])),
      hex('81cd0004 00000001 00000002 fffe8003 000f8000'),
    );
    assert.deepEqual(written(nackOf([5, 5])), hex('81cd0003 00000001 00000002 00050000'));
  });

  test('any set of packets reads as it was written, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 100 }), (list) => {
        const sorted = [...new Set(list)].sort((a, b) => a - b);
        assert.deepEqual(missing(written(nackOf(sorted))), sorted);
        assert.deepEqual(new Set(missing(written(nackOf(list)))), new Set(list));
      }),
    );
  });

  test('are not written without room', () => {
    assertNeedsRoom((out, at, end) => writeNack(out, at, end, 1, 2));
    assertNeedsRoom(nackOf([1]));
    assertNeedsRoom(nackOf([1, 18, 100]));
  });
});

test('RFC 4585 §6.3.1 PLI says whose picture is lost, and nothing else', () => {
  const write = (out: Uint8Array, at: number, end: number): number => writePli(out, at, end, 1, 0xdeadbeef);
  const reader = readerAt(written(write));
  assert.deepEqual(written(write), hex('81ce0002 00000001 deadbeef'));
  assert.deepEqual([reader.kind, reader.senderSsrc, reader.mediaSsrc], [RTCP_KIND.pli, 1, 0xdeadbeef]);
  assertNeedsRoom(write);
});
