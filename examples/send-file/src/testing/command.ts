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
  /** Nothing comes any more: later than its end. */
  #isSilent = false;
  readonly #onOutput = new Set<() => void>();

  /** `script` is the path of the program; `environment` is added to that of this process. */
  constructor(
    script: string,
    args: readonly string[],
    cwd: string,
    environment: Record<string, string> = {},
  ) {
    this.child = spawn(process.execPath, ['--conditions=@millrace/source', script, ...args], {
      cwd,
      env: { ...process.env, ...environment },
    });
    this.child.stdout!.on('data', (chunk) => this.#take(chunk));
    this.child.stderr!.on('data', (chunk) => (this.#stderr += chunk));
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#isSilent = true;
      this.#wake();
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** Everything on standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Calls `act` once, when standard error shows how far something is. */
  onProgress(act: () => void): void {
    const look = (): void => {
      if (!/ing \d+%/.test(this.#stderr)) return;
      this.child.stderr!.off('data', look);
      act();
    };
    this.child.stderr!.on('data', look);
  }

  /** What `pattern` finds on standard output, once it does; an error if the program ends before. */
  async printed(pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(this.#stdout);
      if (found) return found[1] ?? found[0];
      if (this.#isSilent) throw new Error(`ended without ${pattern}: ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => this.#onOutput.add(resolve));
    }
  }

  #take(chunk: Buffer): void {
    this.#stdout += chunk;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#onOutput) wake();
    this.#onOutput.clear();
  }
}
