import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  MAX_QUESTIONS_PER_PACKET,
  MAX_RECORDS_PER_PACKET,
  parseAddresses,
  parseQuestions,
  TYPE_A,
  TYPE_AAAA,
  writeAnswer,
} from '../../src/transport/mdns-packet.ts';

const NAME = '3d3ca853-280d-4ec1-bd49-0bfca475e983.local';

function nameBytes(name: string): number[] {
  return [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

function query(questions: readonly number[], count = 1): Uint8Array {
  return Uint8Array.from([0, 7, 0, 0, count >> 8, count & 0xff, 0, 0, 0, 0, 0, 0, ...questions]);
}

describe('RFC 6762 §18: questions', () => {
  test('for addresses, with the unicast bit and in any letters', () => {
    const bytes = query(
      [...nameBytes(NAME.toUpperCase()), 0, TYPE_A, 0x80, 1, 0xc0, 12, 0, TYPE_AAAA, 0, 1],
      2,
    );
    assert.deepEqual(parseQuestions(bytes), [
      { name: NAME, type: TYPE_A, wantsUnicast: true },
      { name: NAME, type: TYPE_AAAA, wantsUnicast: false },
    ]);
  });

  test('a name in two parts is followed back', () => {
    const [first = '', second = ''] = NAME.split('.');
    const bytes = query(
      [...nameBytes(second), 0, 12, 0, 1, ...nameBytes(first).slice(0, -1), 0xc0, 12, 0, 1, 0, 1],
      2,
    );
    assert.deepEqual(parseQuestions(bytes), [{ name: NAME, type: TYPE_A, wantsUnicast: false }]);
  });

  test('answers, other types and other classes are none', () => {
    const question = [...nameBytes(NAME), 0, TYPE_A, 0, 1];
    const response = query(question);
    response[2] = 0x84;
    assert.deepEqual(parseQuestions(response), []);
    assert.deepEqual(parseQuestions(query([...nameBytes(NAME), 0, 12, 0, 1])), []);
    assert.deepEqual(parseQuestions(query([...nameBytes(NAME), 0, TYPE_A, 0, 3])), []);
  });

  test('MAX_QUESTIONS_PER_PACKET are read, one more is not', () => {
    const question = [...nameBytes(NAME), 0, TYPE_A, 0, 1];
    const count = MAX_QUESTIONS_PER_PACKET + 1;
    const bytes = query(Array.from({ length: count }, () => question).flat(), count);
    assert.equal(parseQuestions(bytes).length, MAX_QUESTIONS_PER_PACKET);
  });

  test('pointers in a circle, forward or beyond the end lead nowhere', () => {
    for (const pointer of [12, 14, 200, 0x3fff])
      assert.deepEqual(parseQuestions(query([0xc0 | (pointer >> 8), pointer & 0xff, 0, TYPE_A, 0, 1])), []);
  });

  test('every truncation and any bytes are read without harm', () => {
    const whole = query([...nameBytes(NAME), 0, TYPE_A, 0, 1]);
    for (let length = 0; length < whole.length; length++)
      assert.deepEqual(parseQuestions(whole.subarray(0, length)), []);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseQuestions(bytes)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseQuestions(query([...bytes], 40))),
    );
  });
});

/** `records` one behind the other; `counts` are those of answers, authorities and additional ones. */
function response(records: readonly number[], answers = 1, authorities = 0, additional = 0): Uint8Array {
  const counts = [answers, authorities, additional].flatMap((count) => [count >> 8, count & 0xff]);
  return Uint8Array.from([0, 0, 0x84, 0, 0, 0, ...counts, ...records]);
}

function record(name: readonly number[], type: number, data: readonly number[], kind = 0x8001): number[] {
  return [...name, 0, type, kind >> 8, kind & 0xff, 0, 0, 0, 120, 0, data.length, ...data];
}

describe('RFC 6762 §18: addresses', () => {
  const V4 = [192, 0, 2, 1];
  const V6 = [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1];

  test('of every section, and of names that point to others; what else is told is passed over', () => {
    const bytes = response(
      [
        ...record(nameBytes('_ipp._tcp.local'), 12, [0xc0, 12]),
        ...record(nameBytes(NAME.toUpperCase()), TYPE_A, V4),
        ...record([0xc0, 12], TYPE_A, V4, 3), // not of the Internet
        ...record([0xc0, 12], TYPE_A, V6),
        ...record([0xc0, 12 + 17 + 10 + 2], TYPE_AAAA, V6),
      ],
      2,
      2,
      1,
    );
    assert.deepEqual(parseAddresses(bytes), [
      { name: NAME, address: '192.0.2.1' },
      { name: NAME, address: '2001:db8::1' },
    ]);
  });

  test('what we answer, to resolvers of either kind', () => {
    for (const legacy of [undefined, { id: 7, type: TYPE_A }])
      for (const [bytes, address] of [
        [V4, '192.0.2.1'],
        [V6, '2001:db8::1'],
      ] as const) {
        const answer = writeAnswer({ name: NAME, address: Uint8Array.from(bytes), lifetime: 120, legacy });
        assert.deepEqual(parseAddresses(answer), [{ name: NAME, address }]);
      }
  });

  test('names of more than two parts are not even put together', () => {
    const longest = [...Array.from({ length: 126 }, () => [1, 0x61]).flat(), 0];
    assert.deepEqual(parseAddresses(response(record(longest, TYPE_A, V4))), []);
    assert.deepEqual(parseQuestions(query([...nameBytes(`a.${NAME}`), 0, TYPE_A, 0, 1])), []);
  });

  test('queries are none', () => {
    const bytes = response(record(nameBytes(NAME), TYPE_A, V4));
    bytes[2] = 0;
    assert.deepEqual(parseAddresses(bytes), []);
  });

  test('MAX_RECORDS_PER_PACKET are read, one more is not, nor anything behind too many questions', () => {
    const count = MAX_RECORDS_PER_PACKET + 1;
    const records = Array.from({ length: count }, () => record(nameBytes(NAME), TYPE_A, V4)).flat();
    assert.equal(parseAddresses(response(records, count)).length, MAX_RECORDS_PER_PACKET);
    const asks = MAX_QUESTIONS_PER_PACKET + 1;
    const questions = Array.from({ length: asks }, () => [...nameBytes(NAME), 0, TYPE_A, 0, 1]).flat();
    const bytes = response([...questions, ...record(nameBytes(NAME), TYPE_A, V4)]);
    bytes[5] = asks;
    assert.deepEqual(parseAddresses(bytes), []);
  });

  test('of 64 KiB of records as many are read', () => {
    const records = record(nameBytes(NAME), TYPE_A, V4);
    for (const rest = record([0xc0, 12], TYPE_A, V4); records.length < 65_000; ) records.push(...rest);
    const bytes = response(records, 0xffff);
    assert.equal(parseAddresses(bytes).length, MAX_RECORDS_PER_PACKET);
  });

  test('every truncation and any bytes are read without harm', () => {
    const whole = response(record(nameBytes(NAME), TYPE_A, V4));
    for (let length = 0; length < whole.length; length++)
      assert.deepEqual(parseAddresses(whole.subarray(0, length)), []);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseAddresses(bytes)));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        (bytes) => void parseAddresses(response([...bytes], 40, 40)),
      ),
    );
  });
});

describe('RFC 6762 §6: answers', () => {
  test('an address, for 120 seconds and in place of what was known, and that there is no other', () => {
    const bytes = writeAnswer({ name: NAME, address: Uint8Array.of(192, 0, 2, 1), lifetime: 120 });
    assert.deepEqual(
      [...bytes],
      [
        0,
        0,
        0x84,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        ...nameBytes(NAME),
        0,
        1,
        0x80,
        1,
        0,
        0,
        0,
        120,
        0,
        4,
        192,
        0,
        2,
        1,
        0xc0,
        12,
        0,
        47,
        0x80,
        1,
        0,
        0,
        0,
        120,
        0,
        5,
        0xc0,
        12,
        0,
        1,
        0x40,
      ],
    );
  });

  test('§10.1: a name that is given up has no time left', () => {
    const bytes = writeAnswer({ name: NAME, address: new Uint8Array(16), lifetime: 0 });
    assert.deepEqual(
      [...bytes.subarray(12 + NAME.length + 2)],
      [0, 28, 0x80, 1, 0, 0, 0, 0, 0, 16, ...new Array(16).fill(0)],
    );
  });

  test('§6.7: a resolver that knows nothing of multicast gets id and question back, and no cache-flush bit', () => {
    const bytes = writeAnswer({
      name: NAME,
      address: Uint8Array.of(192, 0, 2, 1),
      lifetime: 10,
      legacy: { id: 0x1234, type: TYPE_A },
    });
    const behind = 12 + NAME.length + 2;
    assert.deepEqual([...bytes.subarray(0, 6)], [0x12, 0x34, 0x84, 0, 0, 1]);
    assert.deepEqual([...bytes.subarray(behind, behind + 12)], [0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0]);
  });
});
