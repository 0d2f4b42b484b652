// The table of the README: the newest stored result, in a few rows.
import { formatValue, median, spread } from '@millrace/bench-harness';
import { advantageOver, oursOf, valuesOf } from '@millrace/bench-harness/report';
import { type BenchmarkRecord, formatMachine, type RunRecord } from '@millrace/bench-harness/runner';

const START = '<!-- npm run bench-headline writes from here -->';
const END = '<!-- to here -->';

interface Row {
  readonly title: string;
  readonly benchmark: string;
  /** The first metric of the benchmark if none is named. */
  readonly metric?: string;
}

const ROWS: readonly Row[] = [
  { title: '64 KiB messages', benchmark: 'e2e/bulk-65536' },
  { title: '1 KiB messages', benchmark: 'e2e/bulk-1024' },
  { title: 'CPU of both sides, 64 KiB messages', benchmark: 'e2e/bulk-65536', metric: 'CPU, both' },
  { title: '1 KiB ping-pong, p50', benchmark: 'e2e/ping-pong-1024', metric: 'p50' },
  { title: '1 KiB ping-pong, p99', benchmark: 'e2e/ping-pong-1024', metric: 'p99' },
  { title: 'time to open a channel', benchmark: 'e2e/open' },
  { title: 'connections opened', benchmark: 'e2e/open-rate' },
  { title: 'memory of an idle connection', benchmark: 'e2e/idle-memory' },
];

/** Whether a full run has measured every benchmark of the table, however many rounds of others it had time for. */
export function hasHeadline({ settings, benchmarks }: RunRecord): boolean {
  return (
    settings.mode === 'full' &&
    ROWS.every((row) => benchmarks.some((each) => each.name === row.benchmark && oursOf(each)?.rounds.length))
  );
}

/** `readme` with the table of `record` between its marks; undefined if it has no marks. */
export function putHeadline(readme: string, record: RunRecord | undefined): string | undefined {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END, start);
  if (start === -1 || end === -1) return undefined;
  return `${readme.slice(0, start + START.length)}\n\n${formatHeadline(record)}\n${readme.slice(end)}`;
}

function formatHeadline(record: RunRecord | undefined): string {
  if (record === undefined) return 'No full results are stored yet.\n';
  const chosen = ROWS.flatMap((row) => {
    const benchmark = record.benchmarks.find(({ name }) => name === row.benchmark);
    const metric = benchmark?.metrics.find(({ name }, i) =>
      row.metric === undefined ? i === 0 : name === row.metric,
    );
    return benchmark && metric && oursOf(benchmark) ? [{ ...row, record: benchmark, of: metric }] : [];
  });
  const subjects: string[] = [];
  const versions = new Map<string, string>();
  for (const { record } of chosen)
    for (const { subject, version, rounds } of record.series) {
      if (rounds.length > 0 && !subjects.includes(subject)) subjects.push(subject);
      if (version !== '') versions.set(subject, version);
    }
  const title = (subject: string): string => {
    const isFloor = chosen.some(({ record }) => record.floor === subject);
    if (isFloor) return `${subject} (floor)`;
    return subject.startsWith('millrace') ? subject : `${subject} ${versions.get(subject) ?? ''}`.trim();
  };
  const lines = [
    `| | ${subjects.map(title).join(' | ')} |`,
    `| --- |${subjects.map(() => ' ---: |').join('')}`,
    ...chosen.map(
      ({ title, record, of }) =>
        `| ${title}, ${of.unit} | ${subjects.map((subject) => cell(record, subject, of)).join(' | ')} |`,
    ),
  ];
  const { date, commit, machine, node, command } = record;
  // A run ends in time rather than after all the rounds that were asked for.
  const rounds = Math.max(0, ...chosen.flatMap(({ record }) => record.series.map((of) => of.rounds.length)));
  const taken =
    rounds === 1
      ? 'One round'
      : `Medians of ${rounds} rounds (±: half the distance from the least to the most)`;
  return `${lines.join('\n')}

${taken}, everybody in turns in one run; in brackets how many times as good millrace is.
${date.slice(0, 10)}, commit ${commit?.id ?? 'unknown'}, ${formatMachine(machine)}, Node ${node}: \`${command}\`.
`;
}

function cell(
  benchmark: BenchmarkRecord,
  subject: string,
  metric: BenchmarkRecord['metrics'][number],
): string {
  const series = benchmark.series.find((candidate) => candidate.subject === subject);
  const values = series ? valuesOf(series, metric.name) : [];
  if (!series || values.length === 0) return '–';
  const ratio = advantageOver(benchmark, series, metric);
  const about = values.length > 1 ? ` ±${(spread(values) * 100).toFixed(0)} %` : '';
  return `${formatValue(median(values))}${about}${Number.isFinite(ratio) ? ` (${formatValue(ratio)}×)` : ''}`;
}
