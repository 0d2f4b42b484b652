// `npm run layers`: fails on an import against the architecture's direction and on whatever else layers/rules.ts
// knows. Prints every violation as file:line with what to do about it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkLayers, type WorkspaceFiles } from './layers/rules.ts';
import { type Manifest, ROOT, readManifest, readWorkspaces } from './workspace.ts';

const rootManifest = readManifest('.');
const rootTools = Object.keys(rootManifest.devDependencies ?? {});

const workspaces: WorkspaceFiles[] = readWorkspaces().map(({ name, folder, manifest }) => ({
  name,
  folder,
  declared: declared(manifest),
  declaredForTests: [...Object.keys(manifest.devDependencies ?? {}), ...rootTools],
  published: !manifest.private,
  files: readFiles(folder, ['**/*.ts']),
}));

// Scripts and fuzz targets belong to the root, which may use every workspace by name.
workspaces.push({
  name: rootManifest.name,
  folder: '.',
  declared: [...rootTools, ...workspaces.map((workspace) => workspace.name)],
  declaredForTests: [],
  published: false,
  files: readFiles('.', ['scripts/**/*.ts', 'fuzz/**/*.ts']),
});

const violations = checkLayers(workspaces);
for (const { file, line, rule, message } of violations)
  console.error(`${file}:${line}  [${rule}] ${message}`);
const files = workspaces.reduce((sum, workspace) => sum + workspace.files.size, 0);
console.log(
  violations.length === 0
    ? `layers: ${files} files in ${workspaces.length} workspaces keep the architecture`
    : `layers: ${violations.length} violation${violations.length === 1 ? '' : 's'} in ${files} files`,
);
process.exitCode = violations.length === 0 ? 0 : 1;

function declared(manifest: Manifest): string[] {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
}

function readFiles(folder: string, patterns: string[]): Map<string, string> {
  const cwd = join(ROOT, folder);
  const paths = globSync(patterns, {
    cwd,
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.d.ts'],
  });
  return new Map(
    paths
      .map((path) => path.replaceAll('\\', '/'))
      .sort()
      .map((path) => [path, readFileSync(join(cwd, path), 'utf8')]),
  );
}
