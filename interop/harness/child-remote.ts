// An implementation in a process of its own, which speaks the IPC of Node: a crash or a hang of native code ends that
// process only, and both ends of a transfer get a core each.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Reply } from '../agent/commands.ts';
import type { Remote } from './implementation.ts';

const STARTING = 90_000; // ms
const STDERR_KEPT = 4000; // characters

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Answer = { readonly number: number } & Reply;

/** `interpreter`: what runs `entry`, if that is not the Node we are in. */
export async function forkRemote(entry: URL, interpreter?: string): Promise<Remote> {
  const child = fork(fileURLToPath(entry), [], {
    ...(interpreter === undefined
      ? { execArgv: ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'] }
      : { execPath: interpreter, execArgv: [] }),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const remote = new ChildRemote(child, fileURLToPath(entry));
  try {
    await remote.ready;
  } catch (error) {
    await remote.close();
    throw error;
  }
  return remote;
}

class ChildRemote implements Remote {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #stderr = '';
  #gone: Error | undefined;

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-STDERR_KEPT);
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} did not start`)), STARTING);
      child.once('message', () => resolve());
      child.once('exit', () => reject(this.#gone));
      child.once('message', () => clearTimeout(timer));
      child.once('exit', () => clearTimeout(timer));
    });
    child.prependOnceListener('exit', (code, signal) => {
      process.off('exit', endWithUs);
      this.#onExit(new Error(`the process ended with ${signal ?? `code ${code}`}. ${this.#stderr}`.trim()));
    });
    child.on('error', (error) => this.#onExit(error));
    child.on('message', (message) => this.#onAnswer(message as Answer));
  }

  call(command: string, ...args: unknown[]): Promise<never> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      const number = this.#next++;
      this.#pending.set(number, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ number, command, args }, (error) => {
        if (error !== null && this.#pending.delete(number)) reject(this.#gone ?? error);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #onAnswer(answer: Answer): void {
    const pending = this.#pending.get(answer.number);
    if (pending === undefined) return;
    this.#pending.delete(answer.number);
    if ('result' in answer) pending.resolve(answer.result);
    else pending.reject(remoteError(answer.error));
  }

  #onExit(error: Error): void {
    this.#gone = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function remoteError({ name, message }: { name: string; message: string }): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
