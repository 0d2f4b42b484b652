// Results that are stored: read back, and turned into the report's files.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderReport } from '@millrace/bench-harness/report';
import { type RunRecord, SCHEMA, toCurrentSchema, UsageError } from '@millrace/bench-harness/runner';
import { ROOT } from '../workspace.ts';

/** Where full results are kept, one file a run, named by date. */
const RESULTS_FOLDER: string = join(ROOT, 'benchmarks/results');

export function readRecord(file: string): RunRecord {
  let stored: { readonly schema?: unknown };
  try {
    stored = JSON.parse(readFileSync(file, 'utf8')) as { readonly schema?: unknown };
  } catch (error) {
    throw new UsageError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  const record = toCurrentSchema(stored);
  if (record === undefined)
    throw new UsageError(
      `${file} has schema ${stored.schema ?? 'none'}, this runner reads ${SCHEMA} and the one before`,
    );
  return record;
}

/** All stored results, oldest first. */
export function readStoredRecords(): RunRecord[] {
  return globSync('*.json', { cwd: RESULTS_FOLDER })
    .map((name) => readRecord(join(RESULTS_FOLDER, name)))
    .sort((a, b) => (a.date < b.date ? -1 : 1));
}

export function writeReport(folder: string, record: RunRecord): void {
  for (const [name, content] of renderReport(record, readStoredRecords()))
    writeFile(join(folder, name), content, name === 'index.html');
}

export function writeFile(path: string, content: string | Uint8Array, say = true): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (say) console.log(`wrote ${path}`);
}
