import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../workspace.ts';

function fuzz(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'scripts/fuzz.ts'), '--folder', 'scripts/test/fuzz-fixtures', '--seconds', '0.1', ...args],
    { encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}

describe('the fuzz runner', () => {
  test('passes a target that holds', () => {
    const { status, output } = fuzz('--only', 'holds');
    assert.equal(status, 0, output);
    assert.match(output, /holds: \d+ inputs/);
  });

  test('prints what makes a target throw, and how to play it again', () => {
    const { status, output } = fuzz('--seed', '7');
    assert.equal(status, 1);
    assert.match(output, /three bytes are too many/);
    const [, seed, input] = output.match(/--only throws --seed=(-?\d+) --input ([0-9a-f]{6})/) ?? [];
    const again = fuzz('--only', 'throws', `--seed=${seed}`, '--input', input!);
    assert.equal(again.status, 1, again.output);
    assert.match(again.output, /three bytes are too many/);
  });

  test('names the targets when one is not known', () => {
    const { status, output } = fuzz('--only', 'nothing');
    assert.equal(status, 2);
    assert.match(output, /no fuzz target is named nothing; there are holds, throws/);
  });
});
