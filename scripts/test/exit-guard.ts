// Preloaded into each process of `npm test`: one whose tests are done and that does not end, since something is still open,
// is ended and fails. Without, the whole run would wait for it.
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

const PATIENCE = 20_000; // ms

// Programs that a test starts may have inherited this, and are no tests.
if (isMainThread && /(?:\.test\.ts|\.mjs)$/.test(process.argv[1] ?? '')) {
  const { setTimeout: later } = globalThis; // some tests have a clock of their own
  after(() => {
    later(() => {
      console.error(`${process.argv[1]} is kept from ending: ${process.getActiveResourcesInfo().join(', ')}`);
      process.exit(1);
    }, PATIENCE).unref();
  });
}
