// Builds a program that uses pion by the machine's Go, from the sources that Debian packages as
// golang-github-pion-webrtc.v3-dev. Where Go or they are missing, pion is left out.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SOURCES = '/usr/share/gocode';
const PION = join(SOURCES, 'src/github.com/pion/webrtc');
const run = promisify(execFile);

const built = new Map<string, Promise<string | undefined>>();

/** The program's path; undefined where there is no pion. Built once in the life of this process. */
export function buildPion(source: URL): Promise<string | undefined> {
  let program = built.get(source.href);
  if (program === undefined) built.set(source.href, (program = build(source)));
  return program;
}

/** In a workspace of its own: only there, and beside a go.mod, Go finds `pion/webrtc/v3` where Debian puts it. */
async function build(source: URL): Promise<string | undefined> {
  if (!existsSync(PION)) return undefined;
  const workspace = mkdtempSync(join(tmpdir(), 'links-pion-'));
  process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));
  const folder = join(workspace, 'src/pionpeer');
  mkdirSync(folder, { recursive: true });
  copyFileSync(source, join(folder, 'main.go'));
  writeFileSync(join(folder, 'go.mod'), 'module pionpeer\n');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: `${workspace}:${SOURCES}` };
  const program = join(workspace, 'pion');
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: folder, env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return program;
}
