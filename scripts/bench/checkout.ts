// Another commit of this repository, laid out so that this one's benchmarks can run on its packages: a git worktree
// in which benchmarks/ is ours, everything installed from outside is ours by symbolic link, and each workspace is its own.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type Commit, git, readCommit } from '@millrace/bench-harness/runner';
import { type Manifest, ROOT } from '../workspace.ts';

export interface BaseCheckout {
  readonly root: string;
  readonly commit: Commit;
  /** What is not as it would be in a checkout with an install of its own. */
  readonly notes: readonly string[];
  remove(): void;
}

export function isCommit(ref: string): boolean {
  try {
    git(ROOT, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

export function checkOut(ref: string): BaseCheckout {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-base-'));
  const root = join(folder, 'checkout');
  const remove = (): void => {
    try {
      git(ROOT, 'worktree', 'remove', '--force', root);
    } catch {}
    rmSync(folder, { recursive: true, force: true });
    try {
      git(ROOT, 'worktree', 'prune');
    } catch {}
  };
  try {
    git(ROOT, 'worktree', 'add', '--quiet', '--detach', root, ref);
    const notes = installChanged(root);
    // What is measured comes from there, how it is measured from here: a change of a benchmark is no change of speed.
    rmSync(join(root, 'benchmarks'), { recursive: true, force: true });
    cpSync(join(ROOT, 'benchmarks'), join(root, 'benchmarks'), {
      recursive: true,
      filter: (path) => !/(?:^|[/\\])(?:node_modules|results)$/.test(path),
    });
    linkInstalled(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    linkWorkspaces(root);
    return { root, commit: readCommit(ROOT, ref)!, notes, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** If its packages were written for other versions than are installed here, npm lays out what it asks for. */
function installChanged(root: string): string[] {
  const changed = changedDependencies(root);
  if (changed.length === 0) return [];
  try {
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: root, stdio: 'pipe' });
    return [];
  } catch {
    rmSync(join(root, 'node_modules'), { recursive: true, force: true });
    return [`base runs with head's version of ${changed.join(', ')}: npm ci failed there`];
  }
}

/** Every package that is installed here and not there, but for our own workspaces. */
function linkInstalled(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const own = new Set(workspaceManifests(ROOT).map(({ manifest }) => manifest.name));
  for (const entry of readdirSync(from)) {
    if (entry.startsWith('.') && entry !== '.bin') continue;
    const isScope = entry.startsWith('@');
    for (const name of isScope ? readdirSync(join(from, entry)).map((part) => `${entry}/${part}`) : [entry]) {
      if (own.has(name) || existsSync(join(to, name))) continue;
      mkdirSync(dirname(join(to, name)), { recursive: true });
      symlinkSync(join(from, name), join(to, name), 'dir');
    }
  }
}

function linkWorkspaces(root: string): void {
  for (const { folder, manifest } of workspaceManifests(root)) {
    const link = join(root, 'node_modules', manifest.name);
    rmSync(link, { recursive: true, force: true });
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(root, folder)), link, 'dir');
    // A workspace may have installed something for itself alone.
    const ours = join(ROOT, folder, 'node_modules');
    const theirs = join(root, folder, 'node_modules');
    if (existsSync(ours) && !existsSync(theirs)) symlinkSync(ours, theirs, 'dir');
  }
}

function workspaceManifests(root: string): Array<{ folder: string; manifest: Manifest }> {
  return ['packages', 'benchmarks'].flatMap((parent) =>
    (existsSync(join(root, parent)) ? readdirSync(join(root, parent)) : [])
      .map((name) => `${parent}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map((folder) => ({
        folder,
        manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
      })),
  );
}

/** What its packages depend on at another version than is installed here. */
function changedDependencies(root: string): string[] {
  const names = new Set(
    workspaceManifests(root)
      .filter(({ folder }) => folder.startsWith('packages/'))
      .flatMap(({ manifest }) => Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })),
  );
  const [there, here] = [lockedVersions(root), lockedVersions(ROOT)];
  return [...names].filter((name) => there.get(name) !== undefined && there.get(name) !== here.get(name));
}

function lockedVersions(root: string): Map<string, string> {
  const path = join(root, 'package-lock.json');
  if (!existsSync(path)) return new Map();
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
    packages: Record<string, { version?: string; link?: boolean }>;
  };
  return new Map(
    Object.entries(packages).flatMap(([key, { version, link }]) =>
      link || version === undefined ? [] : [[key.replace(/^.*node_modules\//, ''), version] as const],
    ),
  );
}
