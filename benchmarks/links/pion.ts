// pion (Go) over an emulated link: pion/main.go, built by the machine's Go from the sources that Debian packages as
// golang-github-pion-webrtc.v3-dev. Where Go or they are missing, it is left out.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const SOURCES = '/usr/share/gocode';
const PION = join(SOURCES, 'src/github.com/pion/webrtc');
const PROGRAM = new URL('./pion/main.go', import.meta.url);
const run = promisify(execFile);

export interface PionTiming {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

let built: Promise<string | undefined> | undefined;

/** Goodput in Mbit/s of 64 KiB messages one way; undefined if there is no pion here. */
export async function runPion(
  commandAt: (end: 'a' | 'b') => readonly string[],
  { warmUpSeconds, seconds }: PionTiming,
): Promise<number | undefined> {
  const program = await (built ??= build());
  if (program === undefined) return undefined;
  const start = (end: 'a' | 'b', role: string): ChildProcess => {
    const [command, ...words] = commandAt(end);
    const all = [...words, program, role, String(warmUpSeconds), String(seconds)];
    return spawn(command!, all, { stdio: ['pipe', 'pipe', 'inherit'] });
  };
  const offerer = start('a', 'offer');
  const answerer = start('b', 'answer');
  const timer = setTimeout(() => answerer.kill(), (warmUpSeconds + seconds + 30) * 1000);
  try {
    const offers = createInterface(offerer.stdout!)[Symbol.asyncIterator]();
    const answers = createInterface(answerer.stdout!)[Symbol.asyncIterator]();
    answerer.stdin!.write(`${(await offers.next()).value}\n`);
    offerer.stdin!.write(`${(await answers.next()).value}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error('the answering pion ended without a result');
    return Number(value);
  } finally {
    clearTimeout(timer);
    for (const child of [offerer, answerer])
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, 'exit');
      }
  }
}

/** In a workspace of its own: only there, and beside a go.mod, Go finds `pion/webrtc/v3` where Debian puts it. */
async function build(): Promise<string | undefined> {
  if (!existsSync(PION)) return undefined;
  const workspace = mkdtempSync(join(tmpdir(), 'links-pion-'));
  process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));
  const source = join(workspace, 'src/pionpeer');
  mkdirSync(source, { recursive: true });
  copyFileSync(PROGRAM, join(source, 'main.go'));
  writeFileSync(join(source, 'go.mod'), 'module pionpeer\n');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: `${workspace}:${SOURCES}` };
  const program = join(workspace, 'pion');
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: source, env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return program;
}
