import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openingPhases } from '../src/opening.ts';
import { percentile } from '../src/ping-pong.ts';
import { writeSampleFile } from '../src/sample-file.ts';

describe('the time to open', () => {
  const marks = {
    created: 100,
    gathered: 103,
    answered: 110,
    iceConnected: 115,
    dtlsConnected: 121,
    sctpConnected: 124,
    channelOpen: 125,
  };

  test('is the sum of its phases', () => {
    assert.deepEqual(
      openingPhases(marks).map(({ name, milliseconds }) => [name, milliseconds]),
      [
        ['gather', 3],
        ['signaling', 7],
        ['ICE', 5],
        ['DTLS', 6],
        ['SCTP', 3],
        ['channel', 1],
      ],
    );
  });

  test('counts what overlaps once, and what is unknown as nothing', () => {
    const phases = openingPhases({ ...marks, gathered: 118, dtlsConnected: undefined });
    assert.deepEqual(
      phases.map(({ milliseconds }) => milliseconds),
      [18, 0, 0, 0, 6, 1],
    );
    const late = openingPhases({ ...marks, gathered: 9999 });
    assert.equal(
      late.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      25,
    );
  });
});

test('a percentile is the smallest sample that so many are not above', () => {
  const samples = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
  assert.deepEqual(
    [0.5, 0.99, 0.999, 1, 0].map((share) => percentile(samples, share)),
    [500, 990, 999, 1000, 1],
  );
  assert.equal(percentile(Float64Array.of(7), 0.999), 7);
});

test('the sample file has the bytes it says, always the same ones', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const size = 1024 * 1024 + 17;
  const sha256 = await writeSampleFile(join(directory, 'a'), size, signal);
  const bytes = await readFile(join(directory, 'a'));
  assert.equal(bytes.length, size);
  assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  assert.equal(await writeSampleFile(join(directory, 'b'), size, signal), sha256);
  assert.ok(new Set(bytes.subarray(0, 4096)).size > 250, 'looks random');
});
