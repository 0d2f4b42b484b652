// An example program as a child process: run to its end, or until it prints something.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  #onOutput: () => void = () => {};

  /** `script` is the path of the program. */
  constructor(script: string, args: readonly string[], cwd: string) {
    this.child = spawn(process.execPath, ['--conditions=@millrace/source', script, ...args], { cwd });
    this.child.stdout!.on('data', (chunk) => this.#take(chunk));
    this.child.stderr!.on('data', (chunk) => (this.#stderr += chunk));
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#onOutput();
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** What `pattern` finds on standard output, once it does; an error if the program ends before. */
  async printed(pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(this.#stdout);
      if (found) return found[1] ?? found[0];
      if (this.child.exitCode !== null)
        throw new Error(`ended without ${pattern}: ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => (this.#onOutput = resolve));
    }
  }

  #take(chunk: Buffer): void {
    this.#stdout += chunk;
    this.#onOutput();
  }
}
