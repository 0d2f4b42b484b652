import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of an installed package; of subjects that are no package, nothing. */
export function installedVersion(name: string): string {
  try {
    const path = findPackageJSON(name === 'millrace-portable' ? 'millrace' : name, import.meta.url);
    return path ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version : '';
  } catch {
    return '';
  }
}
