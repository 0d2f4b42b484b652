import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../src/options.ts';
import { COMPLETION, ShapeScan, shapeProblem } from '../src/request-shape/json-shape.ts';

/** The verdict that building the whole thing would give. */
function plainVerdict(bytes: Uint8Array): boolean {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return Object.hasOwn(value, 'model') && typeof value.model === 'string' && Array.isArray(value.messages);
  } catch {
    return false;
  }
}
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const agrees = (bytes: Uint8Array): void =>
  assert.equal(
    shapeProblem(bytes, COMPLETION) === undefined,
    plainVerdict(bytes),
    Buffer.from(bytes).toString(),
  );

/** What is said of bytes that come cut at `cuts`. */
function problemInPieces(bytes: Uint8Array, cuts: readonly number[]): string | undefined {
  const scan = new ShapeScan(COMPLETION);
  const other = new ShapeScan(COMPLETION); // of another request, in between
  let at = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    scan.push(bytes.subarray(at, cut));
    other.push(utf8('{"model": [nul'.slice(0, at % 15)));
    at = cut;
  }
  return scan.end();
}

const REQUEST = fc
  .record(
    {
      model: fc.oneof(fc.string(), fc.jsonValue()),
      messages: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      other: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .chain((value) => fc.constantFrom(0, 1, '\t').map((space) => JSON.stringify(value, null, space)));

describe('the shape of a request body', () => {
  test('agrees with JSON.parse on what JSON.stringify writes, and on every way to spoil one byte of it', () => {
    fc.assert(
      fc.property(
        REQUEST,
        fc.nat(),
        fc.constantFrom(...utf8('{}[]",:\\ue-+.019tn \n\u0001\u00e9')),
        (text, at, byte) => {
          const bytes = utf8(text);
          agrees(bytes);
          const changed = Uint8Array.from(bytes);
          changed[at % bytes.length] = byte;
          agrees(changed);
          agrees(bytes.subarray(0, at % bytes.length));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('is the same wherever the bytes are cut, in the midst of a character too, and whoever else is looked at', () => {
    fc.assert(
      fc.property(
        REQUEST,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.nat(),
        fc.constantFrom(...utf8('{}[]",:\\u0t \n'), 0xe2, 0x82, 0xff),
        (text, cuts, at, byte) => {
          const bytes = utf8(text);
          assert.equal(problemInPieces(bytes, cuts), shapeProblem(bytes, COMPLETION));
          bytes.fill(byte, at % bytes.length, (at % bytes.length) + 1);
          assert.equal(
            problemInPieces(bytes, cuts) === undefined,
            shapeProblem(bytes, COMPLETION) === undefined,
          );
        },
      ),
      { numRuns: 2_000 },
    );
    const long = utf8(
      `{"model":"${'é€😀'.repeat(30_000)}","messages":[${'"\\u20ac\\n",'.repeat(9_999)}-1.5e-7]}`,
    );
    for (const size of [1, 7, 4096, 65_536, 65_537]) {
      const cuts = Array.from({ length: Math.floor(long.length / size) }, (_, i) => (i + 1) * size);
      assert.equal(problemInPieces(long, cuts), undefined);
    }
  });

  test('is known to be wrong as soon as it is', () => {
    const scan = new ShapeScan(COMPLETION);
    assert.equal(scan.push(utf8('{"model":"m","messages":[')), true);
    assert.equal(scan.push(utf8('tru,')), false);
    assert.equal(scan.push(utf8('e]}')), false);
    assert.equal(scan.end(), 'the body is not a JSON object (byte 28)');
    assert.equal(shapeProblem(utf8('{"model":"'), COMPLETION), 'the body is not a JSON object (byte 10)');
    assert.equal(shapeProblem(utf8('{"model":1}'), COMPLETION), "'model' must be a string");
    assert.equal(shapeProblem(utf8('{"model":""}'), COMPLETION), "'messages' must be an array");
  });

  test('agrees with JSON.parse where grammars are easily got wrong', () => {
    const values = [
      ...[
        '0',
        '-0',
        '01',
        '1.',
        '.5',
        '-',
        '1e',
        '1e+',
        '1E-7',
        '+1',
        'NaN',
        'tru',
        'nulll',
        '"\\x"',
        '"\\u00g0"',
      ],
      ...[
        '"\\u00e9\\n"',
        '"\u2028"',
        '"\t"',
        '"',
        '[1,]',
        '[,]',
        '{"a":1,}',
        '{a:1}',
        '[}',
        '//',
        '',
        '\u00a01',
      ],
    ];
    for (const value of values) agrees(utf8(`{"model":"m","messages":[],"x":${value}}`));
    const names = ['"m\\u006fdel":1', '"model":null', '"Model":1', '"__proto__":1', '"messages":{}'];
    for (const name of names) agrees(utf8(`{"model":"m","messages":[],${name}}`));
    for (const text of [
      '',
      ' ',
      '{}',
      'null',
      '{"model":"m","messages":[]} x',
      ' {"messages":[],"model":""}\n',
    ])
      agrees(utf8(text));
    agrees(Buffer.concat([utf8('{"model":"'), Buffer.from([0xff]), utf8('","messages":[]}')]));
  });

  test(`is refused at a depth of ${LIMITS.depth + 1}, not at ${LIMITS.depth}`, () => {
    const nested = (depth: number): Uint8Array =>
      utf8(`{"model":"m","messages":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);
    assert.equal(shapeProblem(nested(LIMITS.depth), COMPLETION), undefined);
    assert.match(shapeProblem(nested(LIMITS.depth + 1), COMPLETION)!, /not a JSON object/);
    assert.match(shapeProblem(nested(1_000_000), COMPLETION)!, /not a JSON object/);
  });
});
