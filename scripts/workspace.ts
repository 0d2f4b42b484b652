// Where the repository is and which workspaces it has, read from the manifests themselves.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder, absolute. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The exports condition under which workspaces resolve to their sources. */
export const SOURCE_CONDITION = '@millrace/source';

export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly workspaces?: readonly string[];
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly name: string;
  /** Relative to the root, with forward slashes: `packages/sctp`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every workspace of the repository, sorted by folder. */
export function readWorkspaces(): Workspace[] {
  const patterns = readManifest('.').workspaces ?? [];
  return globSync(
    patterns.map((pattern) => `${pattern}/package.json`),
    { cwd: ROOT },
  )
    .map((path) => dirname(path).replaceAll('\\', '/'))
    .sort()
    .map((folder) => {
      const manifest = readManifest(folder);
      return { name: manifest.name, folder, manifest };
    });
}

/** The packages that are published, each after the workspaces it depends on. */
export function readPublicPackages(): Workspace[] {
  const all = readWorkspaces().filter((workspace) => !workspace.manifest.private);
  const byName = new Map(all.map((workspace) => [workspace.name, workspace]));
  const ordered = new Set<Workspace>();
  const visit = (workspace: Workspace, path: readonly string[]): void => {
    if (ordered.has(workspace)) return;
    if (path.includes(workspace.name))
      throw new Error(`packages depend on each other in a circle: ${[...path, workspace.name].join(' → ')}`);
    for (const name of Object.keys(workspace.manifest.dependencies ?? {})) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency, [...path, workspace.name]);
    }
    ordered.add(workspace);
  };
  for (const workspace of all) visit(workspace, []);
  return [...ordered];
}
