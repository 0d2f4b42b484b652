// Instructions per operation, for machines too noisy for clocks: what the kernel counts (`perf stat`) where it may,
// else what valgrind's callgrind counts, which is slow (a minute or two for each benchmark) but there everywhere.
// V8 is told to do all its work on one thread and in a fixed order; without, its compiler's moods outweigh the rest.
import { spawn } from 'node:child_process';
import type { OperationBenchmark } from '../benchmark.ts';
import type { Launch } from '../launch.ts';
import { runRound } from '../run-benchmark.ts';
import { SUBJECT_FLAGS, subjectCommand } from '../run-subject.ts';

export interface InstructionCounter {
  readonly name: string;
  /** The command line in front of the program. */
  readonly prefix: readonly string[];
  readonly read: (stderr: string) => number | undefined;
}

const PERF: InstructionCounter = {
  name: 'perf stat',
  prefix: ['perf', 'stat', '-x', ',', '-e', 'instructions:u'],
  read: readPerf,
};

const CALLGRIND: InstructionCounter = {
  name: 'callgrind',
  prefix: ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null'],
  read: readCallgrind,
};

const DETERMINISTIC: readonly string[] = ['--single-threaded', '--predictable'];
/** So much time, measured without a counter, for the shorter of the two runs; the other does five times as much. */
const SHORT_MS = 20;
const TIMES = 5;

/** `1234,,instructions:u,...`; perf says `<not supported>` where there is no counter, as in most virtual machines. */
export function readPerf(stderr: string): number | undefined {
  const match = /^(\d+),[^,]*,instructions/m.exec(stderr);
  return match ? Number(match[1]) : undefined;
}

export function readCallgrind(stderr: string): number | undefined {
  const match = /Collected : (\d+)/.exec(stderr);
  return match ? Number(match[1]) : undefined;
}

/** The first counter that works here, or why none does. */
export async function findInstructionCounter(): Promise<InstructionCounter | string> {
  const reasons: string[] = [];
  for (const counter of [PERF, CALLGRIND]) {
    const { stderr, error } = await run([...counter.prefix, 'true'], {});
    if (error === undefined && counter.read(stderr) !== undefined) return counter;
    reasons.push(`${counter.name} ${error ?? 'has no counter on this machine'}`);
  }
  return reasons.join('; ');
}

/** Instructions that one operation takes: what more operations take more, so that start and set-up cancel. */
export async function countInstructions(
  benchmark: OperationBenchmark,
  subject: string,
  counter: InstructionCounter,
  launch: Launch,
): Promise<number> {
  const timed = await runRound({ benchmark, subject, run: { mode: 'quick', seconds: 0.1 }, launch });
  const operations = Math.max(100, Math.round((SHORT_MS * 1e6) / timed.values.time!));
  const count = async (exactly: number): Promise<number> => {
    const task = {
      kind: 'operation',
      module: benchmark.module,
      subject,
      settings: benchmark.settings ?? {},
      seconds: 0,
      sample: 0,
      exactly,
    } as const;
    const { program, argument } = subjectCommand(task, launch);
    const { stderr, error } = await run(
      [...counter.prefix, process.execPath, ...SUBJECT_FLAGS, ...DETERMINISTIC, program, argument],
      launch.environment ?? {},
    );
    const instructions = counter.read(stderr);
    if (instructions === undefined)
      throw new Error(error ?? (stderr.trim().split('\n').at(-1) || 'no count'));
    return instructions;
  };
  const few = await count(operations);
  const many = await count(operations * TIMES);
  return (many - few) / (operations * (TIMES - 1));
}

async function run(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ stderr: string; error?: string }> {
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return await new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ stderr, error: `does not start: ${message}` }));
    child.on('close', (code) =>
      resolve(code === 0 ? { stderr } : { stderr, error: `ended with exit code ${code}` }),
    );
  });
}
