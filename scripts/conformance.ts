// `npm run conformance [-- --check]`: writes what documents say from the sources. docs/conformance.md lists every
// test under the RFC section its name, or that of a describe around it, begins with; the list in docs/deviations.md
// holds every comment that says `Deviation:`, the tables in docs/errors.md every code. With --check it only compares: a document may be behind the sources,
// but it fails if one says what the sources do not.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatherClaims, renderConformance } from './conformance/claims.ts';
import { gatherDeviations, insertDeviations } from './conformance/deviations.ts';
import { gatherErrors, insertErrors } from './conformance/errors.ts';
import { ROOT } from './workspace.ts';

const claims = read('packages/*/test/**/*.test.ts').flatMap(([path, text]) => gatherClaims(path, text));
const sources = read('packages/*/src/**/*.ts');
const deviations = sources.flatMap(([path, text]) => gatherDeviations(path, text));
const errors = sources.flatMap(([path, text]) => gatherErrors(path, text));
const isCheck = process.argv.includes('--check');

let untrue = 0;
write('docs/conformance.md', () => renderConformance(claims));
write('docs/deviations.md', (current) => insertDeviations(current, deviations));
write('docs/errors.md', (current) => insertErrors(current, errors));
console.log(
  `conformance: ${claims.length} tests, ${deviations.length} deviations and ${errors.length} tables of codes`,
);
process.exitCode = untrue === 0 ? 0 : 1;

function write(document: string, make: (current: string) => string): void {
  const path = join(ROOT, document);
  const current = readFileSync(path, 'utf8');
  const made = make(current);
  if (made === current) return;
  if (!isCheck) {
    writeFileSync(path, made);
    return;
  }
  const lines = linesOnlyIn(current, made);
  untrue += lines.length;
  for (const line of lines) console.error(`${document} says what the sources do not: ${line}`);
  console.error(`${document} is behind the sources: run npm run conformance and commit it`);
}

function linesOnlyIn(text: string, other: string): string[] {
  const lines = new Set(other.split('\n'));
  return text.split('\n').filter((line) => !lines.has(line));
}

function read(pattern: string): Array<[path: string, text: string]> {
  return globSync(pattern, { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]);
}
