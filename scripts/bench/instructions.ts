// `npm run bench -- --instructions --only sctp/crc32c-1200 [--compare REF]`: instructions per operation of millrace, and
// with a reference those of that commit and the verdict on them.
import { formatValue, type OperationBenchmark } from '@millrace/bench-harness';
import { percent } from '@millrace/bench-harness/report';
import {
  countInstructions,
  findInstructionCounter,
  type Progress,
  UsageError,
} from '@millrace/bench-harness/runner';
import { formatTable } from '../table.ts';

export interface InstructionOptions {
  readonly benchmarks: readonly OperationBenchmark[];
  readonly base: string | undefined;
  readonly threshold: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Prints the table; false if something takes more than the threshold allows. */
export async function benchInstructions(options: InstructionOptions): Promise<boolean> {
  const { benchmarks, base, threshold, progress, signal } = options;
  const counter = await findInstructionCounter();
  if (typeof counter === 'string') throw new UsageError(`instructions cannot be counted here: ${counter}`);
  const rows: string[][] = [];
  let passed = true;
  for (const benchmark of benchmarks) {
    if (signal.aborted) break;
    progress.note(`${benchmark.name}: counting with ${counter.name}`);
    try {
      const head = await countInstructions(benchmark, 'millrace', counter, {});
      if (base === undefined) rows.push([benchmark.name, formatValue(head)]);
      else {
        const before = await countInstructions(benchmark, 'millrace', counter, { root: base });
        const ratio = before / head;
        const verdict =
          ratio < 1 - threshold ? 'regressed' : ratio > 1 / (1 - threshold) ? 'improved' : 'same';
        if (verdict === 'regressed') passed = false;
        rows.push([benchmark.name, formatValue(head), formatValue(before), percent(ratio), verdict]);
      }
    } catch (error) {
      rows.push([benchmark.name, (error as Error).message.split('\n')[0]!]);
    }
  }
  const header = [
    'benchmark',
    'instructions/op',
    ...(base === undefined ? [] : ['base', 'change', 'verdict']),
  ];
  console.log(formatTable(header, rows, [1, 2, 3]));
  return passed;
}
