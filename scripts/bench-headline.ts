// `npm run bench-headline [-- --check]`: writes the newest full result of benchmarks/results into the README's table, or only
// says whether it is there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { hasHeadline, putHeadline } from './bench/headline.ts';
import { readStoredRecords } from './bench/results.ts';
import { ROOT } from './workspace.ts';

const { values } = readArguments({ options: { check: { type: 'boolean', default: false } } });
const path = join(ROOT, 'README.md');
const readme = readFileSync(path, 'utf8');
const record = readStoredRecords().findLast(hasHeadline);
const due = putHeadline(readme, record);
if (due === undefined) {
  console.error('README.md has no place for the headline table');
  process.exitCode = 1;
} else if (due === readme) console.log('README.md shows the newest results');
else if (values.check) {
  console.error('README.md does not show the newest results: npm run bench-headline writes them');
  process.exitCode = 1;
} else {
  writeFileSync(path, due);
  console.log('README.md now shows the newest results');
}
