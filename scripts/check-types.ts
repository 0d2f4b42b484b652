// `npm run types`: type-checks the whole repository, then each type test and each page of an example, which have a
// tsconfig of their own because they compile against other libraries (lib.dom) than the sources do.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './workspace.ts';

const own = ['packages/*/test/types/tsconfig.json', 'examples/*/page/tsconfig.json'];
const projects = ['tsconfig.json', ...globSync(own, { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort()];
let failed = 0;
for (const project of projects) {
  const run = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', project], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  console.log(`types: ${project} ${run.status === 0 ? 'passes' : 'FAILS'}`);
  if (run.status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
