// A hundred connections opened and closed in a row leave nothing behind: no handle, no timer, no heap, and the
// process ends by itself. It runs in a process of its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Report {
  readonly opened: number;
  readonly handles: readonly string[];
  readonly heapBefore: number;
  readonly heapAfter: number;
}

const CONNECTIONS = 100;
const script = fileURLToPath(new URL('./fixtures/hundred-connections.ts', import.meta.url));

describe('a process whose connections are all closed', () => {
  test('has no handles, no timers and no more heap than before, and exits', async () => {
    // Optimised code comes and goes, and counts as heap.
    const args = [
      '--expose-gc',
      '--no-opt',
      '--no-maglev',
      ...process.execArgv.filter((arg) => arg.startsWith('--conditions')),
      script,
    ];
    const stdout = await new Promise<string>((resolve, reject) => {
      // The time limit is there to end a process that never exits; one that does takes two seconds, or on a machine with
      // forty others at work a minute and a half.
      const options = {
        timeout: 230_000,
        env: { ...process.env, NODE_OPTIONS: '', CONNECTIONS: String(CONNECTIONS) },
      };
      execFile(process.execPath, args, options, (error, out, err) =>
        error ? reject(new Error(err, { cause: error })) : resolve(out),
      );
    });
    const report = JSON.parse(stdout) as Report;
    assert.equal(report.opened, CONNECTIONS);
    assert.deepEqual(report.handles, []);
    const growth = (report.heapAfter - report.heapBefore) / CONNECTIONS;
    assert.ok(growth < 4_096, `the heap grew by ${Math.round(growth)} bytes for each connection`);
  });
});
