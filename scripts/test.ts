// `npm test [-- WORD... --OPTION...]`: runs every test file of the repository in random order on the sources.
// Words keep the files whose path contains one of them; options go to `node --test`
// (--test-name-pattern=..., --test-random-seed=..., --test-reporter=spec, --watch). The files of a protocol package share
// processes; with --test-isolation=process each has its own.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { groupFiles } from './test/groups.ts';
import { ROOT, SOURCE_CONDITION } from './workspace.ts';

const PATTERNS = [
  'packages/*/test/**/*.test.ts',
  'benchmarks/*/test/**/*.test.ts',
  'examples/*/test/**/*.test.ts',
  'fuzz/test/**/*.test.ts',
  'scripts/test/**/*.test.ts',
];
/**
 * A test that takes longer than this hangs; before Node 24 a file does. The longest file takes ten seconds, and twenty times as
 * long on a slow machine with much else to do.
 */
const TEST_TIMEOUT_MS = 240_000;
/**
 * Every test file, and every program it starts, is a process of its own: types are erased once for all of them.
 * Coverage is counted without: V8 knows less of functions that come from a cache.
 */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/compile');

const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-'));
const all = globSync(PATTERNS, { cwd: ROOT, exclude: ['**/node_modules/**'] })
  .map((path) => path.replaceAll('\\', '/'))
  .sort();
const files = words.length === 0 ? all : all.filter((path) => words.some((word) => path.includes(word)));

if (files.length === 0) {
  console.error(`no test file has ${words.map((word) => `'${word}'`).join(' or ')} in its path`);
  process.exit(1);
}

const cache = options.some((option) => option.includes('coverage'))
  ? {}
  : { NODE_COMPILE_CACHE: COMPILE_CACHE };
const reporter = options.some((option) => option.startsWith('--test-reporter'))
  ? []
  : ['--test-reporter=./scripts/brief-reporter.ts'];
const isApart = options.some((option) => /^--(watch|test-isolation|experimental-test-coverage)/.test(option));
const run = spawnSync(
  process.execPath,
  [
    `--conditions=${SOURCE_CONDITION}`,
    '--test',
    '--import=./scripts/test/exit-guard.ts',
    '--test-randomize',
    // One more than there are cores: somebody always waits for a timer or for another process.
    `--test-concurrency=${availableParallelism() + 1}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...reporter,
    ...options,
    ...(isApart ? files : groupFiles(files)),
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...cache, ...process.env } },
);
if (run.error) throw run.error;
process.exitCode = run.status ?? 1;
