// `npm run soak [-- --sequences 100000] [--only sctp,dtls] [--seed 1]`: every state machine through far more random
// operation sequences than `npm test` has time for. In portions, so that there is something to see; the first
// failure ends it, and names the seed that plays it again.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { ROOT } from './workspace.ts';

const MACHINES: Readonly<Record<string, string>> = {
  ice: 'packages/ice/test/operations.test.ts',
  dtls: 'packages/dtls/test/random-operations.test.ts',
  sctp: 'packages/sctp/test/random-operations.test.ts',
  datachannel: 'packages/datachannel/test/random-operations.test.ts',
  negotiation: 'packages/millrace/test/peer-connection/random-negotiation.test.ts',
};
const PORTION = 5_000;

const { values } = readArguments({
  options: {
    sequences: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: Object.keys(MACHINES).join(',') },
  },
});
const sequences = whole('sequences', values.sequences);
const firstSeed = whole('seed', values.seed);
const names = values.only.split(',');
const unknown = names.find((name) => !Object.hasOwn(MACHINES, name));
if (unknown !== undefined)
  fail(2, `--only ${unknown}: no such machine; there are ${Object.keys(MACHINES).join(', ')}`);

for (const name of names) {
  for (let done = 0; done < sequences; done += PORTION) {
    const portion = Math.min(PORTION, sequences - done);
    const seed = firstSeed + done;
    const run = spawnSync(
      process.execPath,
      ['--conditions=@millrace/source', '--test', '--test-reporter=dot', join(ROOT, MACHINES[name]!)],
      {
        cwd: ROOT,
        env: { ...process.env, SEQUENCES: String(portion), SEED: String(seed) },
        encoding: 'utf8',
      },
    );
    if (run.status !== 0) {
      process.stdout.write(`${run.stdout}${run.stderr}`);
      fail(1, `${name}: a sequence with a seed from ${seed} to ${seed + portion - 1} failed`);
    }
    console.log(`${name}: ${done + portion} of ${sequences} sequences`);
  }
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    fail(2, `--${option} must be a whole number from 1; got ${text}`);
  return value;
}

function fail(exitCode: number, message: string): never {
  console.error(message);
  process.exit(exitCode);
}
