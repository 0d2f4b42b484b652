// Where and of what a result was measured.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly arch: string;
  readonly release: string;
  /** Of the minute before the run: what else the machine was doing. */
  readonly load: number;
}

export interface Commit {
  readonly id: string;
  /** Whether files differed from that commit. */
  readonly dirty: boolean;
  /** When it was committed, ISO 8601; results are put in this order where the page shows a trend. */
  readonly date: string;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? '?',
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: process.platform,
    arch: process.arch,
    release: release(),
    load: loadavg()[0] ?? 0,
  };
}

/** Undefined outside of a git checkout, such as an unpacked archive. */
export function readCommit(root: string, ref = 'HEAD'): Commit | undefined {
  try {
    const [id, date] = git(root, 'log', '-1', '--format=%h %cI', '--abbrev=12', ref).split(' ');
    const dirty = ref === 'HEAD' && git(root, 'status', '--porcelain', '--untracked-files=no') !== '';
    return { id: id!, dirty, date: date! };
  } catch {
    return undefined;
  }
}

export function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

export function formatMachine({ cpu, cores, memoryBytes, platform, arch }: Machine): string {
  const model = cpu.replaceAll(/\((?:R|TM)\)/g, '').replaceAll(/\s+/g, ' ');
  return `${cores} × ${model}, ${Math.round(memoryBytes / 2 ** 30)} GiB, ${platform} ${arch}`;
}
