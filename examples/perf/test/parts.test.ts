import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { EXIT, type Failure } from '@millrace/example-send-file/failure';
import {
  checkedParameters,
  MAX_CHANNELS,
  MAX_SECONDS,
  MAX_SIZE,
  parseParameters,
} from '../src/parameters.ts';
import { Plot } from '../src/plot.ts';
import { formatRate } from '../src/report.ts';
import { type Interval, rateOf } from '../src/result.ts';

const values = {
  seconds: '10',
  size: '64K',
  direction: 'up',
  channels: '1',
  unordered: false,
  latency: false,
};

describe('parameters', () => {
  test('are read from the command line', () => {
    const { size, ordered, seconds } = parseParameters({ ...values, seconds: '0.5', unordered: true });
    assert.deepEqual([size, ordered, seconds], [65_536, false, 0.5]);
    assert.equal(parseParameters({ ...values, size: '1' }).size, 1);
  });

  test('are refused outside their limits, whoever gives them', () => {
    const fine = parseParameters(values);
    assert.deepEqual(checkedParameters({ ...fine }), fine);
    const most = { ...fine, seconds: MAX_SECONDS, size: MAX_SIZE, channels: MAX_CHANNELS };
    assert.deepEqual(checkedParameters(most), most);
    const wrong: Array<Record<string, unknown>> = [
      { seconds: MAX_SECONDS + 1 },
      { size: MAX_SIZE + 1 },
      { channels: MAX_CHANNELS + 1 },
      { seconds: 0 },
      { seconds: '10' },
      { size: 0 },
      { size: 1.5 },
      { size: null },
      { channels: [] },
      { direction: 'sideways' },
      { direction: 'none' },
      { ordered: 1 },
      { latency: undefined },
    ];
    for (const change of wrong)
      assert.throws(
        () => checkedParameters({ ...fine, ...change }),
        ({ exitCode }: Failure) => exitCode === EXIT.refused,
        JSON.stringify(change),
      );
  });
});

describe('rates', () => {
  test('are written for people', () => {
    assert.deepEqual([0, 950_000, 9_410_000, 941_000_000, 2_345_000_000].map(formatRate), [
      '0.0 kbit/s',
      '950.0 kbit/s',
      '9.41 Mbit/s',
      '941.0 Mbit/s',
      '2.35 Gbit/s',
    ]);
    assert.deepEqual(rateOf(1000, 10, 0), {
      bytes: 1000,
      messages: 10,
      seconds: 0,
      bitsPerSecond: 0,
      messagesPerSecond: 0,
    });
  });

  test('are drawn in place, each second over the one before', () => {
    const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), {
      isTTY: true,
      columns: 60,
      hasColors: () => true,
    });
    const plot = new Plot(stream as unknown as NodeJS.WriteStream);
    const interval = (direction: 'up' | 'down', megabytes: number): Interval => {
      return { direction, start: 0, ...rateOf(megabytes * 1e6, 1, 1) };
    };
    plot.add(interval('up', 10), 'first caption');
    const first = String(stream.read());
    assert.match(first, /80 Mbit\/s/);
    assert.match(first, /\n +0 Mbit\/s/);
    assert.ok(first.endsWith('\nfirst caption\n'));
    const rows = first.split('\n').length - 1;
    for (let second = 0; second < 100; second++) plot.add(interval('down', 20), 'later');
    const all = String(stream.read());
    assert.ok(all.startsWith(`\x1b[${rows}A\x1b[1G\x1b[0J`), JSON.stringify(all.slice(0, 30)));
    assert.match(all, /160 Mbit\/s/);
    const columns = all.split('\n').map((line) => stripVTControlCharacters(line).length);
    assert.ok(Math.max(...columns) <= 60, `${Math.max(...columns)} columns`);
  });
});
