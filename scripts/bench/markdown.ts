// A run as Markdown for a comment on a pull request: the verdicts first, the numbers folded away.
import { formatValue, median } from '@millrace/bench-harness';
import { advantageOver, percent, titleOf, valuesOf } from '@millrace/bench-harness/report';
import {
  type BenchmarkRecord,
  formatMachine,
  type RunRecord,
  type Verdict,
} from '@millrace/bench-harness/runner';

const MARKS: Readonly<Record<Verdict['verdict'], string>> = {
  improved: '🟢 improved',
  same: 'same',
  regressed: '🔴 regressed',
  none: 'not measured',
};

export function formatMarkdown(record: RunRecord): string {
  const { comparison, benchmarks, commit, machine, node, command } = record;
  const lines: string[] = [];
  if (comparison) {
    const { base, threshold, verdicts } = comparison;
    const count = (verdict: Verdict['verdict']): number =>
      verdicts.filter((candidate) => candidate.verdict === verdict).length;
    lines.push(
      `### Benchmarks: ${count('regressed')} regressed, ${count('improved')} improved, ${count('same')} the same`,
      '',
      `${commit?.id ?? 'head'} against ${base?.id ?? comparison.with}, in turns; a change up to ${threshold * 100} % counts as none, plus is better.`,
      '',
      ...table(
        ['benchmark', 'metric', 'verdict', 'change', 'interval', 'pairs'],
        [...verdicts]
          .sort((a, b) => rank(a) - rank(b))
          .map((verdict) => [
            verdict.benchmark,
            verdict.metric,
            MARKS[verdict.verdict],
            verdict.verdict === 'none' ? '' : percent(verdict.ratio),
            verdict.verdict === 'none' ? '' : `${percent(verdict.low)} to ${percent(verdict.high)}`,
            String(verdict.pairs),
          ]),
      ),
      '',
      '<details><summary>All numbers</summary>',
      '',
    );
  } else lines.push('### Benchmarks', '');
  for (const benchmark of benchmarks) lines.push(...numbers(benchmark), '');
  if (comparison) lines.push('</details>', '');
  lines.push(`<sub>${formatMachine(machine)}, Node ${node}, <code>${command}</code></sub>`, '');
  return lines.join('\n');
}

function rank({ verdict }: Verdict): number {
  return ['regressed', 'improved', 'none', 'same'].indexOf(verdict);
}

function numbers(benchmark: BenchmarkRecord): string[] {
  const metrics = benchmark.metrics.filter(({ name }) =>
    benchmark.series.some((series) => valuesOf(series, name).length > 0),
  );
  const rows = benchmark.series.map((series) => {
    const ratio = advantageOver(benchmark, series, benchmark.metrics[0]!);
    return [
      series.side ?? series.subject,
      ...(series.skipped === undefined
        ? metrics.map(({ name }) => formatValue(median(valuesOf(series, name))))
        : [series.skipped, ...metrics.slice(1).map(() => '')]),
      Number.isFinite(ratio) ? `${formatValue(ratio)} ×` : '',
    ];
  });
  return table([benchmark.name, ...metrics.map(titleOf), 'millrace is'], rows);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)];
}
