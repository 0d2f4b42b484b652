// Runs one subject of an operation or trial once, in a process of its own that is ended whatever happens.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TrialResult } from './benchmark.ts';
import { inCheckout, type Launch } from './launch.ts';
import type { FromSubject, SubjectArguments } from './messages.ts';
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
  const { task, timeout, launch = {}, signal } = options;
  signal?.throwIfAborted();
  const { program, argument } = subjectCommand(task, launch);
  const child = fork(program, [argument], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...SUBJECT_FLAGS, ...(launch.execArgv ?? [])],
    env: { ...process.env, ...launch.environment },
  });
  const { promise, resolve, reject } = Promise.withResolvers<TrialResult>();
  const timer = setTimeout(() => reject(new Error(`not done after ${timeout / 1000} s`)), timeout);
  const onAbort = (): void => reject(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  const stderr: string[] = [];
  child.stderr?.on('data', (chunk) => stderr.push(String(chunk)));
  child.on('message', (message: FromSubject) => {
    if (message.type === 'done') resolve(message);
    else if (message.type === 'unavailable') reject(new UnavailableError(message.reason));
    else reject(new Error(message.reason));
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => {
    const last = stderr.join('').trim().split('\n').slice(-8).join('\n');
    reject(new Error(`ended early (${signal ?? `exit code ${code}`})${last ? `\n${last}` : ''}`));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await end(child);
  }
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
