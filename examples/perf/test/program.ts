// The program as a child process, run to its end or until it says something.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const INVITATION = /'(http:\S+)'/;

export const SERVE: readonly string[] = ['--serve', '--host', '127.0.0.1'];

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  stdout = '';
  stderr = '';

  constructor(t: TestContext, ...args: string[]) {
    this.child = spawn(process.execPath, ['--conditions=@millrace/source', MAIN, ...args]);
    t.after(() => this.child.kill('SIGKILL'));
    this.child.stdout!.on('data', (chunk) => (this.stdout += chunk));
    this.child.stderr!.on('data', (chunk) => (this.stderr += chunk));
    this.ended = once(this.child, 'close').then(([code]) => {
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  invitation(): Promise<string> {
    return this.says(INVITATION);
  }

  /** What `pattern` finds in what it has said on either stream, once it does. */
  async says(pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(this.stderr) ?? pattern.exec(this.stdout);
      if (found) return found[1] ?? found[0];
      const { stdout, stderr } = this.child;
      const more = [stdout!, stderr!].map((stream) => once(stream, 'data'));
      const next = await Promise.race([...more, this.ended.then(() => undefined)]);
      if (next === undefined && !pattern.test(this.stderr + this.stdout))
        throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`);
    }
  }
}
