// Runs a plan round by round. In a round every benchmark comes once, its lanes next to each other in alternating
// order (ABBA), so that whatever the machine does meanwhile meets all lanes alike and no lane always goes first. The two
// sides of an operation are compared more closely still: both processes live and take turns of milliseconds.
// A lane that is not available or fails twice is skipped from then on; nothing a lane does ends the run.
import type { Mode } from '../benchmark.ts';
import { type RoundResult, runPair, runRound } from '../run-benchmark.ts';
import { UnavailableError } from '../run-flow.ts';
import { type Lane, runSettings, type Side, type Task } from './plan.ts';

export interface Round extends RoundResult {
  /** Counts from 0. Lanes have been measured next to each other where it is the same. */
  readonly round: number;
}

/** What one lane did in one benchmark. */
export interface Series {
  readonly subject: string;
  readonly side?: Side;
  version: string;
  readonly rounds: Round[];
  /** Why there is nothing, or less than was asked for. */
  skipped?: string;
  failures: number;
}

export interface TaskResult {
  readonly task: Task;
  readonly series: readonly Series[];
  /** How long the last round of all lanes together took, in milliseconds. */
  lastRoundMillis: number;
}

export interface RunPlanOptions {
  readonly tasks: readonly Task[];
  readonly mode: Mode;
  readonly seconds: number;
  readonly rounds: number;
  /** Rounds go on up to here while `isSettled` says no. Default: `rounds`. */
  readonly maxRounds?: number;
  readonly isSettled?: (result: TaskResult) => boolean;
  /** So many rounds of the headline benchmarks come in any case, spread over the run. Default: like all others. */
  readonly headlineRounds?: number;
  /** No round is begun that would end later than so many milliseconds after the start, but for the first. */
  readonly budgetMillis?: number;
  /** After so many milliseconds nothing more is begun, not even a first round: what is left stays without rounds. */
  readonly limitMillis?: number;
  /** How many lanes run at a time. Above 1 nothing is measured, only shown to work. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (step: Step) => void;
}

/** Told after each lane's round. */
export interface Step {
  readonly result: TaskResult;
  readonly series: Series;
  readonly round: number;
  readonly outcome: RoundResult | Error;
  readonly done: number;
  /** As far as one can tell now. */
  readonly total: number;
  readonly millisLeft: number;
}

export async function runPlan(options: RunPlanOptions): Promise<TaskResult[]> {
  const { tasks, mode, seconds, rounds, signal, concurrency = 1 } = options;
  const maxRounds = Math.max(rounds, options.maxRounds ?? rounds);
  const results = tasks.map(
    (task): TaskResult => ({ task, series: task.lanes.map(newSeries), lastRoundMillis: 0 }),
  );
  const started = performance.now();
  const outOfTime = (result: TaskResult): boolean =>
    options.budgetMillis !== undefined &&
    performance.now() - started + result.lastRoundMillis > options.budgetMillis;
  const clock = new Clock(results, rounds, mode, seconds);
  /** Why a subject is not available, by its module: a smoke run need not start process after process to hear it. */
  const unavailable = new Map<string, UnavailableError>();

  const headlineRounds = Math.min(options.headlineRounds ?? 0, rounds);
  for (const pass of passes(results, headlineRounds, maxRounds)) {
    if (signal?.aborted) break;
    const { round, isPromised } = pass;
    const due = pass.results.filter((result) => isDue(result, round));
    await inParallel(concurrency, due, async (result) => {
      const isOver = performance.now() - started > (options.limitMillis ?? Infinity);
      if (signal?.aborted || isOver || !(isPromised || round === 0 || !outOfTime(result))) return;
      const began = performance.now();
      if (!(await runBothSides(result, round))) await runLanes(result, round);
      result.lastRoundMillis = performance.now() - began;
    });
  }
  return results;

  async function runLanes(result: TaskResult, round: number): Promise<void> {
    // There and back again, so that no lane always follows the same other.
    const order = result.series.map((_, i) => i);
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      const series = result.series[i]!;
      if (series.skipped !== undefined || signal?.aborted) continue;
      const began = performance.now();
      const outcome = await runLane(result.task, result.task.lanes[i]!, series, round);
      if (outcome === undefined) return;
      clock.took(result, performance.now() - began);
      options.onStep?.({ result, series, round, outcome, ...clock.read() });
    }
  }

  /** False if these are not two sides of an operation, or one of them fails, which running them singly will tell of. */
  async function runBothSides(result: TaskResult, round: number): Promise<boolean> {
    const { benchmark, lanes } = result.task;
    const [base, head] = lanes;
    const isPair = lanes.length === 2 && base?.side === 'base' && head?.side === 'head';
    if (!isPair || benchmark.kind !== 'operation' || mode === 'smoke') return false;
    if (result.series.some(({ skipped }) => skipped !== undefined)) return false;
    const began = performance.now();
    try {
      const outcomes = await runPair({
        benchmark,
        subject: head.subject,
        run: runSettings(benchmark.kind, mode, seconds),
        launches: [base.launch, head.launch],
        signal,
      });
      const millis = performance.now() - began;
      for (const [i, series] of result.series.entries()) {
        const outcome = outcomes[i]!;
        series.version = outcome.version;
        series.rounds.push({ round, ...outcome });
        clock.took(result, millis / 2);
        options.onStep?.({ result, series, round, outcome, ...clock.read() });
      }
      return true;
    } catch {
      return signal?.aborted === true;
    }
  }

  function isDue(result: TaskResult, round: number): boolean {
    if (result.series.every(({ skipped }) => skipped !== undefined)) return false;
    // A cell of a heat map is one point of many; the median of them all is in the map.
    if (result.task.cell) return round === 0;
    return round < rounds || !(options.isSettled?.(result) ?? true);
  }

  /** What came of it, also entered in `series`; undefined if the run was interrupted. */
  async function runLane(
    { benchmark }: Task,
    lane: Lane,
    series: Series,
    round: number,
  ): Promise<RoundResult | Error | undefined> {
    const module = `${benchmark.kind === 'flow' ? benchmark.flow : benchmark.module} ${lane.subject}`;
    try {
      const known = mode === 'smoke' ? unavailable.get(module) : undefined;
      if (known !== undefined) throw known;
      const run = runSettings(benchmark.kind, mode, seconds);
      const result = await runRound({
        benchmark,
        subject: lane.subject,
        run,
        launch: lane.launch,
        signal,
      });
      series.version = result.version;
      series.rounds.push({ round, ...result });
      return result;
    } catch (error) {
      if (signal?.aborted) return undefined;
      const reason = error instanceof Error ? error : new Error(String(error));
      if (error instanceof UnavailableError) {
        unavailable.set(module, error);
        series.skipped = `not available: ${reason.message}`;
      } else if (++series.failures === 2 || rounds === 1) series.skipped = `failed: ${reason.message}`;
      return reason;
    }
  }
}

interface Pass {
  readonly round: number;
  readonly results: readonly TaskResult[];
  /** It comes even if the time is over. */
  readonly isPromised: boolean;
}

/** Rounds of everything; but first those of the headlines that are promised, the first round of the others between them. */
function* passes(results: readonly TaskResult[], headlineRounds: number, rounds: number): Generator<Pass> {
  const isHeadline = ({ task }: TaskResult): boolean => task.benchmark.headline === true && !task.cell;
  const headlines = headlineRounds > 0 ? results.filter(isHeadline) : [];
  const others = results.filter((result) => !headlines.includes(result));
  if (headlines.length > 0) {
    const parts = Math.max(1, headlineRounds - 1);
    const part = Math.ceil(others.length / parts);
    for (let round = 0; round < headlineRounds; round++) {
      yield { round, results: headlines, isPromised: true };
      if (round < parts)
        yield { round: 0, results: others.slice(round * part, (round + 1) * part), isPromised: true };
    }
  }
  for (let round = headlines.length > 0 ? 1 : 0; round < rounds; round++)
    yield { round, results: round < headlineRounds ? others : results, isPromised: false };
}

function newSeries({ subject, side }: Lane): Series {
  return { subject, ...(side ? { side } : {}), version: '', rounds: [], failures: 0 };
}

async function inParallel<T>(
  workers: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** Counts what is done and guesses what is left from how long the same took before. */
class Clock {
  readonly #tasks: readonly TaskResult[];
  readonly #guess: (result: TaskResult) => number;
  readonly #millis = new Map<TaskResult, number>();
  readonly #doneOf = new Map<TaskResult, number>();
  readonly #rounds: number;
  #done = 0;

  constructor(tasks: readonly TaskResult[], rounds: number, mode: Mode, seconds: number) {
    this.#tasks = tasks;
    this.#rounds = rounds;
    this.#guess = ({ task }) => 500 + runSettings(task.benchmark.kind, mode, seconds).seconds * 2000;
  }

  took(result: TaskResult, millis: number): void {
    this.#done++;
    this.#doneOf.set(result, (this.#doneOf.get(result) ?? 0) + 1);
    const before = this.#millis.get(result);
    this.#millis.set(result, before === undefined ? millis : before * 0.7 + millis * 0.3);
  }

  read(): { done: number; total: number; millisLeft: number } {
    let left = 0;
    let millisLeft = 0;
    for (const result of this.#tasks) {
      const rounds = result.task.cell ? 1 : this.#rounds;
      const lanes = result.series.filter(({ skipped }) => skipped === undefined).length;
      const done = this.#doneOf.get(result) ?? 0;
      const remaining = Math.max(0, rounds * lanes - done);
      left += remaining;
      millisLeft += remaining * (this.#millis.get(result) ?? this.#guess(result));
    }
    return { done: this.#done, total: this.#done + left, millisLeft };
  }
}
