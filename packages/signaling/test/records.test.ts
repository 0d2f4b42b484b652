import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { writeBase64 } from '../src/records/base64.ts';
import { BatchWriter, plainBatch } from '../src/records/batch-writer.ts';
import { type Entry, isEntry, packRecords } from '../src/records/entry.ts';
import type { BodyFormat, NewRecord } from '../src/records/record.ts';

const ALL = { count: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
const writer = new BatchWriter();

/** The same batch both ways. */
function bothWays(
  entries: readonly Entry[],
  from: number,
  format: BodyFormat,
  limits = ALL,
): { direct: string; plain: string } {
  const last = entries.at(-1);
  const tail = { seq_num: last ? last.seqNum + last.count : 0, timestamp: last?.timestamp ?? 0 };
  writer.begin();
  writer.batch({ from, entries }, tail, format, limits);
  const direct = writer.take().toString();
  return { direct, plain: JSON.stringify(plainBatch({ from, entries }, tail, format, limits)) };
}

function entriesOf(
  appends: ReadonlyArray<readonly NewRecord[]>,
  seqNum = 0,
  timestamp = 1_700_000_000_000,
): Entry[] {
  return appends.map((records) => {
    const entry = { seqNum, count: records.length, timestamp, bytes: packRecords(records) };
    seqNum += records.length;
    timestamp += records.length * 7;
    return entry;
  });
}

const text = fc.string({ unit: 'binary', maxLength: 300 }).map((each) => each.toWellFormed());
const header = fc.tuple(text, text);
const body = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'"\\\n\0\x1f/é😀a') }),
);
const record: fc.Arbitrary<NewRecord> = fc.record({ headers: fc.array(header, { maxLength: 4 }), body });

describe('a batch, written from stored bytes', () => {
  test('is byte for byte what JSON.stringify makes of the objects', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        fc.nat(2 ** 52),
        fc.nat(6),
        fc.constantFrom<BodyFormat>('raw', 'base64'),
        fc.record({ count: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 2_000 }) }),
        (appends, seqNum, skip, format, limits) => {
          const entries = entriesOf(appends, seqNum, 1_600_000_000_000 + (seqNum % 1e11));
          const { direct, plain } = bothWays(entries, seqNum + skip, format, limits);
          assert.equal(direct, plain);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('every control character and one of each plane of Unicode', () => {
    const planes = Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0xe9));
    const all =
      Array.from({ length: 0x800 }, (_, code) => String.fromCharCode(code)).join('') + planes.join('');
    for (const value of [all, ...all, '\u2028\u2029', '\ufeff', '</script>'])
      for (const format of ['raw', 'base64'] as const) {
        const { direct, plain } = bothWays(
          entriesOf([[{ headers: [[value, value]], body: value }]]),
          0,
          format,
        );
        assert.equal(direct, plain);
        const read = JSON.parse(direct).records[0];
        assert.deepEqual(read.headers, [[value, value]]);
        assert.equal(format === 'raw' ? read.body : Buffer.from(read.body, 'base64').toString(), value);
      }
  });

  test('every length of body, and those where WebAssembly takes several pieces', () => {
    const lengths = [
      ...Array.from({ length: 140 }, (_, i) => i),
      4_096,
      12_287,
      12_288,
      12_289,
      24_577,
      100_000,
    ];
    for (const length of lengths)
      for (const fill of ['a', '\n', 'é']) {
        const value = fill.repeat(length);
        const { direct, plain } = bothWays(entriesOf([[{ headers: [], body: value }]]), 0, 'base64');
        assert.equal(direct, plain);
      }
  });

  test('bytes that are no text come back whole as base64, and as far as they can be read as text', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const entries = entriesOf([[{ headers: [], body: bytes }]]);
    const base64 = JSON.parse(bothWays(entries, 0, 'base64').direct).records[0].body;
    assert.deepEqual(new Uint8Array(Buffer.from(base64, 'base64')), bytes);
    assert.match(JSON.parse(bothWays(entries, 0, 'raw').direct).records[0].body, /^\0.*abc.*\ufffd$/s);
  });

  test('numbers up to the largest safe one', () => {
    for (const seqNum of [
      0,
      9,
      10,
      2 ** 30 - 1,
      2 ** 30,
      2 ** 31,
      2 ** 32,
      1e15,
      Number.MAX_SAFE_INTEGER - 2,
    ]) {
      const entries = entriesOf([[{ headers: [], body: '' }]], seqNum, seqNum);
      const { direct, plain } = bothWays(entries, seqNum, 'raw');
      assert.equal(direct, plain);
    }
  });

  test('ends at the limits of count and of bytes, but holds one record at least', () => {
    const records = Array.from({ length: 5 }, () => ({ headers: [], body: 'x'.repeat(100) }));
    const entries = entriesOf([records]);
    const count = (limits: typeof ALL): number =>
      JSON.parse(bothWays(entries, 0, 'raw', limits).direct).records.length;
    assert.equal(count({ ...ALL, count: 3 }), 3);
    assert.equal(count({ ...ALL, bytes: 1 }), 1);
    assert.equal(count({ ...ALL, bytes: 300 }), 2);
    assert.equal(count(ALL), 5);
  });
});

test('base64 is what Node makes of the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(20), (bytes, at) => {
      const out = Buffer.alloc(1_000);
      const start = Math.min(at, bytes.length);
      const end = writeBase64(bytes, start, bytes.length, out, at);
      assert.equal(out.toString('latin1', at, end), Buffer.from(bytes.subarray(start)).toString('base64'));
    }),
    { numRuns: 2_000 },
  );
});

test('an entry that was damaged in the store is known for what it is', () => {
  const bytes = packRecords([
    { headers: [['a', 'b']], body: 'one' },
    { headers: [], body: '"two"' },
  ]);
  assert.equal(isEntry(bytes, 2), true);
  for (const count of [0, 1, 3]) assert.equal(isEntry(bytes, count), false);
  for (let end = 0; end < bytes.length; end++) assert.equal(isEntry(bytes.subarray(0, end), 2), false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(3), (garbage, count) => {
      if (isEntry(garbage, count))
        bothWays([{ seqNum: 0, count: 0, timestamp: 0, bytes: garbage }], 0, 'raw');
    }),
  );
});
