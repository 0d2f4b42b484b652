// The pipe as a child process, by itself or in a line of the shell. Standard output is data: bytes, not text.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const NODE = `'${process.execPath}' --conditions=@millrace/source '${MAIN}'`;
const INVITATION = /'(http:\S+)'/;

export const SERVE: readonly string[] = ['--serve', '--host', '127.0.0.1'];

export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything on standard error so far. */
  stderr = '';
  readonly exit: Promise<number | null>;

  constructor(t: TestContext, command: string, args: readonly string[], cwd?: string) {
    this.child = spawn(command, args, { cwd });
    t.after(() => this.child.kill('SIGKILL'));
    this.child.stdin.on('error', () => {}); // a program may end before it has read everything
    this.child.stderr.on('data', (chunk) => (this.stderr += chunk));
    // What it has said last may come after its end.
    const ended = Promise.all([once(this.child, 'exit'), once(this.child.stderr, 'close')]);
    this.exit = ended.then(([[code]]) => code as number | null);
  }

  /** The invitation on standard error, as soon as it is there. */
  async invitation(): Promise<string> {
    for await (const _ of this.#output()) {
      const found = INVITATION.exec(this.stderr)?.[1];
      if (found !== undefined) return found;
    }
    throw new Error(`ended without an invitation: ${this.stderr}`);
  }

  /** Waits for `text` on standard error. */
  async says(text: string): Promise<void> {
    if (this.stderr.includes(text)) return;
    for await (const _ of this.#output()) if (this.stderr.includes(text)) return;
    throw new Error(`ended without '${text}': ${this.stderr}`);
  }

  /** All of standard output. */
  async output(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.child.stdout) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** A turn whenever something has come on standard error, until it ends. */
  async *#output(): AsyncGenerator<undefined> {
    const { stderr } = this.child;
    while (!stderr.readableEnded && !stderr.destroyed) {
      const next = Promise.withResolvers<void>();
      stderr.once('data', () => next.resolve());
      stderr.once('close', () => next.resolve());
      await next.promise;
      yield undefined;
    }
  }
}

export const pipe = (t: TestContext, ...args: string[]): Program =>
  new Program(t, process.execPath, ['--conditions=@millrace/source', MAIN, ...args]);

/** A line of the shell, in which `pipe` is the program. */
export const shell = (t: TestContext, line: string, cwd?: string): Program =>
  new Program(t, 'sh', ['-c', line.replaceAll('pipe ', `${NODE} `)], cwd);
