// A program of ours in a network namespace: what it printed, and how it ended.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../nat/network.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  /** Nothing comes any more: later than its end. */
  #isSilent = false;
  readonly #waiting = new Set<() => void>();

  /** `script` is a path from the root of the repository. */
  constructor(namespace: string, script: string, args: readonly string[], env: Record<string, string> = {}) {
    const [command = '', ...inside] = within(namespace);
    const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
    const node = [process.execPath, '--conditions=@millrace/source', path];
    this.child = spawn(command, [...inside, ...node, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stdout!.on('data', (chunk) => {
      this.#stdout += String(chunk);
      this.#wake();
    });
    this.child.stderr!.on('data', (chunk) => {
      this.#stderr += String(chunk);
      this.#wake();
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#isSilent = true;
      this.#wake();
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** What `pattern` finds in what it printed, once it does. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
      if (found) return found[1] ?? found[0];
      if (this.#isSilent) throw new Error(`ended without ${pattern}: ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
