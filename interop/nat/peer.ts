// The near hand of a peer: its process in a namespace, and what it told so far.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromPeer, PeerReport, Signal, ToPeer } from './child.ts';
import { within } from './network.ts';

const STDERR_KEPT = 4_000; // characters

export class Peer {
  onSignal: (signal: Signal) => void = () => {};
  readonly #child: ChildProcess;
  readonly #told = new Map<string, FromPeer>();
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #gone: Error | undefined;

  constructor(namespace: string) {
    const [command = '', ...args] = within(namespace);
    this.#child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [], {
      execPath: command,
      execArgv: [
        ...args,
        ...[process.execPath, '--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'],
      ],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-STDERR_KEPT);
    });
    this.#child.on('error', (error) => this.#onGone(error));
    this.#child.on('exit', (code, signal) => {
      this.#onGone(new Error(`the peer ended with ${signal ?? `code ${code}`}. ${this.#stderr}`.trim()));
    });
    this.#child.on('message', (message: FromPeer) => {
      if (message.tell === 'signal') return this.onSignal(message.signal);
      this.#told.set(message.tell, message);
      this.#wake();
    });
  }

  say(message: ToPeer): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Resolves once the peer has told this, or `undefined` after so many milliseconds. */
  async told<K extends FromPeer['tell']>(
    what: K,
    patience: number,
  ): Promise<Extract<FromPeer, { tell: K }> | undefined> {
    const end = performance.now() + patience;
    for (;;) {
      const message = this.#told.get(what);
      if (message !== undefined) return message as Extract<FromPeer, { tell: K }>;
      if (this.#gone !== undefined) throw this.#gone;
      const left = end - performance.now();
      if (left <= 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
      clearTimeout(timer);
    }
  }

  async report(patience: number): Promise<PeerReport | undefined> {
    this.#told.delete('report');
    this.say({ do: 'report' });
    return (await this.told('report', patience))?.report;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #onGone(error: Error): void {
    this.#gone ??= error;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
