// What docs/performance.md promises of millrace next to its rivals, held by `--gate`.
import { formatValue } from '@millrace/bench-harness';
import { advantageOver } from '@millrace/bench-harness/report';
import type { BenchmarkRecord } from '@millrace/bench-harness/runner';

/** Least times as good as the rival that the headline metric of a benchmark has to be. */
const GATES = [
  { benchmark: 'e2e/bulk-65536', rival: 'node-datachannel', least: 0.35 },
  { benchmark: 'e2e/bulk-65536', rival: 'werift', least: 3 },
  { benchmark: 'e2e/open', rival: 'node-datachannel', least: 1 },
  { benchmark: 'e2e/open', rival: 'werift', least: 1 },
] as const;

/** A line for each gate that could be measured, and whether all of them hold. */
export function checkGates(benchmarks: readonly BenchmarkRecord[]): {
  readonly lines: readonly string[];
  readonly hold: boolean;
} {
  const lines: string[] = [];
  let hold = true;
  for (const { benchmark: name, rival, least } of GATES) {
    const benchmark = benchmarks.find((candidate) => candidate.name === name);
    const series = benchmark?.series.find(({ subject }) => subject === rival);
    if (!benchmark || !series) continue;
    const metric = benchmark.metrics[0]!;
    const ratio = advantageOver(benchmark, series, metric);
    const verdict = Number.isNaN(ratio) ? 'not measured' : ratio >= least ? 'holds' : 'FAILS';
    if (verdict === 'FAILS') hold = false;
    lines.push(
      `gate: ${name}, ${metric.name}: ${formatValue(ratio)} × ${rival}, at least ${least}: ${verdict}`,
    );
  }
  return { lines, hold };
}
