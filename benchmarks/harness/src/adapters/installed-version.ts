import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

export function installedVersion(name: string): string {
  const path = findPackageJSON(name, import.meta.url);
  return path ? ((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version ?? '?') : '?';
}
