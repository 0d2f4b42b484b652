// Measures one operation in this process: time by tinybench in batches of about a millisecond, allocations, and
// percentiles of small samples. A batch of a millisecond hides every single slow operation in it; so the samples behind
// the percentiles are one operation each, or as few as the clock can tell from nothing.
import { Bench } from 'tinybench';
import type { Prepared } from './benchmark.ts';
import type { CostMeter } from './costs.ts';
import { LatencyRecorder } from './latency.ts';
import { INJECTED_SLOWDOWN, spinUntil } from './slowdown.ts';
import { quantile } from './statistics.ts';

const BATCH_MS = 1;
const WARM_UP_MS = 80;
/** How long operations are counted for allocations. */
const COUNTED_MS = 60;
/** Share of the time for measuring that goes to the samples again, and how many are enough. */
const SAMPLED_SHARE = 0.3;
const MOST_SAMPLES = 200_000;
/** What takes so long that there are fewer by then gets more time, up to as much as the measuring itself. */
const WANTED_SAMPLES = 400;
const CLOCK_READINGS = 10_001;

/** A type of its own, so that it can be told from any result. */
const NOTHING: unique symbol = Symbol('nothing has run yet');
let consumed: unknown = NOTHING;

/** What the operations have returned: asked at the end, so that none of it could be left out. */
export function wasConsumed(): boolean {
  return consumed !== NOTHING;
}

export interface Batch {
  /** Operations. */
  readonly times: number;
  readonly millis: number;
}

/** Doubles the number of operations in a batch until one takes long enough to be timed well. 0 seconds: just one. */
export async function calibrate(prepared: Prepared, seconds: number): Promise<Batch> {
  let times = 1;
  const end = performance.now() + (seconds === 0 ? 0 : WARM_UP_MS);
  for (;;) {
    let millis = await timeOnce(prepared, times);
    if (seconds > 0 && millis >= BATCH_MS && performance.now() >= end)
      // The machine may have stood still in a short batch: it does so once, and not twice.
      millis = Math.min(millis, await timeOnce(prepared, times));
    if (millis < BATCH_MS && seconds > 0) times *= 2;
    else if (performance.now() >= end) return { times, millis };
    // Compiled by now, and faster than when the batch was chosen.
    else if (millis > BATCH_MS * 4 && times > 1) times /= 2;
  }
}

async function timeOnce(prepared: Prepared, times: number): Promise<number> {
  const started = performance.now();
  consumed = await prepared.run(times);
  return performance.now() - started;
}

/** The milliseconds of each batch. */
export async function timeBatches(
  prepared: Prepared,
  times: number,
  seconds: number,
): Promise<readonly number[]> {
  const bench = new Bench({
    time: seconds * 1000,
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

/** The median batch of one turn of so many milliseconds, for two processes that take turns. */
export async function timeTurn(prepared: Prepared, times: number, millis: number): Promise<number> {
  const samples: number[] = [];
  const end = performance.now() + millis;
  do {
    const started = performance.now();
    const result = prepared.run(times);
    consumed = result instanceof Promise ? await result : result;
    if (INJECTED_SLOWDOWN > 0) spinUntil(started + (performance.now() - started) * (1 + INJECTED_SLOWDOWN));
    samples.push(performance.now() - started);
  } while (performance.now() < end);
  return quantile(samples, 0.5);
}

/** Bytes on V8's heap for each operation, and collections in a million of them. */
export async function countAllocations(
  prepared: Prepared,
  times: number,
  costs: CostMeter,
): Promise<Record<string, number>> {
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

/**
 * A histogram of the nanoseconds an operation takes in samples of `operations` each. What reading the clock adds is
 * taken off: the median of pairs of readings with nothing in between.
 */
export async function sample(
  prepared: Prepared,
  operations: number,
  seconds: number,
): Promise<{ readonly latency: string; readonly operationsPerSample: number; readonly clockNanos: number }> {
  const clockNanos = medianClockNanos();
  const recorder = new LatencyRecorder();
  const started = performance.now();
  const end = started + seconds * SAMPLED_SHARE * 1000;
  const lastEnd = started + seconds * 1000;
  for (;;) {
    const before = performance.now();
    const result = prepared.run(operations);
    // Only what is asynchronous has a turn of the microtask queue in it.
    consumed = result instanceof Promise ? await result : result;
    const after = performance.now();
    recorder.recordNanos(((after - before) * 1e6 - clockNanos) / operations);
    if (recorder.count >= MOST_SAMPLES || after >= lastEnd) break;
    if (after >= end && recorder.count >= WANTED_SAMPLES) break;
  }
  return { latency: recorder.encode(), operationsPerSample: operations, clockNanos };
}

function medianClockNanos(): number {
  const readings = new Float64Array(CLOCK_READINGS);
  for (let i = 0; i < CLOCK_READINGS; i++) {
    const before = performance.now();
    readings[i] = (performance.now() - before) * 1e6;
  }
  return readings.sort()[CLOCK_READINGS >> 1]!;
}
