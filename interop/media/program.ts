// A media program that runs beside us.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

export class Program {
  /** What it has printed to stderr, and to stdout as text. */
  output = '';
  /** What it has printed to stdout. */
  readonly #stdout: Buffer[] = [];
  hasEnded = false;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout!.on('data', (bytes: Buffer) => {
      this.#stdout.push(bytes);
      this.output += bytes.toString('latin1');
    });
    this.#child.stderr!.on('data', (bytes: Buffer) => {
      this.output += bytes.toString();
    });
    this.#child.once('close', () => {
      this.hasEnded = true;
    });
    this.#child.once('error', (error) => {
      this.output += error.message;
      this.hasEnded = true;
    });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** What `command` says of its version; undefined if it is not there. */
export function versionOf(command: string, ...args: string[]): string | undefined {
  try {
    const printed = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /version (\d+(?:\.\d+)+)/.exec(printed)?.[1];
  } catch {
    return undefined;
  }
}

/** Whether `command` runs without an error. */
export function succeeds(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
