import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FlexfecHeader } from '../../src/interceptors/index.ts';

function numbers(header: FlexfecHeader): number[] {
  const found: number[] = [];
  while (header.next()) found.push(header.sequenceNumber);
  return found;
}

function packet(first: number, base: number, rest: number[]): Uint8Array {
  return Uint8Array.from([first, 0, 0, 0, 0, 0, 0, 0, base >> 8, base & 0xff, ...rest]);
}

describe('RFC 8627 §4.2.2.1 FEC header', () => {
  test('masks of 15, 46 and 110 bits tell which packets are protected', () => {
    const header = new FlexfecHeader();
    for (const [mask, expected] of [
      [
        [0x40, 0x01],
        [10, 24],
      ],
      [
        [0xc0, 0x01, 0x40, 0, 0, 1],
        [10, 24, 25, 55],
      ],
      [
        [0xc0, 0x01, 0xc0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 1],
        [10, 24, 25, 55, 56, 119],
      ],
    ] as const) {
      const bytes = packet(0, 10, [...mask, 9, 9, 9, 9]);
      assert.ok(header.read(bytes, 0, bytes.length));
      assert.deepEqual(numbers(header), expected);
      assert.equal(header.parityAt, 10 + mask.length);
    }
  });

  test('fixed blocks protect a row or a column', () => {
    const header = new FlexfecHeader();
    for (const [columns, rows, expected] of [
      [4, 0, [65_534, 65_535, 0, 1]],
      [4, 1, [65_534, 65_535, 0, 1]],
      [4, 3, [65_534, 2, 6]],
    ] as const) {
      const bytes = packet(0x40, 65_534, [columns, rows, 1]);
      assert.ok(header.read(bytes, 0, bytes.length));
      assert.deepEqual(numbers(header), expected);
    }
    assert.equal(header.read(packet(0x40, 1, [0, 3, 1]), 0, 13), false);
    assert.equal(header.read(packet(0x80, 1, [1, 3, 1]), 0, 13), false);
  });

  test('every truncation of the masks is refused', () => {
    const header = new FlexfecHeader();
    const bytes = packet(0, 10, [0xc0, 0x01, 0xc0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    for (let end = 0; end < bytes.length; end++) assert.equal(header.read(bytes, 0, end), false, `${end}`);
    assert.ok(header.read(bytes, 0, bytes.length));
  });
});
