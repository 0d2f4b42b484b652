// `npm run pack-check [-- --no-build] [--nodes 22,24,26] [--keep]`: packs every public package as it would be
// published and judges the tarballs: what is in them, publint, attw, types under both resolutions, and programs, the
// README's sample among them, that run in an empty project with them on each supported Node.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { ROOT, readPublicPackages, type Workspace } from './workspace.ts';

const SMOKE_TIMEOUT_MS = 60_000;
/** What a tarball may hold, by path inside it. */
const WANTED = /^(?:dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts|package\.json|README\.md|LICENSE)$/;
const REQUIRED = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts'];

const { values } = parseArgs({
  options: {
    'no-build': { type: 'boolean', default: false },
    nodes: { type: 'string', default: '22,24,26' },
    keep: { type: 'boolean', default: false },
  },
});

if (!values['no-build']) run(process.execPath, ['scripts/build.ts'], ROOT);
const work = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
let failures = 0;
try {
  const tarballs = new Map<string, string>();
  for (const workspace of readPublicPackages()) tarballs.set(workspace.name, await checkTarball(workspace));
  const project = installConsumer(tarballs);
  checkConsumerTypes(project);
  for (const major of values.nodes.split(',')) {
    smoke(project, major, 'smoke.mjs', 'through the mill');
    smoke(project, major, 'readme.mjs', 'Hello yourself');
  }
} finally {
  if (values.keep) console.log(`kept ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
console.log(failures === 0 ? 'pack: every tarball is fit to publish' : `pack: ${failures} faults`);
process.exitCode = failures === 0 ? 0 : 1;

/** Packs one workspace, reports its faults and returns the tarball's path. */
async function checkTarball({ name, folder }: Workspace): Promise<string> {
  const destination = join(work, 'tarballs', folder);
  mkdirSync(destination, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', destination], join(ROOT, folder));
  const tarball = join(destination, readdirSync(destination)[0]!);
  checkContents(name, folder, tarball);

  const { messages, pkg } = await publint({
    pack: { tarball: arrayBuffer(readFileSync(tarball)) },
    strict: true,
  });
  for (const message of messages) fault(name, `publint: ${formatMessage(message, pkg) ?? message.code}`);

  const attw = spawnSync(
    join(ROOT, 'node_modules/.bin/attw'),
    [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (attw.status !== 0) fault(name, `attw:\n${attw.stdout}${attw.stderr}`);
  return tarball;
}

function checkContents(name: string, folder: string, tarball: string): void {
  const unpacked = join(work, 'unpacked', folder);
  mkdirSync(unpacked, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'], ROOT);
  const files = globSync('**/*', { cwd: unpacked, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1));
  for (const file of files) {
    if (!WANTED.test(file)) fault(name, `${file} has no business in the tarball`);
    const text = readFileSync(join(unpacked, file), 'utf8');
    for (const path of [ROOT, tmpdir(), process.env.HOME ?? ROOT])
      if (path.length > 1 && text.includes(`${path}/`)) fault(name, `${file} holds a path of this machine`);
  }
  for (const file of REQUIRED) if (!files.includes(file)) fault(name, `${file} is missing from the tarball`);
  if (files.includes('LICENSE') && !sameText(join(unpacked, 'LICENSE'), join(ROOT, 'LICENSE')))
    fault(name, "LICENSE is not the repository's");
  for (const map of files.filter((file) => file.endsWith('.map'))) checkMap(name, unpacked, map);
}

/** Every source a map names is in the tarball too, so that debuggers and "go to definition" arrive. */
function checkMap(name: string, unpacked: string, map: string): void {
  const { sources } = JSON.parse(readFileSync(join(unpacked, map), 'utf8')) as { sources: string[] };
  for (const source of sources)
    if (!existsSync(join(unpacked, map, '..', source)))
      fault(name, `${map} points to ${source}, which is not packed`);
}

/** An empty project with every tarball installed as a consumer would get it. */
function installConsumer(tarballs: ReadonlyMap<string, string>): string {
  const project = join(work, 'consumer');
  mkdirSync(project);
  writeManifest(project, {
    dependencies: Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`])),
  });
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts'], project);
  copyFileSync(join(ROOT, 'scripts/smoke/connect-and-echo.mjs'), join(project, 'smoke.mjs'));
  const sample = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'));
  writeFileSync(join(project, 'readme.mjs'), sample![1]!);
  copyFileSync(join(ROOT, 'scripts/smoke/consumer.ts'), join(project, 'consumer.ts'));
  return project;
}

function checkConsumerTypes(project: string): void {
  // Every entry point of every package, so that no declaration of any goes unread.
  const entries = readPublicPackages().flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((key) => !key.endsWith('.json'))
      .map((key) => name + key.slice(1)),
  );
  writeFileSync(
    join(project, 'entries.ts'),
    entries.map((entry, i) => `export * as entry${i} from '${entry}';\n`).join(''),
  );
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: 'es2024',
          lib: ['es2024', 'esnext.disposable'],
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          typeRoots: [join(ROOT, 'node_modules/@types')],
          types: ['node'],
        },
        files: ['consumer.ts', 'entries.ts'],
      }),
    );
    const tsc = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    // The type packages of this repository are not what is judged here.
    const errors = tsc.stdout.split('\n').filter((line) => line !== '' && !line.includes('@types/'));
    if (errors.length > 0) fault('millrace', `types under ${moduleResolution}:\n${errors.join('\n')}`);
    else console.log(`pack: declarations compile under ${moduleResolution}`);
  }
}

/** Runs a program of the empty project, which is to end by itself and to say `expected`. */
function smoke(project: string, major: string, program: string, expected: string): void {
  const node = installNode(major);
  const { status, signal, stdout, stderr } = spawnSync(node, [program], {
    cwd: project,
    encoding: 'utf8',
    timeout: SMOKE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  if (status === 0 && stdout.includes(expected))
    console.log(`pack: Node ${major}, ${program}: ${stdout.trim()}`);
  else
    fault(
      'millrace',
      `${program} on Node ${major}: ${signal ? 'does not end by itself' : `exit code ${status}`}\n${stdout}${stderr}`,
    );
}

/** The `node` package of that major version, kept between runs. */
function installNode(major: string): string {
  const folder = join(ROOT, 'node_modules/.cache/millrace-nodes', major);
  const node = join(folder, 'node_modules/.bin/node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeManifest(folder, { dependencies: { node: `^${major}.0.0` }, allowScripts: { node: true } });
    run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--no-package-lock'], folder);
  }
  return node;
}

function writeManifest(folder: string, fields: object): void {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', ...fields }),
  );
}

function fault(name: string, what: string): void {
  failures++;
  console.error(`pack: ${name}: ${what}`);
}

function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function sameText(a: string, b: string): boolean {
  return readFileSync(a, 'utf8') === readFileSync(b, 'utf8');
}

function arrayBuffer(buffer: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(buffer.length);
  new Uint8Array(copy).set(buffer);
  return copy;
}
