// The driver of two processes, with flows that need no WebRTC stack: what happens when a peer is missing, fails,
// hangs or dies. It says nothing about any implementation.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runFlow } from '../src/run-flow.ts';

const flow = (name: string): string => new URL(`./flows/${name}.ts`, import.meta.url).href;
const run = (name: string, timeout = 300_000): Promise<unknown> =>
  runFlow({ implementation: 'millrace', flow: flow(name), settings: { rounds: 3 }, timeout });

describe('a flow between two processes', () => {
  test('joins what both sides measured', async () => {
    const result = (await run('count')) as { measurement: object; offerer: { peakMemory: number } };
    assert.deepEqual(result.measurement, { sent: 3, heard: 3 });
    assert.ok(result.offerer.peakMemory > 1_000_000);
  });

  test('that throws is told with its reason', async () => {
    await assert.rejects(run('throws'), /the answerer failed: .*no luck/);
  });

  test('that never ends is ended, and both its processes with it', async () => {
    await assert.rejects(run('hangs', 1_500), /not done after 1.5 s/);
  });

  test('whose process dies is told with its exit code', async () => {
    await assert.rejects(run('dies'), /the offerer ended early \(exit code 7\)/);
  });
});
