// The stress run of `stress.ts`, for a moment, with the garbage collector at its most eager.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const SCRIPT = new URL('./stress.ts', import.meta.url).pathname;
/** Set it to the seconds of a long run. */
const SECONDS = process.env.MILLRACE_STRESS_SECONDS ?? '0.7';
const FLAGS: readonly string[][] = [
  [],
  ['--stress-compaction', '--max-semi-space-size=1', '--stress-scavenge=20'],
];

for (const flags of FLAGS)
  test(`the native layer survives everything at once ${flags.join(' ')}`, () => {
    const run = spawnSync(
      process.execPath,
      ['--conditions=@millrace/source', '--expose-gc', ...flags, SCRIPT, SECONDS],
      { encoding: 'utf8' },
    );
    assert.equal(run.signal, null, run.stderr);
    assert.equal(run.status, 0, run.stdout + run.stderr);
  });
