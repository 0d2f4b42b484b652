// Messages made to cost as much as can be.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_ATTRIBUTES, parseMessage, STUN_ATTRIBUTES, USERNAME } from '@millrace/stun';

/** A Binding request with `count` attributes without value, each of another type. */
function bomb(count: number): Uint8Array {
  const bytes = new Uint8Array(20 + count * 4);
  bytes.set([0x00, 0x01, (count * 4) >> 8, (count * 4) & 0xff, 0x21, 0x12, 0xa4, 0x42]);
  for (let i = 0; i < count; i++) bytes.set([0x40 | (i >> 8), i & 0xff, 0, 0], 20 + i * 4);
  return bytes;
}

describe('RFC 8489 §14: attribute bombs', () => {
  test('MAX_ATTRIBUTES are read, one more makes the message malformed', () => {
    const full = bomb(MAX_ATTRIBUTES);
    assert.equal(parseMessage(full, 0, full.length)?.unknownRequired.length, MAX_ATTRIBUTES);
    const over = bomb(MAX_ATTRIBUTES + 1);
    assert.equal(parseMessage(over, 0, over.length), undefined);
  });

  test('64 KiB of them are given up after the first MAX_ATTRIBUTES', () => {
    const bytes = bomb(16_378);
    let looks = 0;
    const table = new Map(STUN_ATTRIBUTES);
    const has = table.has.bind(table);
    table.has = (type) => {
      looks++;
      return has(type);
    };
    assert.equal(parseMessage(bytes, 0, bytes.length, table), undefined);
    assert.equal(looks, MAX_ATTRIBUTES);
  });

  test('one type 64 times counts once', () => {
    const bytes = bomb(MAX_ATTRIBUTES);
    for (let i = 0; i < MAX_ATTRIBUTES; i++) bytes.set([0, USERNAME.type], 20 + i * 4);
    assert.deepEqual(parseMessage(bytes, 0, bytes.length)?.attributeTypes, [USERNAME.type]);
  });
});
