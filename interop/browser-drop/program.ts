// examples/browser-drop as a child process, and the folders it works with.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../examples/browser-drop/src/main.ts', import.meta.url));

export class DropProgram {
  /** Where received files are. */
  readonly inbox: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  /** Nothing comes any more: later than its end. */
  #isSilent = false;
  readonly #waiting = new Set<() => void>();

  /** `folder` is the program's own, with the files that it offers. */
  constructor(folder: string, offered: readonly string[]) {
    this.inbox = join(folder, 'in');
    const args = ['--files', this.inbox, '--host', '127.0.0.1', ...offered];
    this.#child = spawn(process.execPath, ['--conditions=@millrace/source', MAIN, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: unknown): void => {
      this.#output += String(chunk);
      this.#wake();
    };
    this.#child.stdout!.on('data', take);
    this.#child.stderr!.on('data', take);
    this.#ended = once(this.#child, 'close').then(() => {
      this.#isSilent = true;
      this.#wake();
    });
  }

  /** What `pattern` finds in what it printed, once it does. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found) return found[1] ?? found[0];
      if (this.#isSilent) throw new Error(`ended without ${pattern}: ${this.#output}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Ends it as Ctrl-C does; gives its exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.kill('SIGINT');
    await this.#ended;
    return this.#child.exitCode;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'interop-drop-files-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const digestOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');
