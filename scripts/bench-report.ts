// `npm run bench-report -- DIR [FILE]`: the report of a result that is stored, without measuring anything; of the newest in
// benchmarks/results unless a file is named.
import { UsageError } from '@millrace/bench-harness/runner';
import { readArguments } from './arguments.ts';
import { readRecord, readStoredRecords, writeReport } from './bench/results.ts';

const { positionals } = readArguments({ options: {}, allowPositionals: true });
try {
  const [folder, file] = positionals;
  if (folder === undefined || positionals.length > 2)
    throw new UsageError('npm run bench-report -- DIR [FILE]: where to, and which result');
  const record = file === undefined ? readStoredRecords().at(-1) : readRecord(file);
  if (record === undefined)
    throw new UsageError(
      'there is no result in benchmarks/results: name a file, or run npm run bench -- --full --json',
    );
  writeReport(folder, record);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
