// Parts of werift that it does not export, by the paths they have in its package.
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { notThereYet } from './not-there-yet.ts';

const require = createRequire(import.meta.url);

export function weriftPart<Part>(path: string): Part {
  const manifest = findPackageJSON('werift', import.meta.url);
  if (manifest === undefined) notThereYet('werift');
  return require(join(dirname(manifest), 'lib', path)) as Part;
}
