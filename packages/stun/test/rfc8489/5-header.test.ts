import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classOf, isStun, type MessageClass, messageType, methodOf, parseMessage } from '@millrace/stun';
import { hex } from '../hex.ts';
import { REQUEST } from '../rfc5769/vectors.ts';

describe('RFC 8489 §5 header', () => {
  const types: Array<[number, MessageClass, number]> = [
    [0x0001, 'request', 0x001],
    [0x0011, 'indication', 0x001],
    [0x0101, 'success', 0x001],
    [0x0111, 'error', 0x001],
    [0x0113, 'error', 0x003],
    [0x3eef, 'request', 0xfff],
    [0x3fff, 'error', 0xfff],
  ];
  for (const [type, messageClass, method] of types) {
    test(`type 0x${type.toString(16)} is ${messageClass} of method ${method}`, () => {
      assert.equal(messageType(messageClass, method), type);
      assert.equal(classOf(type), messageClass);
      assert.equal(methodOf(type), method);
    });
  }

  test('class and method survive together for all 16384 types', () => {
    for (let type = 0; type < 0x4000; type++) assert.equal(messageType(classOf(type), methodOf(type)), type);
  });

  test('a message stands at an offset of a longer buffer', () => {
    const buffer = new Uint8Array(300).fill(0xff);
    buffer.set(REQUEST, 100);
    assert(isStun(buffer, 100, 100 + REQUEST.length));
    assert(parseMessage(buffer, 100, 100 + REQUEST.length));
    assert(!isStun(buffer, 99, 100 + REQUEST.length));
    assert(!isStun(buffer, 100, 99 + REQUEST.length));
    assert(!isStun(REQUEST, 0, REQUEST.length + 4), 'beyond the buffer');
  });

  test('a header alone is a message without attributes', () => {
    const message = parseMessage(hex('00010000 2112a442 000102030405060708090a0b'), 0, 20);
    assert.deepEqual(message?.transactionId, hex('000102030405060708090a0b'));
    assert.equal(message?.transactionKey, 0x000102030405);
    assert.deepEqual(message?.attributeTypes, []);
  });

  test('the cookie, the two zero bits and the length have to be right', () => {
    for (const [at, value] of [
      [0, 0x40],
      [0, 0x80],
      [4, 0x20],
      [7, 0x43],
      [3, 0x57],
      [3, 0x5c],
      [3, 0x54],
      [3, 0x00],
      [2, 0xff],
    ] as const) {
      const bytes = REQUEST.slice();
      bytes[at] = value;
      assert.equal(parseMessage(bytes, 0, bytes.length), undefined, `byte ${at} = ${value}`);
    }
  });

  test('every truncation is refused, whether or not the header knows of it', () => {
    for (let length = 0; length < REQUEST.length; length++) {
      assert.equal(parseMessage(REQUEST, 0, length), undefined);
      const bytes = REQUEST.slice(0, length);
      if (length >= 20) bytes[3] = length - 20;
      const message = parseMessage(bytes, 0, length);
      // What is left may end between two attributes and then is a shorter message.
      if (message) assert((length - 20) % 4 === 0);
    }
  });
});
