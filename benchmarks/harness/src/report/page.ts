// The report: one HTML file that needs nothing else, beside it the heat maps as files of their own.
import { formatMachine } from '../runner/environment.ts';
import type { RunRecord } from '../runner/record.ts';
import { drawHeatMap } from './charts.ts';
import { Html, html } from './html.ts';
import { titleOf } from './numbers.ts';
import { FILE_PALETTE } from './palette.ts';
import { renderPng } from './png.ts';
import {
  comparisonSection,
  costSection,
  heatMapFile,
  heatMapOf,
  heatMapSection,
  latencySection,
  numbersSection,
  rangeOf,
  ratiosSection,
  trendSection,
} from './sections.ts';
import { STYLE } from './style.ts';

/** Files by name: `index.html` and the heat maps. `history` are earlier results, in any order. */
export function renderReport(
  record: RunRecord,
  history: readonly RunRecord[],
): Map<string, string | Uint8Array> {
  const files = renderHeatMaps(record);
  const names = [...files.keys()].map((name) => name.replace(/\.\w+$/, ''));
  files.set('index.html', renderPage(record, history, names));
  return files;
}

function renderHeatMaps({ sweeps }: RunRecord): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  for (const sweep of sweeps)
    for (const { subject, cells } of sweep.series) {
      if (cells.flat().every((cell) => cell === null)) continue;
      const title = `${sweep.name}: ${titleOf(sweep.metric)}, ${subject}`;
      const width = Math.max(480, 110 + sweep.x.values.length * 56);
      const map = { ...heatMapOf(sweep, cells), title, range: rangeOf(sweep) };
      const svg = drawHeatMap(map, FILE_PALETTE, width);
      const name = heatMapFile(sweep, subject);
      files.set(`${name}.svg`, svg);
      files.set(`${name}.png`, renderPng(svg, width * 2));
    }
  return files;
}

function renderPage(record: RunRecord, history: readonly RunRecord[], heatMaps: readonly string[]): string {
  const { commit, machine, node, settings, date } = record;
  const runs = [...history.filter((run) => run.date !== date), record].sort((a, b) =>
    a.date < b.date ? -1 : 1,
  );
  const sections = [
    ratiosSection(record),
    comparisonSection(record),
    latencySection(record),
    heatMapSection(record.sweeps, heatMaps),
    costSection(record),
    trendSection(runs),
    numbersSection(record),
  ].filter((section) => section !== undefined);
  const links = sections.map(({ text }) => {
    const [, id, title] = /id="([^"]+)"[^>]*><h2[^>]*>([^<]*)/.exec(text)!;
    return html`<li><a href="#${id!}">${title!}</a></li>`;
  });
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>millrace: benchmarks of ${date.slice(0, 10)}</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>millrace: benchmarks</h1>
${record.complete ? undefined : html`<p class="warning">This run was interrupted or ran out of time: rounds or benchmarks are missing.</p>`}
<dl class="facts">
<dt>Date</dt><dd><time datetime="${date}">${date.slice(0, 16).replace('T', ' ')} UTC</time></dd>
<dt>Commit</dt><dd>${commit ? `${commit.id}${commit.dirty ? ', with changes' : ''}` : 'none'}</dd>
<dt>Machine</dt><dd>${formatMachine(machine)}, load ${machine.load.toFixed(1)} before</dd>
<dt>Node</dt><dd>${node}</dd>
<dt>Run</dt><dd>${settings.mode}, at most ${settings.rounds} rounds of ${settings.seconds} s: <code>${record.command}</code></dd>
</dl>
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
<main id="main">
${sections}
</main>
<footer>Made by <code>npm run bench -- --report</code>. Absolute numbers belong to the machine and the hour; ratios within a run travel.</footer>
</body>
</html>
`;
  return page.text;
}
