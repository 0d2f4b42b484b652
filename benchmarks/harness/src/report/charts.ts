// The charts of the report, drawn by echarts on this side: what reaches the reader is plain SVG, which needs no
// script, follows the colours of the page and scales with it. All are as wide as a phone.
import { type EChartsOption, init } from 'echarts';
import type { Histogram } from 'hdr-histogram-js';
import { formatValue } from '../statistics.ts';
import { HEAT, HEAT_DARK_UNTIL, type Palette } from './palette.ts';

const CHART_WIDTH = 340;
const ROW = 24;

interface Drawing {
  readonly width?: number;
  readonly height: number;
  readonly palette: Palette;
  readonly option: EChartsOption;
}

function draw({ width = CHART_WIDTH, height, palette, option }: Drawing): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: palette.font, fontSize: 11, color: palette.ink },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // Styles for hovering, whose class names would meet those of other drawings; and marks for a script that is not there.
  return svg
    .replaceAll(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_[a-z_]+="[^"]*"|pointer-events="[a-z]+")/g, '')
    .replace(/^<svg width="\d+" height="\d+"/, '<svg');
}

const axisStyle = (palette: Palette): object => ({
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { color: palette.faint, fontSize: 11 },
  splitLine: { lineStyle: { color: palette.line } },
  nameTextStyle: { color: palette.faint, fontSize: 11 },
});

export interface RatioBar {
  readonly label: string;
  /** Above 1: millrace is better. */
  readonly ratio: number;
}

/** How many times as good as one rival, on a logarithmic scale around 1. */
export function drawRatios(bars: readonly RatioBar[], palette: Palette): string {
  const logs = bars.map(({ ratio }) => Math.log10(ratio));
  let [least, most] = [Math.min(0, ...logs), Math.max(0, ...logs)];
  // Next to nothing should look like it.
  if (most - least < 0.2) [least, most] = [-0.2, 0.2];
  const tick = tickDistance(most - least);
  // Room for the number at the end of the longest bar.
  const room = (most - least) * 0.22;
  // One row for the name above each bar: names are longer than a phone leaves beside it.
  const height = bars.length * ROW * 1.5 + 34;
  return draw({
    height,
    palette,
    option: {
      grid: { left: 6, right: 6, top: 4, bottom: 26 },
      xAxis: {
        type: 'value',
        min: least < 0 ? Math.floor((least - room) / tick) * tick : 0,
        max: most > 0 ? Math.ceil((most + room) / tick) * tick : 0,
        interval: tick,
        ...axisStyle(palette),
        axisLabel: {
          color: palette.faint,
          fontSize: 11,
          formatter: (value: number) => `${formatRatio(10 ** value)}×`,
        },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: bars.map(({ label }) => label),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          inside: true,
          margin: 0,
          align: 'left',
          verticalAlign: 'bottom',
          padding: [0, 0, 7, 0],
          color: palette.ink,
          fontSize: 11,
        },
        z: 10,
      },
      series: [
        {
          type: 'bar',
          barWidth: 10,
          barCategoryGap: '0%',
          data: bars.map(({ ratio }, i) => ({
            value: logs[i]!,
            itemStyle: { color: ratio >= 1 ? palette.good : palette.bad, borderRadius: 2 },
            label: {
              show: true,
              position: ratio >= 1 ? 'right' : 'left',
              color: palette.ink,
              fontSize: 11,
              formatter: `${formatRatio(ratio)}×`,
            },
          })),
          markLine: {
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color: palette.faint, type: 'solid', width: 1 },
            data: [{ xAxis: 0 }],
          },
        },
      ],
    },
  }).replaceAll('dominant-baseline="text-after-edge"', 'dominant-baseline="auto"');
}

/** In logarithms: factors that give three to six ticks. */
function tickDistance(range: number): number {
  if (range <= 0.9) return Math.log10(2);
  return range <= 1.8 ? Math.log10(4) : range <= 4 ? 1 : 2;
}

export function formatRatio(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(0);
  return ratio >= 1 ? ratio.toFixed(2).replace(/0$/, '') : ratio.toPrecision(2);
}

export interface Line {
  readonly name: string;
  readonly histogram: Histogram;
}

/** Latency by percentile; the axis gives each further nine the same room. */
export function drawPercentiles(lines: readonly Line[], palette: Palette): string {
  const unit = nanosUnit(Math.max(...lines.map(({ histogram }) => histogram.getValueAtPercentile(50))));
  const nines = Math.max(1, ...lines.map(({ histogram }) => Math.floor(Math.log10(histogram.totalCount))));
  const deepest = Math.min(5, nines);
  return draw({
    height: 240,
    palette,
    option: {
      grid: { left: 58, right: 26, top: 32, bottom: 22 },
      xAxis: {
        type: 'value',
        min: 0,
        max: deepest,
        interval: 1,
        ...axisStyle(palette),
        axisLabel: {
          color: palette.faint,
          fontSize: 11,
          formatter: (value: number) => percentileLabel(value),
        },
      },
      yAxis: {
        type: 'log',
        name: unit.name,
        ...axisStyle(palette),
        axisLabel: { color: palette.faint, fontSize: 11, formatter: (value: number) => plain(value) },
      },
      series: lines.map(({ name, histogram }) => ({
        type: 'line',
        name,
        showSymbol: false,
        step: 'end',
        lineStyle: { width: name === 'millrace' ? 2.5 : 1.5, color: palette.series(name) },
        itemStyle: { color: palette.series(name) },
        data: percentilePoints(histogram, deepest, unit.nanos),
      })),
    },
  });
}

function percentilePoints(histogram: Histogram, deepest: number, scale: number): Array<[number, number]> {
  const points: Array<[number, number]> = [];
  const own = Math.min(deepest, Math.log10(histogram.totalCount));
  for (let nines = 0; nines <= own + 1e-9; nines += 0.05) {
    const percentile = (1 - 10 ** -nines) * 100;
    points.push([
      Number(nines.toFixed(3)),
      Number((Math.max(1, histogram.getValueAtPercentile(percentile)) / scale).toPrecision(4)),
    ]);
  }
  return points;
}

function percentileLabel(nines: number): string {
  return nines === 0 ? 'least' : `p${((1 - 10 ** -nines) * 100).toFixed(Math.max(0, nines - 2))}`;
}

function nanosUnit(nanos: number): { readonly name: string; readonly nanos: number } {
  if (nanos >= 1e6) return { name: 'ms', nanos: 1e6 };
  return nanos >= 1e3 ? { name: 'µs', nanos: 1e3 } : { name: 'ns', nanos: 1 };
}

function plain(value: number): string {
  return value >= 1 || value === 0 ? String(Math.round(value)) : String(Number(value.toPrecision(1)));
}

export interface HeatMap {
  readonly title?: string;
  readonly x: { readonly title: string; readonly values: readonly number[] };
  readonly y: { readonly title: string; readonly values: readonly number[] };
  readonly unit: string;
  /** By y, then x. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** Of all maps that are to be compared; by default of this one. */
  readonly range?: readonly [low: number, high: number];
}

/** Brighter is more. Colours go by the logarithm where the largest value is far from the smallest. */
export function drawHeatMap(map: HeatMap, palette: Palette, width: number = CHART_WIDTH): string {
  const all = map.cells.flat().filter((value): value is number => value !== null);
  const [low, high] = map.range ?? [Math.min(...all), Math.max(...all)];
  const isLog = low > 0 && high / low > 20;
  const scaled = (value: number): number => (isLog ? Math.log10(value) : value);
  const top = map.title === undefined ? 10 : 34;
  const cellHeight = width > CHART_WIDTH ? 44 : 30;
  return draw({
    width,
    height: map.y.values.length * cellHeight + top + 42,
    palette,
    option: {
      ...(map.title === undefined
        ? {}
        : {
            title: {
              text: map.title,
              left: 8,
              top: 4,
              textStyle: { fontSize: 14, color: palette.ink, fontFamily: palette.font },
            },
          }),
      grid: { left: 62, right: 10, top, bottom: 42 },
      xAxis: {
        type: 'category',
        data: map.x.values.map(String),
        name: map.x.title,
        nameLocation: 'middle',
        nameGap: 24,
        ...axisStyle(palette),
        splitLine: { show: false },
      },
      yAxis: {
        type: 'category',
        data: map.y.values.map(String),
        name: map.y.title,
        nameLocation: 'middle',
        nameGap: 44,
        ...axisStyle(palette),
        splitLine: { show: false },
      },
      visualMap: {
        show: false,
        min: scaled(low),
        max: scaled(high) === scaled(low) ? scaled(low) + 1 : scaled(high),
        inRange: { color: [...HEAT] },
      },
      series: [
        {
          type: 'heatmap',
          itemStyle: { borderColor: palette.paper, borderWidth: 1 },
          data: map.cells.flatMap((row, y) =>
            row.flatMap((value, x) => {
              if (value === null) return [];
              const share = (scaled(value) - scaled(low)) / (scaled(high) - scaled(low) || 1);
              return {
                value: [x, y, scaled(value)],
                label: {
                  show: true,
                  fontSize: width > CHART_WIDTH ? 12 : 10,
                  color: share < HEAT_DARK_UNTIL ? '#ffffff' : '#000000',
                  formatter: compact(value),
                },
              };
            }),
          ),
        },
      ],
    },
  });
}

/** As few characters as tell it apart: cells are narrow. */
function compact(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(2))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(2))}k`;
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

export interface Stack {
  readonly subject: string;
  readonly parts: Readonly<Record<string, number>>;
}

/** A bar for each subject, in parts: what each of its processes costs. */
export function drawStacks(stacks: readonly Stack[], unit: string, palette: Palette): string {
  const names = [...new Set(stacks.flatMap(({ parts }) => Object.keys(parts)))];
  const totals = stacks.map(({ parts }) => Object.values(parts).reduce((sum, value) => sum + value, 0));
  return draw({
    height: stacks.length * ROW + 28,
    palette,
    option: {
      grid: { left: 118, right: 64, top: 4, bottom: 22 },
      xAxis: {
        type: 'value',
        ...axisStyle(palette),
        splitNumber: 2,
        axisLabel: { color: palette.faint, fontSize: 11, formatter: (value: number) => String(value) },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: stacks.map(({ subject }) => subject),
        ...axisStyle(palette),
        axisLabel: { color: palette.ink, fontSize: 11 },
      },
      series: names.map((part, i) => ({
        type: 'bar',
        name: part,
        stack: 'all',
        barWidth: 12,
        itemStyle: { color: partColour(i, palette) },
        data: stacks.map(({ parts }, row) => ({
          value: parts[part] ?? 0,
          label: {
            show: i === names.length - 1,
            position: 'right',
            color: palette.ink,
            fontSize: 11,
            formatter: `${formatValue(totals[row]!)} ${unit}`,
          },
        })),
      })),
    },
  });
}

/** The colour of the part of a stack. */
export function partColour(index: number, palette: Palette): string {
  return index === 0 ? palette.good : palette.faint;
}

export interface TrendLine {
  readonly name: string;
  /** By run; null where that run has none. */
  readonly values: readonly (number | null)[];
}

export function drawTrend(
  labels: readonly string[],
  lines: readonly TrendLine[],
  palette: Palette,
  unit: string,
): string {
  return draw({
    height: 170,
    palette,
    option: {
      grid: { left: 44, right: 24, top: 32, bottom: 22 },
      xAxis: { type: 'category', data: [...labels], ...axisStyle(palette) },
      yAxis: {
        type: 'log',
        name: unit,
        ...axisStyle(palette),
        axisLabel: { color: palette.faint, fontSize: 11, formatter: (value: number) => plain(value) },
      },
      series: lines.map(({ name, values }) => ({
        type: 'line',
        name,
        symbolSize: 5,
        connectNulls: true,
        lineStyle: { color: palette.series(name), width: name === 'millrace' ? 2.5 : 1.5 },
        itemStyle: { color: palette.series(name) },
        data: [...values],
      })),
    },
  });
}
