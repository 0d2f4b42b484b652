// What a run consists of: the benchmarks that were asked for, each with the lanes that take turns in it.
import { areaOf, type Benchmark, type Entry, type Mode, type RunSettings, type Sweep } from '../benchmark.ts';
import { IMPLEMENTATION_NAMES } from '../implementation.ts';
import type { Launch } from '../launch.ts';

/** One that takes turns with the others of its benchmark: a subject, and in a comparison the checkout it runs from. */
export interface Lane {
  readonly subject: string;
  readonly side?: Side;
  readonly launch: Launch;
}

export type Side = 'base' | 'head';

export interface Task {
  readonly benchmark: Benchmark;
  readonly lanes: readonly Lane[];
  /** The sweep this is a cell of. */
  readonly cell?: { readonly sweep: Sweep; readonly x: number; readonly y: number };
}

export interface Selection {
  readonly mode: Mode;
  /** Names, areas or parts of names; all if there are none. */
  readonly only: readonly string[];
  readonly implementations: readonly string[];
  readonly sweeps: boolean;
}

/** Wrong usage; the message is one line that names the choices. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The entries that are asked for. A word takes the area or the name that it is, or else whatever it is a part of. */
export function selectEntries(entries: readonly Entry[], { mode, only, sweeps }: Selection): Entry[] {
  const offered = entries.filter(
    (entry) => only.length > 0 || (entry.kind === 'sweep' ? sweeps : mode !== 'quick' || entry.quick),
  );
  if (only.length === 0) return offered;
  const chosen = new Set<Entry>();
  for (const word of only) {
    const exact = offered.filter(({ name }) => name === word || areaOf(name) === word);
    const found = exact.length > 0 ? exact : offered.filter(({ name }) => name.includes(word));
    // An area means its benchmarks; its sweeps take long and are named or asked for.
    for (const entry of found)
      if (entry.kind !== 'sweep' || sweeps || entry.name === word || areaOf(entry.name) !== word)
        chosen.add(entry);
    if (found.length === 0) {
      const areas = [...new Set(entries.map(({ name }) => areaOf(name)))].sort();
      throw new UsageError(
        `no benchmark is named '${word}'; the areas are ${areas.join(', ')}, and --list has every name`,
      );
    }
  }
  return entries.filter((entry) => chosen.has(entry));
}

/** Subjects that are stacks obey `--impl`; plain baselines and floors come along always. */
export function selectSubjects(benchmark: Benchmark, implementations: readonly string[]): string[] {
  const isStack = (subject: string): boolean => IMPLEMENTATION_NAMES.some((name) => name === subject);
  return benchmark.subjects.filter((subject) => !isStack(subject) || implementations.includes(subject));
}

export function planTasks(
  entries: readonly Entry[],
  lanesOf: (benchmark: Benchmark) => readonly Lane[],
): Task[] {
  const tasks: Task[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'sweep') tasks.push({ benchmark: entry, lanes: lanesOf(entry) });
    else
      for (const y of entry.y.values)
        for (const x of entry.x.values) {
          const benchmark = { ...entry.cell(x, y), name: entry.name };
          tasks.push({ benchmark, lanes: lanesOf(benchmark), cell: { sweep: entry, x, y } });
        }
  }
  return tasks.filter(({ lanes }) => lanes.length > 0);
}

/**
 * What is left to show that everything works: millrace in every benchmark, everybody else once in each module, and one
 * cell of a heat map, which are all the same but for numbers.
 */
export function thinForSmoke(tasks: readonly Task[]): Task[] {
  const seen = new Set<string>();
  const once = (key: string): boolean => {
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  return tasks
    .filter(({ cell }) => cell === undefined || once(cell.sweep.name))
    .map((task) => {
      const { benchmark, lanes } = task;
      const module = benchmark.kind === 'flow' ? benchmark.flow : benchmark.module;
      const left = lanes.filter(
        ({ subject, side }) => subject === 'millrace' || side !== undefined || once(`${module} ${subject}`),
      );
      return { ...task, lanes: left };
    })
    .filter(({ lanes }) => lanes.length > 0);
}

/** An operation settles in a fraction of what a flow needs. */
export function runSettings(kind: Benchmark['kind'], mode: Mode, seconds: number): RunSettings {
  if (mode === 'smoke') return { mode, seconds: 0.05 };
  return { mode, seconds: kind === 'flow' ? seconds : seconds / 4 };
}
