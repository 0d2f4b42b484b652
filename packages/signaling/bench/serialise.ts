// `node --expose-gc --conditions=@millrace/source packages/signaling/bench/serialise.ts [FOLDER]`: a batch as it is sent,
// made straight from the stored bytes, against the plain path: bodies to strings, objects, JSON.stringify, bytes. Both
// begin with what the store holds and end with the bytes to be sent, and they are taken in turns. With FOLDER the
// figures and the heat map are written there. Exits 1 where the direct path is not the faster one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { BatchWriter } from '../src/records/batch-writer.ts';
import { packRecords } from '../src/records/entry.ts';
import type { BodyFormat, Header } from '../src/records/record.ts';
import { drawHeatMap } from './heat-map.ts';

const RECORDS = [1, 10, 100, 500];
const BODY_BYTES = [0, 32, 128, 512, 1024, 4096];
const FORMATS: readonly BodyFormat[] = ['raw', 'base64'];
const ROUNDS = 7;
/**
 * Milliseconds of this thread's processor time for one side in one round, and for one turn in it: whatever else the machine
 * does is not counted, and what it does to caches falls on both sides.
 */
const SHARE = 12;
const TURN = 1;
const TIMESTAMP = 1_700_000_000_123;
const ALL = { count: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

export interface Cell {
  readonly format: BodyFormat;
  readonly records: number;
  readonly bodyBytes: number;
  /** How many times as fast the direct path is: the median, and the lowest and the highest of the rounds. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  /** Nanoseconds for each record. */
  readonly direct: number;
  readonly plain: number;
  /** Bytes on the heap for each record. The buffer that is sent lies elsewhere and is the same for both. */
  readonly directAllocated: number;
  readonly plainAllocated: number;
}

const writer = new BatchWriter();
let sink = 0;

const cells: Cell[] = [];
console.log(
  'format  records  body      direct ns/record   plain   ratio               allocated B/record, direct  plain',
);
for (const format of FORMATS)
  for (const records of RECORDS)
    for (const bodyBytes of BODY_BYTES) report(measure(format, records, bodyBytes));

const slower = cells.filter(({ ratio }) => ratio <= 1);
const wanted = cells.filter(({ records, bodyBytes }) => records === 100 && bodyBytes === 32);
console.log(
  `direct is faster in ${cells.length - slower.length} of ${cells.length} cells; 100 records of 32 B: ${wanted
    .map(({ format, ratio }) => `${format} ${ratio.toFixed(2)}x`)
    .join(', ')} (checked: ${sink > 0})`,
);
const folder = process.argv[2];
if (folder !== undefined) {
  writeFileSync(
    join(folder, 'serialise.json'),
    `${JSON.stringify({ node: process.version, cells }, null, 1)}\n`,
  );
  writeFileSync(join(folder, 'serialise.svg'), drawHeatMap(cells, RECORDS, BODY_BYTES));
}
process.exitCode = slower.length === 0 && wanted.every(({ ratio }) => ratio >= 1.5) ? 0 : 1;

function measure(format: BodyFormat, records: number, bodyBytes: number): Cell {
  const [direct, plain] = pathsFor(format, records, bodyBytes);
  if (direct().compare(plain()) !== 0) throw new Error('the two differ');
  timedInTurns(direct, plain); // warm-up
  const rounds = Array.from({ length: ROUNDS }, () => {
    const [a, b] = timedInTurns(direct, plain);
    return { a, b, ratio: b / a };
  }).toSorted((x, y) => x.ratio - y.ratio);
  const middle = rounds[ROUNDS >> 1]!;
  return {
    format,
    records,
    bodyBytes,
    ratio: middle.ratio,
    lowest: rounds[0]!.ratio,
    highest: rounds.at(-1)!.ratio,
    direct: middle.a / records,
    plain: middle.b / records,
    directAllocated: allocated(direct) / records,
    plainAllocated: allocated(plain) / records,
  };
}

/** What the store holds, on both sides bytes: an SDP-like text with its line ends, and a header. */
function pathsFor(format: BodyFormat, count: number, bodyBytes: number): [() => Buffer, () => Buffer] {
  const text = 'a=candidate:1 1 udp 2113937151 198.51.100.1 51196 typ host\r\n'
    .repeat(80)
    .slice(0, bodyBytes);
  const headers: readonly Header[] = [['from', 'abcd2345']];
  const bytes = packRecords(Array.from({ length: count }, () => ({ headers, body: text })));
  const stored = Array.from({ length: count }, (_, i) => ({ seqNum: i, headers, body: Buffer.from(text) }));
  const tail = { seq_num: count, timestamp: TIMESTAMP };
  const range = { from: 0, entries: [{ seqNum: 0, count, timestamp: TIMESTAMP, bytes }] };
  const encoding = format === 'raw' ? 'utf8' : 'base64';
  return [
    () => {
      writer.begin();
      writer.batch(range, tail, format, ALL);
      return writer.take();
    },
    () =>
      Buffer.from(
        JSON.stringify({
          records: stored.map(({ seqNum, body }) => ({
            seq_num: seqNum,
            timestamp: TIMESTAMP,
            headers,
            body: body.toString(encoding),
          })),
          tail,
        }),
      ),
  ];
}

/** Nanoseconds for a batch, of each. */
function timedInTurns(a: () => Buffer, b: () => Buffer): [number, number] {
  const spent: [number, number] = [0, 0];
  const count: [number, number] = [0, 0];
  while (spent[0] < SHARE || spent[1] < SHARE) {
    for (const side of [0, 1] as const) {
      const path = side === 0 ? a : b;
      const began = process.threadCpuUsage();
      let taken = 0;
      while (taken < TURN) {
        for (let i = 0; i < 8; i++) sink += path().length;
        count[side] += 8;
        const { user, system } = process.threadCpuUsage(began);
        taken = (user + system) / 1000;
      }
      spent[side] += taken;
    }
  }
  return [(spent[0] / count[0]) * 1e6, (spent[1] / count[1]) * 1e6];
}

function allocated(path: () => Buffer): number {
  const times = 200;
  globalThis.gc?.();
  const before = getHeapStatistics().total_allocated_bytes ?? 0;
  for (let i = 0; i < times; i++) sink += path().length;
  return ((getHeapStatistics().total_allocated_bytes ?? 0) - before) / times;
}

function report(cell: Cell): void {
  cells.push(cell);
  const {
    format,
    records,
    bodyBytes,
    ratio,
    lowest,
    highest,
    direct,
    plain,
    directAllocated,
    plainAllocated,
  } = cell;
  console.log(
    [
      format.padEnd(8),
      String(records).padEnd(9),
      `${bodyBytes} B`.padEnd(10),
      direct.toFixed(0).padStart(12),
      plain.toFixed(0).padStart(12),
      `${ratio.toFixed(2)}x (${lowest.toFixed(2)} to ${highest.toFixed(2)})`.padStart(24),
      directAllocated.toFixed(0).padStart(14),
      plainAllocated.toFixed(0).padStart(12),
    ].join(''),
  );
}
