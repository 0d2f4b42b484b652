// The results of a run as tables for the terminal and as Markdown.
import { formatValue, median, spread } from '@millrace/bench-harness';
import { advantageOver, percent, titleOf, valuesOf } from '@millrace/bench-harness/report';
import type { BenchmarkRecord, Comparison, SeriesRecord, SweepRecord } from '@millrace/bench-harness/runner';
import { formatTable } from '../table.ts';

type Metric = BenchmarkRecord['metrics'][number];

/** One table for all benchmarks of an area that have the same metrics. */
export function formatBenchmarks(benchmarks: readonly BenchmarkRecord[]): string {
  const groups = new Map<string, BenchmarkRecord[]>();
  for (const benchmark of benchmarks) {
    const shape = [benchmark.area, ...benchmark.metrics.map(({ name, unit }) => `${name} ${unit}`)].join('|');
    groups.set(shape, [...(groups.get(shape) ?? []), benchmark]);
  }
  return [...groups.values()].map(formatGroup).join('\n\n');
}

function formatGroup(group: readonly BenchmarkRecord[]): string {
  const all = group.flatMap(({ series }) => series);
  const metrics = group[0]!.metrics.filter(({ name }) =>
    all.some((series) => valuesOf(series, name).length > 0),
  );
  const [headline] = metrics;
  const header = [group[0]!.area, 'subject'];
  for (const metric of metrics) {
    header.push(titleOf(metric));
    if (metric === headline) header.push('±', 'millrace is');
  }
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const benchmark of group) {
    let name = benchmark.name.slice(benchmark.area.length + 1);
    for (const series of benchmark.series) {
      if (series.skipped !== undefined)
        notes.push(`${benchmark.name}, ${series.side ?? series.subject}: ${series.skipped}`);
      if (series.rounds.length === 0) continue;
      const isFloor = series.subject === benchmark.floor;
      const cells = [name, `${series.side ?? series.subject}${isFloor ? ' (floor)' : ''}`];
      name = '';
      for (const metric of metrics) {
        const values = valuesOf(series, metric.name);
        cells.push(formatValue(median(values)));
        if (metric === headline) cells.push(formatSpread(values), advantage(benchmark, series, metric));
      }
      rows.push(cells);
    }
  }
  const right = header.map((_, i) => i).slice(2);
  return [formatTable(header, rows, right), ...notes.map((note) => `  ${note}`)].join('\n');
}

function advantage(benchmark: BenchmarkRecord, series: SeriesRecord, metric: Metric): string {
  const ratio = advantageOver(benchmark, series, metric);
  return Number.isFinite(ratio) ? `${formatValue(ratio)} ×` : '';
}

function formatSpread(values: readonly number[]): string {
  const share = spread(values) * 100;
  return values.length > 1 && Number.isFinite(share) ? `${share.toFixed(0)} %` : '';
}

export function formatSweep(sweep: SweepRecord): string {
  const { x, y, metric } = sweep;
  const header = [`${titleOf(y)} \\ ${titleOf(x)}`, ...x.values.map(formatAxisValue)];
  const tables = sweep.series.map(({ subject, cells, skipped }) =>
    [
      `${sweep.name}: ${titleOf(metric)}, ${subject}${skipped === undefined ? '' : ` (${skipped})`}`,
      formatTable(
        header,
        y.values.map((value, row) => [
          formatAxisValue(value),
          ...cells[row]!.map((cell) => formatValue(cell ?? Number.NaN)),
        ]),
        header.map((_, i) => i),
      ),
    ].join('\n'),
  );
  return tables.join('\n\n');
}

function formatAxisValue(value: number): string {
  return String(value);
}

export function formatComparison(comparison: Comparison): string {
  const rows = comparison.verdicts.map((verdict) => {
    if (verdict.verdict === 'none')
      return [verdict.benchmark, verdict.metric, 'not measured on both sides', '', '', ''];
    return [
      verdict.benchmark,
      verdict.metric,
      verdict.verdict,
      `${percent(verdict.ratio)}`,
      `${percent(verdict.low)} to ${percent(verdict.high)}`,
      String(verdict.pairs),
    ];
  });
  return formatTable(['benchmark', 'metric', 'verdict', 'change', '98 % interval', 'pairs'], rows, [3, 4, 5]);
}
