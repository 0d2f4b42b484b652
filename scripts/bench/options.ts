// The command line of `npm run bench`. Whatever is wrong with it is said in one line that names the choices.
import { existsSync } from 'node:fs';
import { IMPLEMENTATION_NAMES, type Mode } from '@millrace/bench-harness';
import { JUDGE_DEFAULTS } from '@millrace/bench-harness/judge';
import { UsageError } from '@millrace/bench-harness/runner';
import { readArguments } from '../arguments.ts';
import { isCommit } from './checkout.ts';

export interface BenchOptions {
  readonly mode: Mode;
  readonly only: readonly string[];
  readonly implementations: readonly string[];
  readonly sweeps: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly gate: boolean;
  readonly list: boolean;
  readonly instructions: boolean;
  readonly threshold: number;
  readonly json?: string;
  readonly markdown?: string;
  readonly report?: string;
  readonly compare?: { readonly file: string } | { readonly ref: string };
}

const DEFAULTS: Readonly<Record<Mode, { readonly rounds: number; readonly seconds: number }>> = {
  smoke: { rounds: 1, seconds: 1 },
  quick: { rounds: 3, seconds: 1 },
  full: { rounds: 7, seconds: 3 },
};

/** Throws a `UsageError`, or ends the process where an option does not exist. */
export function readBenchOptions(): BenchOptions {
  const { values } = readArguments({
    options: {
      full: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      impl: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      sweeps: { type: 'boolean' },
      json: { type: 'string' },
      compare: { type: 'string' },
      threshold: { type: 'string' },
      report: { type: 'string' },
      markdown: { type: 'string' },
      gate: { type: 'boolean', default: false },
      instructions: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.full && values.smoke)
    throw new UsageError('--full and --smoke are two modes; without either, the run is quick');
  const mode: Mode = values.full ? 'full' : values.smoke ? 'smoke' : 'quick';
  const comparing = values.compare !== undefined || values.instructions;
  const defaults = comparing ? { rounds: JUDGE_DEFAULTS.minPairs, seconds: 1 } : DEFAULTS[mode];
  const implementations =
    values.impl === undefined
      ? comparing
        ? ['millrace']
        : [...IMPLEMENTATION_NAMES]
      : words(values.impl, 'implementation');
  for (const name of implementations)
    if (!IMPLEMENTATION_NAMES.some((known) => known === name))
      throw new UsageError(
        `no implementation is named '${name}'; there are ${IMPLEMENTATION_NAMES.join(', ')}`,
      );
  return {
    mode,
    only: values.only === undefined ? [] : words(values.only, 'benchmark'),
    implementations,
    sweeps: values.sweeps ?? (mode !== 'quick' && !comparing),
    rounds: mode === 'smoke' ? 1 : wholeNumber('rounds', values.rounds ?? String(defaults.rounds)),
    seconds: positive('seconds', values.seconds ?? String(defaults.seconds)),
    gate: values.gate,
    list: values.list,
    instructions: values.instructions,
    threshold: share('threshold', values.threshold ?? `${JUDGE_DEFAULTS.threshold * 100}%`),
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.markdown === undefined ? {} : { markdown: values.markdown }),
    ...(values.report === undefined ? {} : { report: values.report }),
    ...(values.compare === undefined ? {} : { compare: comparedWith(values.compare) }),
  };
}

function comparedWith(value: string): { readonly file: string } | { readonly ref: string } {
  if (existsSync(value) && value.endsWith('.json')) return { file: value };
  if (isCommit(value)) return { ref: value };
  throw new UsageError(
    `--compare takes a file that --json wrote, or a git reference such as main or HEAD~1; '${value}' is neither`,
  );
}

function words(list: string, what: string): string[] {
  const found = list.split(',').filter((word) => word !== '');
  if (found.length === 0) throw new UsageError(`no ${what} is named in '${list}'`);
  return found;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 3600)) throw new UsageError(`--${name} takes a number above 0, not '${text}'`);
  return value;
}

function wholeNumber(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} takes a whole number above 0, not '${text}'`);
  return value;
}

function share(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  const value = match ? Number(match[1]) / 100 : Number.NaN;
  if (!(value > 0 && value < 0.5))
    throw new UsageError(`--${name} takes a share between 0 % and 50 %, such as 5%, not '${text}'`);
  return value;
}
