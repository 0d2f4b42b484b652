// The process of one operation or trial with one subject: fresh each round, so that no subject runs on what V8 has
// learned from another. Operations are timed by tinybench in batches of about a millisecond.
import { Bench } from 'tinybench';
import { installedVersion } from './adapters/installed-version.ts';
import type { Operation, Prepared, Trial } from './benchmark.ts';
import { CostMeter } from './costs.ts';
import { LatencyRecorder } from './latency.ts';
import type { FromSubject, SubjectArguments } from './messages.ts';
import { profiled } from './profile/session.ts';
import { INJECTED_SLOWDOWN, spinUntil } from './slowdown.ts';
import { quantile } from './statistics.ts';

const BATCH_MS = 1;
const WARM_UP_MS = 80;
/** Operations that are counted for allocations, at most; and how long that may take. */
const COUNTED_MS = 60;
/** Single operations that are timed, at most. */
const MAX_TIMED = 200_000;

const task = JSON.parse(process.argv[2]!) as SubjectArguments;
let consumed: unknown;
// Whoever interrupts the parent from a terminal reaches this process as well; the parent decides what follows.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));

try {
  const result = task.kind === 'operation' ? await measureOperation() : await measureTrial();
  say(result, () => process.exit(0));
} catch (error) {
  const code = (error as { code?: unknown }).code;
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  say(
    missing
      ? { type: 'unavailable', reason: (error as Error).message.split('\n')[0]! }
      : { type: 'failed', reason },
    () => process.exit(1),
  );
}

async function measureTrial(): Promise<FromSubject> {
  const { trial } = (await import(task.module)) as { trial: Trial };
  const run = trial[task.subject];
  if (!run) throw new Error(`${task.module} has no subject ${task.subject}`);
  const costs = new CostMeter();
  const measurement = await profiled('process', async () => run(task.settings));
  const cost = await costs.read();
  return { type: 'done', version: installedVersion(task.subject), measurement, cost };
}

async function measureOperation(): Promise<FromSubject> {
  const { operation } = (await import(task.module)) as { operation: Operation };
  const setUp = operation.subjects[task.subject];
  if (!setUp) throw new Error(`${task.module} has no subject ${task.subject}`);
  const prepared = await setUp(task.settings);
  if (task.exactly !== undefined) {
    consumed = await prepared.run(task.exactly);
    process.exit(consumed === say ? 1 : 0);
  }
  const costs = new CostMeter();
  const { times, batchMs } = await calibrate(prepared);
  const samples = task.seconds === 0 ? [batchMs] : await profiled('process', () => time(prepared, times));
  const measurement: Record<string, number | string> = {
    nanosPerOperation: (quantile(samples, 0.5) * 1e6) / times,
    meanNanosPerOperation: (samples.reduce((sum, sample) => sum + sample, 0) * 1e6) / samples.length / times,
    operationsPerBatch: times,
    batches: samples.length,
  };
  Object.assign(measurement, await countAllocations(prepared, times, costs));
  if (task.latency) measurement.latency = await timeSingly(prepared);
  Object.assign(measurement, prepared.counters?.());
  costs.restart();
  const cost = await costs.read();
  prepared.close?.();
  if (consumed === say) throw new Error('an operation returned what it cannot know');
  return { type: 'done', version: installedVersion(task.subject), measurement, cost };
}

/** Doubles the number of operations in a batch until one takes long enough to be timed well. */
async function calibrate(prepared: Prepared): Promise<{ times: number; batchMs: number }> {
  let times = 1;
  const end = performance.now() + (task.seconds === 0 ? 0 : WARM_UP_MS);
  for (;;) {
    const started = performance.now();
    consumed = await prepared.run(times);
    const batchMs = performance.now() - started;
    if (batchMs < BATCH_MS && task.seconds > 0) times *= 2;
    else if (performance.now() >= end) return { times, batchMs };
    // Compiled by now, and faster than when the batch was chosen.
    else if (batchMs > BATCH_MS * 4 && times > 1) times /= 2;
  }
}

async function time(prepared: Prepared, times: number): Promise<readonly number[]> {
  const bench = new Bench({
    time: task.seconds * 1000,
    warmup: false,
    iterations: 3,
    retainSamples: true,
    throws: true,
  });
  bench.add('operation', () => {
    const started = INJECTED_SLOWDOWN > 0 ? performance.now() : 0;
    const result = prepared.run(times);
    consumed = result;
    if (INJECTED_SLOWDOWN > 0) spinUntil(started + (performance.now() - started) * (1 + INJECTED_SLOWDOWN));
    return result instanceof Promise ? result : undefined;
  });
  await bench.run();
  const { result } = bench.tasks[0]!;
  if (!('latency' in result) || result.latency.samples === undefined)
    throw new Error(`tinybench says ${result.state}`);
  return result.latency.samples;
}

/** Bytes on and off V8's heap for each operation, and collections in a million of them. */
async function countAllocations(
  prepared: Prepared,
  times: number,
  costs: CostMeter,
): Promise<Record<string, number>> {
  if (task.seconds === 0) return {};
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  costs.restart();
  const end = performance.now() + COUNTED_MS;
  let operations = 0;
  do {
    consumed = await prepared.run(times);
    operations += times;
  } while (performance.now() < end);
  const { allocatedBytes, collections } = await costs.read();
  return {
    allocatedBytesPerOperation: allocatedBytes / operations,
    collectionsPerMillion: (collections / operations) * 1e6,
  };
}

async function timeSingly(prepared: Prepared): Promise<string> {
  const recorder = new LatencyRecorder();
  const end = performance.now() + task.seconds * 500;
  do {
    const started = performance.now();
    consumed = await prepared.run(1);
    recorder.recordMillis(performance.now() - started);
  } while (performance.now() < end && recorder.count < MAX_TIMED);
  return recorder.encode();
}

function say(message: FromSubject, then: () => void): void {
  if (process.send) process.send(message, then);
  else then();
}
