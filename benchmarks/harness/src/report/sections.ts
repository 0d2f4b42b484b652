// The sections of the report, each from the record to HTML; one that has nothing to show is undefined.
import { IMPLEMENTATION_NAMES } from '../implementation.ts';
import { decodeHistogram, suffices } from '../latency.ts';
import type { BenchmarkRecord, RunRecord, SeriesRecord, SweepRecord } from '../runner/record.ts';
import { formatValue, median, spread } from '../statistics.ts';
import {
  drawHeatMap,
  drawPercentiles,
  drawRatios,
  drawStacks,
  drawTrend,
  formatRatio,
  type Line,
  partColour,
  type RatioBar,
  type TrendLine,
} from './charts.ts';
import { figure, grid, type Html, html, type Piece, section, table } from './html.ts';
import { advantageOver, costByProcess, oursOf, percent, titleOf, valuesOf } from './numbers.ts';
import { PAGE_PALETTE as PAGE } from './palette.ts';

/** What the cards on top show, as far as it was measured. */
const CARDS = [
  ['e2e/bulk-65536', 'node-datachannel'],
  ['e2e/bulk-65536', 'werift'],
  ['e2e/bulk-65536', 'wrtc'],
  ['e2e/open', 'node-datachannel'],
  ['e2e/open', 'wrtc'],
  ['e2e/ping-pong-1024', 'node-datachannel'],
] as const;

/** What is shown at once where there is a drawing for each benchmark; the others are folded away. */
const HEADLINES: readonly string[] = [
  'e2e/bulk-65536',
  'e2e/bulk-1024',
  'e2e/ping-pong-1024',
  'e2e/open',
  'e2e/idle-memory',
];

/** The drawings of headline benchmarks, then the others to unfold. */
function foldedGrid(figures: readonly (readonly [benchmark: string, drawings: Html])[]): Piece {
  const isShown = ([name]: readonly [string, Html]): boolean =>
    HEADLINES.includes(name) || figures.length <= 6 || !figures.some(([other]) => HEADLINES.includes(other));
  const shown = figures.filter(isShown);
  const folded = figures.filter((candidate) => !isShown(candidate));
  return [
    grid(shown.map(([, drawing]) => drawing)),
    folded.length === 0
      ? undefined
      : html`<details><summary>${folded.length} more</summary>${grid(folded.map(([, drawing]) => drawing))}</details>`,
  ];
}

export function ratiosSection({ benchmarks }: RunRecord): Html | undefined {
  const byRival = new Map<string, RatioBar[]>();
  for (const benchmark of benchmarks)
    for (const series of benchmark.series) {
      if (series.side === 'base') continue;
      const ratio = advantageOver(benchmark, series, benchmark.metrics[0]!);
      if (!Number.isFinite(ratio)) continue;
      const name = series.subject === benchmark.floor ? `${series.subject} (floor)` : series.subject;
      const label = `${benchmark.name}: ${benchmark.metrics[0]!.name}`;
      byRival.set(name, [...(byRival.get(name) ?? []), { label, ratio }]);
    }
  if (byRival.size === 0) return undefined;
  const cards = CARDS.flatMap(([name, rival]) => {
    const benchmark = benchmarks.find((candidate) => candidate.name === name);
    const series = benchmark?.series.find(({ subject }) => subject === rival);
    const metric = benchmark?.metrics[0];
    if (!benchmark || !series || !metric) return [];
    const ratio = advantageOver(benchmark, series, metric);
    if (!Number.isFinite(ratio)) return [];
    return html`<li class="${ratio >= 1 ? 'ahead' : 'behind'}"><b>${formatRatio(ratio)} ×</b>${rival}<br><span>${name}: ${metric.name}</span></li>`;
  });
  // Stacks first, then what single benchmarks are held against.
  const rank = (name: string): number => {
    const index = IMPLEMENTATION_NAMES.findIndex((known) => known !== 'millrace-portable' && known === name);
    return index === -1 ? IMPLEMENTATION_NAMES.length - (byRival.get(name)!.length > 1 ? 0.5 : 0) : index;
  };
  const rivals = [...byRival].sort(([a], [b]) => rank(a) - rank(b));
  const figures = rivals.map(([name, bars]) =>
    figure({
      title: `millrace against ${name}`,
      svg: drawRatios(bars, PAGE),
      description: `How many times as good as ${name} millrace is: ${bars.map(({ label, ratio }) => `${label} ${formatRatio(ratio)}`).join(', ')}`,
    }),
  );
  return section(
    'ratios',
    'Against the others',
    'How many times as good as another millrace is, by the first metric of each benchmark, both measured in turns in the same run: 2 × is twice the throughput or half the time. A floor is no rival but what the machine does without a stack.',
    [cards.length > 0 ? html`<ul class="cards">${cards}</ul>` : undefined, grid(figures)],
  );
}

export function comparisonSection({ comparison, commit }: RunRecord): Html | undefined {
  if (!comparison) return undefined;
  const { base, interleaved, threshold, verdicts } = comparison;
  const rows = verdicts.map(({ benchmark, metric, verdict, ratio, low, high, pairs }): Piece[] => [
    benchmark,
    metric,
    html`<span class="${verdict}">${verdict === 'none' ? 'not measured' : verdict}</span>`,
    verdict === 'none' ? '' : percent(ratio),
    verdict === 'none' ? '' : `${percent(low)} to ${percent(high)}`,
    pairs,
  ]);
  return section(
    'comparison',
    'Head against base',
    `${commit?.id ?? 'head'} against ${base?.id ?? comparison.with}${interleaved ? ', measured in turns' : ', measured at another time'}. A change up to ${threshold * 100} % counts as none; plus is better.`,
    table('Head against base', ['benchmark', 'metric', 'verdict', 'change', 'interval', 'pairs'], rows, 3),
  );
}

export function trendSection(history: readonly RunRecord[]): Html | undefined {
  if (history.length < 2) return undefined;
  const labels = history.map(({ date, commit }) => commit?.id.slice(0, 7) ?? date.slice(0, 10));
  const latest = history.at(-1)!;
  const figures = latest.benchmarks.flatMap((benchmark) => {
    const metric = benchmark.metrics[0]!;
    const inRuns = history.map(({ benchmarks }) => benchmarks.find(({ name }) => name === benchmark.name));
    const others = benchmark.series.map(({ subject }) => subject).filter((subject) => subject !== 'millrace');
    const lines: TrendLine[] = others.map((name) => ({
      name,
      values: inRuns.map((run) => {
        const series = run?.series.find(({ subject }) => subject === name);
        return run && series ? orNull(advantageOver(run, series, metric)) : null;
      }),
    }));
    const isAlone = others.length === 0;
    if (isAlone)
      lines.push({
        name: 'millrace',
        values: inRuns.map((run) => {
          const ours = run && oursOf(run);
          return ours ? orNull(median(valuesOf(ours, metric.name))) : null;
        }),
      });
    if (lines.every(({ values }) => values.filter((value) => value !== null).length < 2)) return [];
    const title = `${benchmark.name}: ${metric.name}${isAlone ? '' : ', times as good as'}`;
    const drawing = figure({
      title,
      svg: drawTrend(labels, lines, PAGE, isAlone ? metric.unit : '×'),
      description: title,
      legend: lines.map(({ name }) => [name, PAGE.series(name)]),
    });
    return [[benchmark.name, drawing] as const];
  });
  if (figures.length === 0) return undefined;
  return section(
    'trend',
    'Over time',
    'The stored results, oldest first, by commit. Against others as a ratio, since machines and hours differ; what runs alone as it was measured.',
    foldedGrid(figures),
  );
}

export function latencySection({ benchmarks }: RunRecord): Html | undefined {
  const figures: Array<readonly [benchmark: string, drawing: Html]> = [];
  const rows: Piece[][] = [];
  for (const benchmark of benchmarks) {
    const names = new Set(benchmark.series.flatMap(({ distributions }) => Object.keys(distributions)));
    for (const name of names) {
      const lines = benchmark.series.flatMap((series): Line[] => {
        const found = series.distributions[name];
        if (!found) return [];
        const { count, operations = 1, p50, p90, p99, p999, max } = found;
        const subject = series.side ?? series.subject;
        rows.push([
          `${benchmark.name}: ${name}`,
          subject,
          count,
          operations,
          formatNanos(p50),
          formatNanos(p90),
          suffices(count, 99) ? formatNanos(p99) : '–',
          suffices(count, 99.9) ? formatNanos(p999) : '–',
          formatNanos(max),
        ]);
        return [{ name: subject, histogram: decodeHistogram(found.histogram) }];
      });
      if (lines.every(({ histogram }) => histogram.totalCount < 10)) continue;
      const { operations = 1, clock } = benchmark.series.find((of) => of.distributions[name])!.distributions[
        name
      ]!;
      figures.push([
        benchmark.name,
        figure({
          title: `${benchmark.name}: ${name}`,
          svg: drawPercentiles(lines, PAGE),
          description: `Percentiles of ${name} in ${benchmark.name}; the table below has the numbers`,
          legend: lines.map((line) => [line.name, PAGE.series(line.name)]),
          note:
            clock === undefined
              ? undefined
              : `${operations === 1 ? 'Single operations' : `Each value is the mean of ${operations} in a row`}, less the ${clock} ns that the clock takes.`,
        }),
      ]);
    }
  }
  if (figures.length === 0) return undefined;
  return section(
    'latency',
    'Latencies',
    'All rounds together; flows tell of single messages and connections, operations of single ones or of the few in a row that a clock can tell from nothing. To the right are ever rarer cases, a nine more with each step; the vertical axis is logarithmic, lower is better.',
    [
      foldedGrid(figures),
      html`<details><summary>Numbers</summary>${table('Latencies', ['what', 'subject', 'count', 'each of', 'p50', 'p90', 'p99', 'p99.9', 'most'], rows, 2)}</details>`,
    ],
  );
}

function formatNanos(nanos: number): string {
  if (nanos >= 1e6) return `${formatValue(nanos / 1e6)} ms`;
  return nanos >= 1e3 ? `${formatValue(nanos / 1e3)} µs` : `${formatValue(nanos)} ns`;
}

export function heatMapSection(sweeps: readonly SweepRecord[], files: readonly string[]): Html | undefined {
  const figures = sweeps.flatMap((sweep) => {
    const range = rangeOf(sweep);
    return sweep.series.flatMap((series) => {
      if (series.cells.flat().every((cell) => cell === null)) return [];
      const file = files.find((name) => name === heatMapFile(sweep, series.subject));
      return figure({
        title: `${sweep.name}: ${titleOf(sweep.metric)}, ${series.subject}`,
        svg: drawHeatMap({ ...heatMapOf(sweep, series.cells), range }, PAGE),
        description: `${titleOf(sweep.metric)} by ${sweep.x.name} and ${sweep.y.name}, ${series.subject}`,
        note:
          file === undefined
            ? sweep.what
            : html`${sweep.what}. <a href="${file}.svg">SVG</a>, <a href="${file}.png">PNG</a>`,
      });
    });
  });
  if (figures.length === 0) return undefined;
  return section(
    'heat-maps',
    'Heat maps',
    'One number over two settings. Yellow is the most, dark blue the least; maps of one sweep share their colours.',
    grid(figures),
  );
}

/** Over all subjects, so that their maps can be held against each other. */
export function rangeOf({ series }: SweepRecord): [low: number, high: number] {
  const all = series.flatMap(({ cells }) => cells.flat()).filter((value): value is number => value !== null);
  return [Math.min(...all), Math.max(...all)];
}

export function heatMapOf(
  sweep: SweepRecord,
  cells: SweepRecord['series'][number]['cells'],
): Parameters<typeof drawHeatMap>[0] {
  const axis = ({ name, unit, values }: SweepRecord['x']) => ({ title: titleOf({ name, unit }), values });
  return { x: axis(sweep.x), y: axis(sweep.y), unit: sweep.metric.unit, cells };
}

/** The name of a heat map's files, without extension. */
export function heatMapFile({ name }: SweepRecord, subject: string): string {
  return `heat-map-${`${name}-${subject}`.replaceAll(/[^\w.-]+/g, '-')}`;
}

export function costSection({ benchmarks }: RunRecord): Html | undefined {
  const flows = benchmarks.filter(({ kind }) => kind === 'flow');
  const figures = flows.flatMap((benchmark) => {
    const measured = benchmark.series.filter(({ rounds }) => rounds.length > 0);
    if (measured.length === 0) return [];
    const stacks = (cost: 'cpu' | 'peakMemory', scale: number) =>
      measured.map((series) => ({
        subject: series.side ?? series.subject,
        parts: Object.fromEntries(
          Object.entries(costByProcess(series, cost)).map(([name, value]) => [name, value / scale]),
        ),
      }));
    const draw = (what: string, unit: string, cost: 'cpu' | 'peakMemory', scale: number): Html =>
      figure({
        title: `${benchmark.name}: ${what}`,
        svg: drawStacks(stacks(cost, scale), unit, PAGE),
        description: `${what} of both processes in ${benchmark.name}`,
        legend: Object.keys(costByProcess(measured[0]!, cost)).map((name, i) => [name, partColour(i, PAGE)]),
      });
    return [
      [benchmark.name, draw('peak memory', 'MiB', 'peakMemory', 2 ** 20)] as const,
      [benchmark.name, draw('processor time', 'ms', 'cpu', 1)] as const,
    ];
  });
  if (figures.length === 0) return undefined;
  return section(
    'costs',
    'Memory and processor',
    'Of each process in a round, the median over rounds: the largest resident set, and user and system time. Rounds last about the same, the work done in them differs; the tables have the cost of a megabyte or a message.',
    foldedGrid(figures),
  );
}

export function numbersSection({ benchmarks }: RunRecord): Html {
  const areas = Map.groupBy(benchmarks, ({ area }) => area);
  return section(
    'numbers',
    'All numbers',
    'Medians over rounds; ± is half the distance from the least to the most, as a share of the median.',
    [...areas].map(
      ([area, group]) => html`<h3>${area}</h3>${group.map((benchmark) => numbersOf(benchmark))}`,
    ),
  );
}

function numbersOf(benchmark: BenchmarkRecord): Html {
  const metrics = benchmark.metrics.filter(({ name }) =>
    benchmark.series.some((series) => valuesOf(series, name).length > 0),
  );
  const skipped = benchmark.series.filter((series) => series.skipped !== undefined);
  const rows = benchmark.series.filter(({ rounds }) => rounds.length > 0).map((series) => row(series));
  function row(series: SeriesRecord): Piece[] {
    const cells: Piece[] = [
      `${series.side ?? series.subject}${series.subject === benchmark.floor ? ' (floor)' : ''}`,
    ];
    metrics.forEach(({ name }, i) => {
      const values = valuesOf(series, name);
      cells.push(formatValue(median(values)));
      if (i > 0) return;
      cells.push(values.length > 1 ? `${(spread(values) * 100).toFixed(0)} %` : '');
      const ratio = advantageOver(benchmark, series, benchmark.metrics[0]!);
      cells.push(Number.isFinite(ratio) ? `${formatRatio(ratio)} ×` : '');
    });
    return cells;
  }
  const header = [
    'subject',
    ...metrics.flatMap((metric, i) => (i === 0 ? [titleOf(metric), '±', 'millrace is'] : [titleOf(metric)])),
  ];
  return html`<details><summary>${benchmark.name} <span class="note">${benchmark.what}</span></summary>${table(benchmark.name, header, rows)}${skipped.map(
    ({ subject, skipped }) => html`<p class="warning">${subject}: ${skipped}</p>`,
  )}</details>`;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
