// Runs one subject of an operation or trial once, in a process of its own that is ended whatever happens.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TrialResult } from './benchmark.ts';
import type { FromSubject, SubjectArguments } from './messages.ts';
import { UnavailableError } from './run-flow.ts';

const SUBJECT_PROCESS = fileURLToPath(new URL('./subject-process.ts', import.meta.url));

export interface RunSubjectOptions {
  readonly task: SubjectArguments;
  /** After so many milliseconds the process is killed and the run has failed. */
  readonly timeout: number;
  /** The checkout whose harness and packages run; this one by default. */
  readonly program?: string;
  readonly execArgv?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Rejects with an `UnavailableError` if a module that the subject needs is missing, or with whatever went wrong. */
export async function runSubject(options: RunSubjectOptions): Promise<TrialResult> {
  const child = fork(options.program ?? SUBJECT_PROCESS, [JSON.stringify(options.task)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--conditions=@millrace/source', '--expose-gc', ...(options.execArgv ?? [])],
  });
  const { promise, resolve, reject } = Promise.withResolvers<TrialResult>();
  const timer = setTimeout(
    () => reject(new Error(`not done after ${options.timeout / 1000} s`)),
    options.timeout,
  );
  const onAbort = (): void => reject(options.signal!.reason);
  options.signal?.addEventListener('abort', onAbort);
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
    options.signal?.removeEventListener('abort', onAbort);
    await end(child);
  }
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
