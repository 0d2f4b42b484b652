import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UlpfecHeader } from '../../src/interceptors/index.ts';

function numbers(header: UlpfecHeader): number[] {
  const found: number[] = [];
  while (header.next()) found.push(header.sequenceNumber);
  return found;
}

describe('RFC 5109 §7.3 FEC header', () => {
  // §10.2's example in shape: packets 8 to 11 from base 8, a protection length of 0x140 cut to 4.
  const short = Uint8Array.of(0, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 4, 0, 4, 0xb0, 0x01, 1, 2, 3, 4);

  test('the mask tells which packets are protected, across the wrap', () => {
    const header = new UlpfecHeader();
    assert.ok(header.read(short, 0, short.length));
    assert.deepEqual(numbers(header), [0xfffe, 0, 1, 13]);
    assert.deepEqual([header.parityAt, header.protectionBytes], [14, 4]);
  });

  test('a long mask has 48 bits', () => {
    const long = Uint8Array.of(0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 1);
    const header = new UlpfecHeader();
    assert.ok(header.read(long, 0, long.length));
    assert.deepEqual(numbers(header), [0, 47]);
  });

  test('every truncation is refused', () => {
    const header = new UlpfecHeader();
    for (let end = 0; end < short.length; end++) assert.equal(header.read(short, 0, end), false);
    assert.equal(header.read(short, 0, 100), false);
  });
});
