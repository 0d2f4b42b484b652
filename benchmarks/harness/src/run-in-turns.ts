// Two processes of one operation, the same work from two checkouts, side by side: both are alive, one measures at a time,
// and after some milliseconds it is the other's turn. What else the machine does lasts longer than a turn, so it meets
// both alike and leaves their ratio alone; only what a process has for life, such as how V8 has compiled it, is
// left, and that is what further pairs of processes are for.
import type { TrialResult } from './benchmark.ts';
import type { Launch } from './launch.ts';
import type { SubjectArguments } from './messages.ts';
import { type RunningSubject, startSubject } from './run-subject.ts';
import { median } from './statistics.ts';

/** What V8 compiles or collects on other threads would meet the turn of the other process. */
const ON_ONE_THREAD: readonly string[] = ['--single-threaded', '--predictable'];
const TURN_MS = 8;
/** Pairs of turns before those that count: by then V8 has compiled what it will. */
const WARM_UP_TURNS = 6;

export interface RunInTurnsOptions {
  readonly task: SubjectArguments;
  readonly launches: readonly [base: Launch, head: Launch];
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects if either of them fails. */
export async function runInTurns(options: RunInTurnsOptions): Promise<[TrialResult, TrialResult]> {
  const { task, launches, timeout, signal } = options;
  const start = (launch: Launch): RunningSubject =>
    startSubject({
      task: { ...task, inTurns: true },
      launch: { ...launch, execArgv: [...ON_ONE_THREAD, ...(launch.execArgv ?? [])] },
      timeout,
      signal,
    });
  const base = start(launches[0]);
  const head = start(launches[1]);
  try {
    await Promise.all([base.ready, head.ready]);
    const turns = Math.max(3, Math.round((task.seconds * 1000) / TURN_MS));
    const bases: number[] = [];
    const ratios: number[] = [];
    for (let i = -WARM_UP_TURNS; i < turns; i++) {
      // There and back again, so that neither always follows the other.
      const first = i % 2 === 0 ? await base.turn(TURN_MS) : Number.NaN;
      const other = await head.turn(TURN_MS);
      const nanos = i % 2 === 0 ? first : await base.turn(TURN_MS);
      if (i < 0) continue;
      bases.push(nanos);
      ratios.push(other / nanos);
    }
    base.finish();
    const ofBase = await base.done;
    head.finish();
    const ofHead = await head.done;
    // Head's own median may be of other moments than base's: what is known best is their ratio.
    const nanosPerOperation = median(bases);
    return [withTime(ofBase, nanosPerOperation), withTime(ofHead, nanosPerOperation * median(ratios))];
  } finally {
    await Promise.all([base.end(), head.end()]);
  }
}

function withTime(result: TrialResult, nanosPerOperation: number): TrialResult {
  return { ...result, measurement: { ...result.measurement, nanosPerOperation } };
}
