// What an idle connection takes of V8's heap and of array buffers, what is left of it once it is closed, and that it goes when
// nobody holds it. Measured in a process of its own; the bounds are a fifth above what there is today, for other versions
// of Node: what exceeds them is no noise.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@millrace/native';

interface Report {
  readonly idle: number;
  readonly closed: number;
  readonly objects: number;
  readonly alive: number;
}

const PAIRS = 60;
const IDLE_BYTES = { native: 54_000, portable: 62_000 } as const;
const CLOSED_BYTES = 42_000;
/** The engine's own stack and caches may still know the last ones. */
const MOST_ALIVE = 8;
const script = fileURLToPath(new URL('./fixtures/held-connections.ts', import.meta.url));

function measure(backEnd: string): Promise<Report> {
  const args = [
    '--expose-gc',
    '--no-opt', // optimised code comes and goes, and counts as heap
    '--no-maglev',
    ...process.execArgv.filter((arg) => arg.startsWith('--conditions')),
    script,
  ];
  const env = { ...process.env, NODE_OPTIONS: '', PAIRS: String(PAIRS), BACK_END: backEnd };
  return new Promise((resolve, reject) => {
    // Three seconds, or many times as long beside others.
    execFile(process.execPath, args, { timeout: 230_000, env }, (error, out, err) =>
      error ? reject(new Error(err, { cause: error })) : resolve(JSON.parse(out) as Report),
    );
  });
}

const backEnds: ReadonlyArray<keyof typeof IDLE_BYTES> = loadNative()?.udp
  ? ['native', 'portable']
  : ['portable'];

for (const backEnd of backEnds) {
  describe(`memory of connections, ${backEnd}`, () => {
    test('an idle one takes little, a closed one less, and one that nobody holds nothing', async () => {
      const { idle, closed, objects, alive } = await measure(backEnd);
      assert.ok(idle < IDLE_BYTES[backEnd], `${idle} bytes for an idle connection and its channel`);
      assert.ok(closed < CLOSED_BYTES, `${closed} bytes for a closed one`);
      assert.equal(objects, 4 * PAIRS);
      assert.ok(alive <= MOST_ALIVE, `${alive} of ${objects} objects are alive`);
    });
  });
}
