// `npm run conformance [-- --check]`: writes docs/conformance.md from the names of the tests. A describe or test whose
// name begins with "RFC nnnn §x.y" says that the section is held; this gathers them by RFC and section. With
// --check it only compares, and fails if the document is not what the tests say.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Claim, gatherClaims, renderConformance } from './conformance/claims.ts';
import { ROOT } from './workspace.ts';

const DOCUMENT = 'docs/conformance.md';

const claims: Claim[] = globSync('packages/*/test/**/*.test.ts', { cwd: ROOT })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
  .flatMap((path) => gatherClaims(path, readFileSync(join(ROOT, path), 'utf8')));
const text = renderConformance(claims);

if (process.argv.includes('--check')) {
  let current = '';
  try {
    current = readFileSync(join(ROOT, DOCUMENT), 'utf8');
  } catch {
    // Missing is out of date.
  }
  if (current !== text) {
    console.error(`${DOCUMENT} is not what the tests say: run npm run conformance and commit it`);
    process.exitCode = 1;
  } else console.log(`conformance: ${claims.length} tests, ${DOCUMENT} is current`);
} else {
  writeFileSync(join(ROOT, DOCUMENT), text);
  console.log(`conformance: ${claims.length} tests written to ${DOCUMENT}`);
}
