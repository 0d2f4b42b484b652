// What is installed: npm packages next to us, and programs on the machine.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const MODULES = new URL('../../node_modules/', import.meta.url);

export function missingPackages(...names: string[]): string | undefined {
  const missing = names.filter((name) => !existsSync(new URL(`${name}/package.json`, MODULES)));
  return missing.length === 0 ? undefined : `the package ${missing.join(' and ')} is not installed`;
}

export function packageVersion(name: string): string {
  const file = new URL(`${name}/package.json`, MODULES);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export function missingProgram(path: string, from: string): string | undefined {
  return existsSync(path) ? undefined : `${path} is not there (${from})`;
}

/** The first thing like a version in what `path --version` prints. */
export function programVersion(path: string): string {
  const printed = execFileSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /\d+(\.\d+)+/.exec(printed)?.[0] ?? 'of an unknown version';
}
