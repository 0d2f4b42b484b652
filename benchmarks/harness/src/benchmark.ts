// A benchmark is a flow with settings and the numbers it yields; `runInterleaved` runs it for several stacks in turns.
import type { FlowResult, Settings } from './flow.ts';
import type { ImplementationName } from './implementation.ts';
import { runFlow, UnavailableError } from './run-flow.ts';

export interface Metric {
  readonly name: string;
  readonly unit: string;
  /** Which direction is better. */
  readonly better: 'higher' | 'lower';
  /** Takes the metric's value from one run. */
  readonly read: (result: FlowResult) => number;
}

export interface Benchmark {
  readonly name: string;
  readonly what: string;
  /** URL of the module that exports `flow`. */
  readonly flow: string;
  readonly metrics: readonly Metric[];
  /** Settings for a usual run of `seconds`, and for one that only shows that everything works. */
  readonly settings: (options: { readonly seconds: number; readonly smoke: boolean }) => Settings;
}

/** What one stack did in one benchmark. `values` has one entry per round for each metric. */
export interface Series {
  readonly implementation: ImplementationName;
  version: string;
  readonly values: Record<string, number[]>;
  /** Why there is nothing, or less than was asked for. */
  skipped?: string;
  failures: number;
}

export interface InterleaveOptions {
  readonly benchmark: Benchmark;
  readonly implementations: readonly ImplementationName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly smoke: boolean;
  readonly onProgress: (line: string) => void;
}

/**
 * Every stack once in each round, so that whatever the machine does meanwhile meets them all alike. One that is not
 * installed or fails twice is skipped from then on; it never ends the run.
 */
export async function runInterleaved(options: InterleaveOptions): Promise<Series[]> {
  const { benchmark, implementations, rounds, seconds, smoke, onProgress } = options;
  const settings = benchmark.settings({ seconds, smoke });
  const all = implementations.map(
    (implementation): Series => ({ implementation, version: '', values: {}, failures: 0 }),
  );
  for (let round = 0; round < rounds; round++) {
    for (const series of all) {
      if (series.skipped !== undefined) continue;
      try {
        const result = await runFlow({
          implementation: series.implementation,
          flow: benchmark.flow,
          settings,
          timeout: 20_000 + seconds * 4_000,
        });
        series.version = result.version;
        const seen: string[] = [];
        for (const { name, unit, read } of benchmark.metrics) {
          const value = read(result);
          (series.values[name] ??= []).push(value);
          seen.push(`${name} ${formatValue(value)} ${unit}`);
        }
        onProgress(`${benchmark.name} ${round + 1}/${rounds} ${series.implementation}: ${seen.join(', ')}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (error instanceof UnavailableError) series.skipped = `not available: ${reason}`;
        else if (++series.failures === 2 || rounds === 1) series.skipped = `failed: ${reason}`;
        onProgress(`${benchmark.name} ${round + 1}/${rounds} ${series.implementation}: ${reason}`);
      }
    }
  }
  return all;
}

export function formatValue(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
