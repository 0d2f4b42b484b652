// `npm run build`: emits JavaScript, declarations and maps of every public package into packages/*/dist, each after
// the packages it depends on. The sources' own exports condition is off, so each package is compiled against the
// declarations its neighbours have just emitted, as a consumer would see them.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readPublicPackages } from './workspace.ts';

const tsc = join(ROOT, 'node_modules/.bin/tsc');
const started = performance.now();
const packages = readPublicPackages();

for (const { folder } of packages) rmSync(join(ROOT, folder, 'dist'), { recursive: true, force: true });
for (const { folder, name } of packages) {
  const config = join(folder, 'tsconfig.build.json');
  if (!existsSync(join(ROOT, config))) {
    console.error(`${name} has no ${config}: copy a neighbour's`);
    process.exit(1);
  }
  const run = spawnSync(tsc, ['-p', config], { cwd: ROOT, stdio: 'inherit' });
  if (run.status !== 0) {
    console.error(`${name} does not build`);
    process.exit(1);
  }
  renameDeclarationImports(join(ROOT, folder, 'dist'));
}
console.log(`built ${packages.length} packages in ${((performance.now() - started) / 1000).toFixed(1)} s`);

/**
 * The compiler rewrites `./x.ts` in what it emits as JavaScript, but not in declarations. Not every consumer's
 * resolution forgives that, so it is done here; the length stays, and with it the declaration maps.
 */
function renameDeclarationImports(dist: string): void {
  for (const path of globSync('**/*.d.ts', { cwd: dist })) {
    const text = readFileSync(join(dist, path), 'utf8');
    const renamed = text.replace(
      /(\b(?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/g,
      '$1$2$3.js$2',
    );
    if (renamed !== text) writeFileSync(join(dist, path), renamed);
  }
}
