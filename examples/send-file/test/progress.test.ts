import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, mock, test } from 'node:test';
import { formatBytes, formatSeconds, Rate, startProgress } from '../src/progress.ts';
import { Watchdog } from '../src/watchdog.ts';

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo() {}, clearLine() {} });
  let text = '';
  stream.on('data', (chunk) => (text += chunk));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

describe('progress', () => {
  test('is a line every ten percent where there is no terminal', () => {
    const { stream, text } = fakeStream(false);
    const progress = startProgress({ label: 'Sending', total: 1000, stream, now: () => 0 });
    for (let bytes = 0; bytes <= 1000; bytes += 50) progress.update(bytes);
    progress.stop();
    const lines = text().trimEnd().split('\n');
    assert.equal(lines.length, 10);
    assert.match(lines[0]!, /^Sending 10% \(100 B of 1000 B, /);
    assert.match(lines[9]!, /^Sending 100% /);
  });

  test('is a bar with rate and time left on a terminal', () => {
    const { stream, text } = fakeStream(true);
    let now = 0;
    const progress = startProgress({ label: 'Sending', total: 10_485_760, stream, now: () => now });
    now = 1000;
    progress.update(5_242_880);
    progress.stop();
    assert.match(
      text(),
      /Sending \u2588{10}\u2591{10} {2}50% \| 5.00 MiB of 10.0 MiB \| 5.00 MiB\/s \| ETA 1 s/,
    );
  });

  test('of an empty file is full', () => {
    const { stream, text } = fakeStream(true);
    const progress = startProgress({ label: 'x', total: 0, stream });
    progress.update(0);
    progress.stop();
    assert.match(text(), /100% .* done/);
  });

  test('the rate is that of the last seconds', () => {
    let now = 0;
    const rate = new Rate(() => now);
    for (; now < 10_000; now += 250) rate.sample(now * 10); // 10 000 bytes a second
    for (; now < 20_000; now += 250) rate.sample(100_000); // and then nothing
    assert.equal(rate.bytesPerSecond, 0);
  });

  test('bytes and seconds are written for people', () => {
    assert.deepEqual([0, 1023, 1024, 10_240, 1_048_576, 150 * 1024 ** 3, 5000 * 1024 ** 4].map(formatBytes), [
      '0 B',
      '1023 B',
      '1.00 KiB',
      '10.0 KiB',
      '1.00 MiB',
      '150 GiB',
      '5000 TiB',
    ]);
    assert.deepEqual([0, 0.4, 59, 61, 3599, 7260, Number.POSITIVE_INFINITY].map(formatSeconds), [
      '0 s',
      '1 s',
      '59 s',
      '1 min 1 s',
      '59 min 59 s',
      '2 h 1 min',
      '--',
    ]);
  });
});

describe('a watchdog', () => {
  test('barks once when nothing comes for so long, counted from the last time', (t) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const pass = (milliseconds: number): void => {
      now += milliseconds;
      mock.timers.tick(milliseconds);
    };
    let barks = 0;
    const watchdog = new Watchdog(1000, () => barks++);
    watchdog.start();
    pass(900);
    watchdog.feed();
    pass(900);
    assert.equal(barks, 0);
    pass(100);
    pass(5000);
    assert.equal(barks, 1);
    watchdog.start();
    watchdog.stop();
    pass(5000);
    assert.equal(barks, 1);
  });
});
