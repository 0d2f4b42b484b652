// The rules that keep the architecture, as a function from files to violations: no disk, so tests hand in fixtures.

import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import {
  MAX_LINES,
  MAY_USE,
  NAMELESS,
  PLATFORM_FILE,
  PLATFORM_MODULES,
  PROTOCOL_PACKAGES,
  TESTS_MAY_USE,
} from './architecture.ts';
import { findImports, type Import, lineOf, maskSource } from './lexer.ts';

export type Rule =
  | 'direction'
  | 'undeclared'
  | 'unused'
  | 'foreign-source'
  | 'testing-in-source'
  | 'platform'
  | 'export-star'
  | 'file-length'
  | 'file-name'
  | 'cycle'
  | 'unknown-package';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: Rule;
  /** What is wrong, why it is, and what to do. */
  readonly message: string;
}

/** One workspace with its files by path relative to its folder: `src/index.ts`. */
export interface WorkspaceFiles {
  readonly name: string;
  readonly folder: string;
  /** Names this workspace's manifest declares as dependencies of any kind that is installed with it. */
  readonly declared: readonly string[];
  /** Names that only its tests may use. */
  readonly declaredForTests: readonly string[];
  readonly published: boolean;
  readonly files: ReadonlyMap<string, string>;
}

export function checkLayers(workspaces: readonly WorkspaceFiles[]): Violation[] {
  const names = new Set(workspaces.map((workspace) => workspace.name));
  return workspaces.flatMap((workspace) => checkWorkspace(workspace, names));
}

function checkWorkspace(workspace: WorkspaceFiles, names: ReadonlySet<string>): Violation[] {
  const violations: Violation[] = [];
  const edges = new Map<string, Array<{ to: string; line: number }>>();
  if (workspace.published && MAY_USE[workspace.name] === undefined)
    violations.push({
      file: `${workspace.folder}/package.json`,
      line: 1,
      rule: 'unknown-package',
      message: `${workspace.name} has no place in the architecture: add it to MAY_USE in scripts/layers/architecture.ts and to docs/architecture.md`,
    });
  const used = new Set<string>();
  for (const [path, source] of workspace.files) {
    const report = (line: number, rule: Rule, message: string): void => {
      violations.push({ file: posix.join(workspace.folder, path), line, rule, message });
    };
    const masked = maskSource(source);
    const imports = findImports(source, masked);
    checkFile(path, source, report);
    for (const found of imports) {
      checkImport(workspace, names, path, found, report);
      if (path.startsWith('src/')) used.add(packageName(found.specifier));
    }
    if (isProtocol(workspace)) {
      const checkHere = path.startsWith('src/') ? checkPlatform : checkTestPlatform;
      checkHere(path, source, masked, imports, report);
    }
    edges.set(
      path,
      imports
        .filter((found) => !found.typeOnly && found.specifier.startsWith('.'))
        .map((found) => ({
          to: posix.normalize(posix.join(posix.dirname(path), found.specifier)),
          line: found.line,
        })),
    );
  }
  for (const name of workspace.published ? workspace.declared : [])
    if (!used.has(name))
      violations.push({
        file: `${workspace.folder}/package.json`,
        line: 1,
        rule: 'unused',
        message: `${name} is a dependency that nothing in src imports: every user would install it for nothing; remove it, or make it a devDependency if tests need it`,
      });
  return [...violations, ...findCycles(workspace, edges)];
}

type Report = (line: number, rule: Rule, message: string) => void;

function checkFile(path: string, source: string, report: Report): void {
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
  if (lines > MAX_LINES)
    report(
      MAX_LINES,
      'file-length',
      `${lines} lines, ${MAX_LINES} is the limit: split it where it has two subjects`,
    );
  if (path.startsWith('src/') && NAMELESS.test(path))
    report(
      1,
      'file-name',
      'a file of this name gathers what has no home: name it after the one thing it holds',
    );
}

function checkImport(
  workspace: WorkspaceFiles,
  names: ReadonlySet<string>,
  path: string,
  found: Import,
  report: Report,
): void {
  const { specifier, line } = found;
  const isSource = path.startsWith('src/');
  if (found.kind === 'export-star' && workspace.published && isSource)
    report(
      line,
      'export-star',
      `export * makes every internal of ${specifier} public: list the names instead`,
    );
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    const isIntoWorkspace = workspace.folder === '.' && /^(?:packages|benchmarks|examples)\//.test(target);
    // What is fuzzed is fed with what it is tested with.
    const isTestMaterial = path.startsWith('fuzz/') && /^packages\/[^/]+\/test\//.test(target);
    if (target.startsWith('../') || (isIntoWorkspace && !isTestMaterial))
      report(
        line,
        'foreign-source',
        `${specifier} leaves ${workspace.folder}: another package is imported by its name, through what it exports`,
      );
    else if (workspace.published && isSource && !target.startsWith('src/'))
      report(line, 'foreign-source', `${specifier} is not under src, so it is not published`);
    return;
  }
  if (isBuiltin(specifier)) return; // `platform` has a word to say about protocol packages
  const name = packageName(specifier);
  if (name === workspace.name) {
    if (isSource)
      report(line, 'foreign-source', `${workspace.name} imports itself by name: use a relative path`);
    return;
  }
  const declared =
    workspace.declared.includes(name) || (!isSource && workspace.declaredForTests.includes(name));
  if (!declared)
    report(
      line,
      'undeclared',
      `${name} is not among the dependencies of ${workspace.folder}/package.json: declare it there, or do without it`,
    );
  if (!names.has(name)) return;
  const allowed = MAY_USE[workspace.name];
  if (!isSource && TESTS_MAY_USE[workspace.name]?.includes(name)) return;
  if (workspace.published && allowed && !allowed.includes(name) && !allowed.includes(specifier))
    report(
      line,
      'direction',
      `${workspace.name} may use ${allowed.length === 0 ? 'no other package' : allowed.join(', ')}, not ${specifier}: dependencies run one way (docs/architecture.md), so hand the thing in through an interface or move it down`,
    );
  if (isSource && !path.startsWith('src/testing/') && workspace.published && /\/testing$/.test(specifier))
    report(
      line,
      'testing-in-source',
      `${specifier} is for tests: what ships may not lean on a simulated network`,
    );
}

/** What the language or Node offers everywhere and a protocol package may not touch, with what to do instead. */
const FORBIDDEN: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [
    /(?<![.\w$#])(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate|queueMicrotask)\b(?!\s*[?:])/g,
    'only the driver sleeps: put a deadline in the TimerTable',
  ],
  [/(?<![.\w$#])Date\b(?!\s*[?:])/g, 'time is an argument: take `now`'],
  [/(?<![.\w$#])performance\s*\??\./g, 'time is an argument: take `now`'],
  [/(?<![.\w$#])Math\s*\.\s*random\b/g, 'randomness is handed in: take a RandomSource'],
  [/(?<![.\w$#])crypto\s*\??\./g, 'cryptography is handed in: take it through the interface of crypto.ts'],
  [/(?<![.\w$#])console\s*\??\./g, 'a protocol does not log: report an event or count a drop'],
  [/(?<![.\w$#])process\s*\??\./g, 'a protocol knows no process: hand in what is needed'],
  [
    /(?<![.\w$#])(?:globalThis|require)\b(?!\s*[?:])/g,
    'a protocol touches nothing global: hand in what is needed',
  ],
  [/(?<![.\w$#])Buffer\b(?!\s*[?:])/g, 'bytes are Uint8Array here; Buffer belongs to the driver'],
  [
    /(?<![.\w$#])(?:Promise\b(?!\s*[?:])|await\s|async\s+(?:function\b|\(|[\w$#]+\s*[(=]))/g,
    'nothing waits inside a state change: report an event through `drain`',
  ],
];

/** Names that a file may also bind itself, as a parameter or a field: then the bare name means that. */
const BINDABLE = /^(performance|crypto|console|process)/;

function checkPlatform(
  path: string,
  source: string,
  masked: string,
  imports: readonly Import[],
  report: Report,
): void {
  const platform = path === PLATFORM_FILE;
  for (const found of imports) {
    if (found.kind === 'dynamic')
      report(
        found.line,
        'platform',
        'import() waits, and nothing in a protocol package does: import at the top',
      );
    if (!isBuiltin(found.specifier)) continue;
    if (platform && PLATFORM_MODULES.includes(found.specifier)) continue;
    report(
      found.line,
      'platform',
      `${found.specifier} in a protocol package: sockets, clocks and cryptography are handed in; only ${PLATFORM_FILE} may import ${PLATFORM_MODULES.join(', ')}`,
    );
  }
  for (const [pattern, why] of FORBIDDEN) {
    for (const match of masked.matchAll(pattern)) {
      const name = match[0].replace(/[\s.?]+$/, '').replace(/[\s(=].*$/, '');
      if (platform && name === 'Buffer') continue;
      if (BINDABLE.test(name) && binds(masked, name)) continue;
      report(lineOf(source, match.index), 'platform', `${name} in a protocol package: ${why}`);
    }
  }
}

/** Tests of a protocol run in virtual time and open no port. */
function checkTestPlatform(
  _path: string,
  source: string,
  masked: string,
  imports: readonly Import[],
  report: Report,
): void {
  for (const found of imports) {
    if (/^node:(?:timers|dgram|net|http|https|tls)(?:\/|$)/.test(found.specifier))
      report(
        found.line,
        'platform',
        `${found.specifier} in a protocol's test: use the virtual clock and the Wire of @millrace/sans-io/testing`,
      );
  }
  for (const match of masked.matchAll(/(?<![.\w$#])(?:setTimeout|setInterval)\s*\(/g))
    report(lineOf(source, match.index), 'platform', "a protocol's test does not sleep: use a virtual clock");
}

function binds(masked: string, name: string): boolean {
  return new RegExp(
    `(?:\\b(?:const|let|var|function|class)\\s+${name}\\b|[({,]\\s*${name}\\s*(?:\\?\\s*)?[:,)}=]|\\b(?:const|let|var)\\s*\\{[^}]*\\b${name}\\b|import\\s*\\{[^}]*\\b${name}\\b)`,
  ).test(masked);
}

function findCycles(
  workspace: WorkspaceFiles,
  edges: ReadonlyMap<string, ReadonlyArray<{ to: string; line: number }>>,
): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { to, line } of edges.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start !== -1)
        violations.push({
          file: posix.join(workspace.folder, file),
          line,
          rule: 'cycle',
          message: `${[...path.slice(start), to].join(' → ')}: files that need each other have no order to be read in; move what both need into a third`,
        });
      else if (!done.has(to)) visit(to);
    }
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) if (!done.has(file)) visit(file);
  return violations;
}

function isProtocol(workspace: WorkspaceFiles): boolean {
  return PROTOCOL_PACKAGES.includes(workspace.name);
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}
