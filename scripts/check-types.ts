// `npm run types`: type-checks the whole repository, then each type test, which has a tsconfig of its own because it
// compiles against other libraries (lib.dom) than the sources do.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './workspace.ts';

const projects = ['tsconfig.json', ...globSync('packages/*/test/types/tsconfig.json', { cwd: ROOT }).sort()];
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
