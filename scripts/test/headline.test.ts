import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RunRecord } from '@millrace/bench-harness/runner';
import { putHeadline } from '../bench/headline.ts';
import { ROOT } from '../workspace.ts';

const README = 'before\n<!-- npm run bench-headline writes from here -->\nold\n<!-- to here -->\nafter\n';
const series = (subject: string, value: number) => ({
  subject,
  version: '1.0',
  failures: 0,
  rounds: [{ round: 0, values: { throughput: value }, costs: {} }],
  distributions: {},
});
const record = {
  date: '2026-01-02T03:04:05.000Z',
  command: 'npm run bench -- --full',
  commit: { id: '0123456789ab', dirty: false, date: '' },
  node: '26.10.0',
  machine: {
    cpu: 'CPU',
    cores: 2,
    memoryBytes: 2 ** 33,
    platform: 'linux',
    arch: 'x64',
    release: '',
    load: 0,
  },
  settings: { mode: 'full', rounds: 7, seconds: 3, implementations: [] },
  benchmarks: [
    {
      name: 'e2e/bulk-65536',
      metrics: [{ name: 'throughput', unit: 'Mbit/s', better: 'higher', judged: true }],
      floor: 'udp',
      series: [series('millrace', 1000), series('werift', 100), series('udp', 4000)],
    },
  ],
} as unknown as RunRecord;

describe('the headline table', () => {
  test('is put between its marks, with date, machine and command', () => {
    const readme = putHeadline(README, record)!;
    assert.match(readme, /^before\n/);
    assert.match(readme, /\nafter\n$/);
    assert.ok(!readme.includes('old'));
    assert.ok(readme.includes('| | millrace | werift 1.0 | udp (floor) |'));
    assert.ok(readme.includes('| 64 KiB messages, Mbit/s | 1000 | 100 (10.0×) | 4000 (0.250×) |'), readme);
    assert.match(
      readme,
      /2026-01-02, commit 0123456789ab, 2 × CPU, 8 GiB, linux x64, Node 26\.10\.0: `npm run bench -- --full`/,
    );
  });

  test('says how far the rounds lie apart where there are several', () => {
    const twice = structuredClone(record) as RunRecord;
    for (const { rounds } of twice.benchmarks[0]!.series) {
      const value = rounds[0]!.values.throughput! * 1.2;
      (rounds as Array<(typeof rounds)[number]>).push({
        ...rounds[0]!,
        round: 1,
        values: { throughput: value },
      });
    }
    const readme = putHeadline(README, twice)!;
    assert.ok(readme.includes('| 1100 ±9 % | 110 ±9 % (10.0×) |'), readme);
    assert.match(
      readme,
      /Medians of 2 rounds \(±: half the distance from the least to the most\), everybody/,
    );
  });

  test('comes out the same when it is put twice', () => {
    const once = putHeadline(README, record)!;
    assert.equal(putHeadline(once, record), once);
  });

  test('says so where nothing is stored', () => {
    assert.match(putHeadline(README, undefined)!, /No full results are stored yet/);
    assert.equal(putHeadline('no marks', record), undefined);
  });

  test('has a place in the README', () => {
    assert.ok(putHeadline(readFileSync(join(ROOT, 'README.md'), 'utf8'), undefined));
  });
});
