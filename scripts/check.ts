// `npm run check [-- --only types,lint] [--skip test] [--bail]`: everything CI runs, one step after the other, then a
// table of what passed and how long it took. Goes on after a failure unless told to bail.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { readArguments } from './arguments.ts';
import { formatTable } from './table.ts';
import { ROOT } from './workspace.ts';

interface Step {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  /** Set besides what the environment has. */
  readonly environment?: Readonly<Record<string, string>>;
}

const script = (name: string, ...args: string[]): readonly string[] => [
  process.execPath,
  join('scripts', name),
  ...args,
];

/**
 * Where sockets, records and SRTP differ without it: all of the front package, and of the programs, which use nothing
 * else, one that moves bytes and one that passes media on.
 */
const NATIVE_SPEED = ['packages/millrace/', 'examples/pipe/', 'examples/forwarder/'];

const STEPS: readonly Step[] = [
  {
    name: 'lint',
    what: 'format and lint',
    command: [join(ROOT, 'node_modules/.bin/biome'), 'ci', '--error-on-warnings', '--colors=off', '.'],
  },
  { name: 'layers', what: 'imports keep the architecture', command: script('check-layers.ts') },
  { name: 'types', what: 'type check and type tests', command: script('check-types.ts') },
  {
    name: 'docs',
    what: 'generated documents say nothing untrue',
    command: script('conformance.ts', '--check'),
  },
  {
    name: 'wasm',
    what: 'WebAssembly is what its sources give',
    command: script('build-wasm.ts', '--check'),
  },
  {
    name: 'headline',
    what: 'the README shows the newest results',
    command: script('bench-headline.ts', '--check'),
  },
  { name: 'test', what: 'tests in random order', command: script('test.ts') },
  {
    name: 'portable',
    what: 'what native speed touches, once more without it',
    command: script('test.ts', ...NATIVE_SPEED),
    environment: { MILLRACE_NATIVE: 'off' },
  },
  { name: 'build', what: 'JavaScript and declarations', command: script('build.ts') },
  {
    name: 'pack',
    what: 'tarballs, publint, attw, smoke test',
    command: script('pack-check.ts', '--no-build'),
  },
  { name: 'fuzz', what: 'each fuzz target for a moment', command: script('fuzz.ts', '--seconds', '1') },
  { name: 'bench', what: 'each benchmark for a moment', command: script('bench.ts', '--smoke') },
];
const NAMES = STEPS.map((step) => step.name);

const { values } = readArguments({
  options: {
    only: { type: 'string', default: '' },
    skip: { type: 'string', default: '' },
    bail: { type: 'boolean', default: false },
  },
});
const only = readNames(values.only);
const skip = readNames(values.skip);
const chosen = STEPS.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name));

const rows: string[][] = [];
let failures = 0;
for (const { name, what, command, environment } of chosen) {
  console.log(styleText('bold', `\n── ${name}: ${what}`));
  const started = performance.now();
  const [program, ...args] = command;
  const run = spawnSync(program!, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = run.status === 0;
  rows.push([name, passed ? 'passed' : 'FAILED', `${seconds} s`, what]);
  if (passed) continue;
  failures++;
  if (values.bail) break;
}

console.log(`\n${formatTable(['step', 'result', 'time', 'what'], rows)}`);
console.log(
  failures === 0
    ? styleText('green', `check: all ${rows.length} steps passed`)
    : styleText('red', `check: ${failures} of ${rows.length} steps failed`),
);
process.exitCode = failures === 0 ? 0 : 1;

function readNames(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) {
    console.error(`no step is named ${unknown.join(', ')}; the steps are ${NAMES.join(', ')}`);
    process.exit(2);
  }
  return names;
}
