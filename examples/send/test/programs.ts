// `send` and `receive` as child processes in a directory of their own, with trees of files to send and to compare.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';

export const INVITATION: RegExp = /'(http:\S+)'/;
export const LOCAL: readonly string[] = ['--serve', '--host', '127.0.0.1', '--no-code'];

const HOLD = new URL('./hold-at-progress.ts', import.meta.url).href;
const MAIN = {
  send: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
  receive: fileURLToPath(new URL('../../receive/src/main.ts', import.meta.url)),
};

export interface Held {
  readonly command: Command;
  letGo(): void;
}

export interface Workplace {
  readonly directory: string;
  run(program: 'send' | 'receive', ...args: string[]): Command;
  /** Resolves when it has shown how far it is for the first time; it does nothing then until it is let go. */
  runToTheMiddle(program: 'send' | 'receive', ...args: string[]): Promise<Held>;
  path(...names: string[]): string;
}

export async function workplace(t: TestContext): Promise<Workplace> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  const commands: Command[] = [];
  t.after(async () => {
    for (const { child } of commands) child.kill('SIGKILL');
    await Promise.all(commands.map(({ ended }) => ended));
    await rm(directory, { recursive: true, force: true });
  });
  const start = (
    program: 'send' | 'receive',
    args: string[],
    environment: Record<string, string>,
  ): Command => {
    const command = new Command(MAIN[program], args, directory, {
      XDG_STATE_HOME: join(directory, '.state'),
      ...environment,
    });
    commands.push(command);
    return command;
  };
  const run: Workplace['run'] = (program, ...args) => start(program, args, {});
  const runToTheMiddle: Workplace['runToTheMiddle'] = (program, ...args) => {
    const go = join(directory, `.go-${commands.length}`);
    const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${HOLD}`;
    const command = start(program, args, { NODE_OPTIONS, MILLRACE_TEST_GO: go });
    return new Promise((resolve, reject) => {
      command.onProgress(() => resolve({ command, letGo: () => writeFileSync(go, '') }));
      command.ended.then(({ stderr }) => reject(new Error(`ended before: ${stderr}`)), reject);
    });
  };
  return { directory, run, runToTheMiddle, path: (...names) => join(directory, ...names) };
}

/** Writes files with their folders; `undefined` is an empty folder. At once: of thousands, a turn each would take seconds. */
export function plant(root: string, files: Readonly<Record<string, Uint8Array | string | undefined>>): void {
  const made = new Set<string>();
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, ...name.split('/'));
    const folder = content === undefined ? path : dirname(path);
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    if (content !== undefined) writeFileSync(path, content);
  }
}

/** Every file and folder below, sorted. */
export async function namesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true });
  return entries.map((name) => name.replaceAll('\\', '/')).sort();
}

/** The same names, bytes and times. */
export async function assertSameTree(actual: string, expected: string): Promise<void> {
  const names = await namesBelow(expected);
  assert.deepEqual(await namesBelow(actual), names);
  for (const name of names) {
    const [is, should] = [statSync(join(actual, name)), statSync(join(expected, name))];
    assert.equal(is.isDirectory(), should.isDirectory(), name);
    assert.ok(Math.abs(is.mtimeMs - should.mtimeMs) < 2, `${name}: ${is.mtimeMs} and ${should.mtimeMs}`);
    if (should.isDirectory()) continue;
    assert.equal(is.size, should.size, name);
    const [a, b] = [readFileSync(join(actual, name)), readFileSync(join(expected, name))];
    assert.ok(a.equals(b), `${name} differs`);
  }
}
