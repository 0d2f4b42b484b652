// Every subject once in each round, so that whatever the machine does meanwhile meets them all alike. One that is
// not installed or fails twice is skipped from then on; it never ends the run.
import type { Benchmark, RunSettings } from './benchmark.ts';
import { type RoundResult, runRound } from './run-benchmark.ts';
import { UnavailableError } from './run-flow.ts';

/** What one subject did in one benchmark. */
export interface Series {
  readonly subject: string;
  version: string;
  readonly rounds: RoundResult[];
  /** Why there is nothing, or less than was asked for. */
  skipped?: string;
  failures: number;
}

export interface InterleaveOptions {
  readonly benchmark: Benchmark;
  readonly subjects: readonly string[];
  readonly rounds: number;
  readonly run: RunSettings;
  readonly onRound: (series: Series, round: number, result: RoundResult | Error) => void;
  readonly signal?: AbortSignal;
}

export async function runInterleaved(options: InterleaveOptions): Promise<Series[]> {
  const { benchmark, subjects, rounds, run, onRound, signal } = options;
  const all = subjects.map((subject): Series => ({ subject, version: '', rounds: [], failures: 0 }));
  for (let round = 0; round < rounds; round++) {
    // There and back again, so that no subject always follows the same other.
    for (const series of round % 2 === 0 ? all : all.toReversed()) {
      if (series.skipped !== undefined || signal?.aborted) continue;
      try {
        const result = await runRound({
          benchmark,
          subject: series.subject,
          run,
          ...(signal ? { signal } : {}),
        });
        series.version = result.version;
        series.rounds.push(result);
        onRound(series, round, result);
      } catch (error) {
        if (signal?.aborted) break;
        const reason = error instanceof Error ? error : new Error(String(error));
        if (error instanceof UnavailableError) series.skipped = `not available: ${reason.message}`;
        else if (++series.failures === 2 || rounds === 1) series.skipped = `failed: ${reason.message}`;
        onRound(series, round, reason);
      }
    }
  }
  return all;
}
