// The process of one operation or trial with one subject: fresh each round, so that no subject runs on what V8 has
// learned from another. An operation is timed in one go, or in turns with the same of another checkout.
import { installedVersion } from './adapters/installed-version.ts';
import type { Operation, Prepared, Trial } from './benchmark.ts';
import { CostMeter } from './costs.ts';
import {
  calibrate,
  countAllocations,
  sample,
  timeBatches,
  timeTurn,
  wasConsumed,
} from './measure-operation.ts';
import type { FromSubject, SubjectArguments, ToSubject } from './messages.ts';
import { profiled } from './profile/session.ts';
import { quantile } from './statistics.ts';

const task = JSON.parse(process.argv[2]!) as SubjectArguments;
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
  const { seconds } = task;
  if (task.exactly !== undefined) {
    const returned = await prepared.run(task.exactly);
    process.exit(returned === say ? 1 : 0);
  }
  const costs = new CostMeter();
  const { times, millis } = await calibrate(prepared, seconds);
  const batches = task.inTurns
    ? await takeTurns(prepared, times)
    : seconds === 0
      ? [millis]
      : await profiled('process', () => timeBatches(prepared, times, seconds));
  const measurement: Record<string, number | string> = {
    nanosPerOperation: (quantile(batches, 0.5) * 1e6) / times,
    meanNanosPerOperation: (batches.reduce((sum, batch) => sum + batch, 0) * 1e6) / batches.length / times,
    operationsPerBatch: times,
    batches: batches.length,
  };
  if (seconds > 0) Object.assign(measurement, await countAllocations(prepared, times, costs));
  if (task.sample > 0) Object.assign(measurement, await sample(prepared, task.sample, seconds));
  Object.assign(measurement, prepared.counters?.());
  costs.restart();
  const cost = await costs.read();
  prepared.close?.();
  if (!wasConsumed()) throw new Error('no operation has returned anything');
  return { type: 'done', version: installedVersion(task.subject), measurement, cost };
}

/** A turn whenever the parent says so, until it says that it was the last; their batches. */
function takeTurns(prepared: Prepared, times: number): Promise<readonly number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
  const batches: number[] = [];
  process.on('message', (message: ToSubject) => {
    if (message.type === 'finish') return resolve(batches);
    timeTurn(prepared, times, message.millis).then((millis) => {
      batches.push(millis);
      say({ type: 'turn', nanosPerOperation: (millis * 1e6) / times });
    }, reject);
  });
  say({ type: 'ready' });
  return promise;
}

function say(message: FromSubject, then: () => void = () => {}): void {
  if (process.send) process.send(message, then);
  else then();
}
