// Runs one subject of an operation or trial once, in a process of its own that is ended whatever happens.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TrialResult } from './benchmark.ts';
import { inCheckout, type Launch } from './launch.ts';
import type { FromSubject, SubjectArguments, ToSubject } from './messages.ts';
import { UnavailableError } from './run-flow.ts';

const SUBJECT_PROCESS = new URL('./subject-process.ts', import.meta.url).href;
export const SUBJECT_FLAGS: readonly string[] = ['--conditions=@millrace/source', '--expose-gc'];

export interface RunSubjectOptions {
  readonly task: SubjectArguments;
  /** After so many milliseconds the process is killed and the run has failed. */
  readonly timeout: number;
  readonly launch?: Launch;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects with an `UnavailableError` if a module that the subject needs is missing, or with whatever went wrong. */
export async function runSubject(options: RunSubjectOptions): Promise<TrialResult> {
  const subject = startSubject(options);
  try {
    return await subject.done;
  } finally {
    await subject.end();
  }
}

/** A process that measures, or waits for its turn to. */
export interface RunningSubject {
  /** Rejects as `runSubject` does. */
  readonly done: Promise<TrialResult>;
  /** It is set up and waits for its first turn. */
  readonly ready: Promise<void>;
  /** What an operation took in a turn of so many milliseconds. */
  turn(millis: number): Promise<number>;
  /** There are no more turns: it says what else it has to, and is done. */
  finish(): void;
  end(): Promise<void>;
}

export function startSubject(options: RunSubjectOptions): RunningSubject {
  const { task, timeout, launch = {}, signal } = options;
  signal?.throwIfAborted();
  const { program, argument } = subjectCommand(task, launch);
  const child = fork(program, [argument], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...SUBJECT_FLAGS, ...(launch.execArgv ?? [])],
    env: { ...process.env, ...launch.environment },
  });
  const done = Promise.withResolvers<TrialResult>();
  const ready = Promise.withResolvers<void>();
  let turn = Promise.withResolvers<number>();
  const fail = (error: Error): void => {
    for (const { reject } of [done, ready, turn]) reject(error);
  };
  // Whoever waits for one of them hears of it; nobody waits for all.
  for (const { promise } of [done, ready]) promise.catch(() => {});
  const timer = setTimeout(() => fail(new Error(`not done after ${timeout / 1000} s`)), timeout);
  const onAbort = (): void => fail(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  const stderr: string[] = [];
  child.stderr?.on('data', (chunk) => stderr.push(String(chunk)));
  child.on('message', (message: FromSubject) => {
    if (message.type === 'done') done.resolve(message);
    else if (message.type === 'ready') ready.resolve();
    else if (message.type === 'turn') turn.resolve(message.nanosPerOperation);
    else if (message.type === 'unavailable') fail(new UnavailableError(message.reason));
    else fail(new Error(message.reason));
  });
  child.on('error', fail);
  child.on('exit', (code, signal) => {
    const last = stderr.join('').trim().split('\n').slice(-8).join('\n');
    fail(new Error(`ended early (${signal ?? `exit code ${code}`})${last ? `\n${last}` : ''}`));
  });
  turn.promise.catch(() => {});
  const tell = (message: ToSubject): void => {
    if (child.connected) child.send(message, () => {}); // one that has just gone is noticed by its exit
  };
  return {
    done: done.promise,
    ready: ready.promise,
    turn(millis) {
      turn = Promise.withResolvers<number>();
      turn.promise.catch(() => {});
      if (!child.connected) turn.reject(new Error('the process has ended'));
      tell({ type: 'turn', millis });
      return turn.promise;
    },
    finish: () => tell({ type: 'finish' }),
    async end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      await end(child);
    },
  };
}

/** The program of a subject's process and its one argument. */
export function subjectCommand(
  task: SubjectArguments,
  launch: Launch,
): { readonly program: string; readonly argument: string } {
  return {
    program: fileURLToPath(inCheckout(SUBJECT_PROCESS, launch)),
    argument: JSON.stringify({ ...task, module: inCheckout(task.module, launch) }),
  };
}

/** The subject leaves by itself when it has said what it has to; one that does not is killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
  await exited;
  clearTimeout(timer);
}
