// Connections live where they are made: in a worker as in the main thread.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';

const script = new URL('./fixtures/worker.ts', import.meta.url);

describe('a pair of connections inside a worker', () => {
  test('connects, and the worker ends by itself when both are closed', async () => {
    const worker = new Worker(script, { workerData: { lingers: false } });
    const exited = once(worker, 'exit');
    assert.equal((await once(worker, 'message'))[0], 'from a worker');
    assert.deepEqual(await exited, [0]);
  });

  test('does not keep the worker from being terminated', async () => {
    const worker = new Worker(script, { workerData: { lingers: true } });
    await once(worker, 'message');
    assert.equal(await worker.terminate(), 1);
  });
});
