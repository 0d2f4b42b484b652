// Runs flows over links with distance and loss, side by side: every subject once in each round of each cell, on a link
// that is made afresh with the round's seed, so that all meet the same losses by number of packet.
//   node --conditions=@millrace/source benchmarks/links/main.ts [--link relay|PROGRAM] [--cells 100/50/1,1000/50/0]
//     [--only bulk,ping-pong,steady] [--subjects millrace,node-datachannel,tcp-bbr] [--seconds 10] [--json FILE]
import { writeFileSync } from 'node:fs';
import { formatValue, median } from '@millrace/bench-harness';
import { readArguments } from '../../scripts/arguments.ts';
import { formatTable } from '../../scripts/table.ts';
import { parseLinkSettings } from '../harness/src/link/link-settings.ts';
import { emulatedLinks, type Link, relayLinks } from '../harness/src/link/links.ts';
import { BULK, BULK_CELLS, type Cell, LATENCIES, LATENCY_CELL, type Measure } from './cells.ts';
import { measureSubject, type Outcome } from './subjects.ts';

const { values } = readArguments({
  options: {
    /** `relay`, or a program that keeps a link between network namespaces (see links.ts in the harness). */
    link: { type: 'string', default: 'relay' },
    only: { type: 'string', default: 'bulk,ping-pong,steady' },
    /** rate/rtt/loss; default the whole table. */
    cells: { type: 'string' },
    subjects: { type: 'string', default: 'millrace,node-datachannel,wrtc,werift,tcp-cubic,tcp-bbr' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    'warm-up': { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    /** Further words for the link, such as `jitter=5 dup=1`. */
    with: { type: 'string', default: '' },
    /** Where end b is on the link. */
    'address-b': { type: 'string', default: '10.77.0.2' },
    json: { type: 'string' },
  },
});

interface Row {
  readonly measure: string;
  readonly cell: string;
  readonly outcomes: Record<string, Outcome[]>;
  readonly failures: Record<string, string>;
}

const links = values.link === 'relay' ? relayLinks : emulatedLinks(values.link);
const subjects = values.subjects.split(',');
const chosen = values.cells?.split(',').map(parseCell);
const extra = parseLinkSettings(values.with.split(' ').filter((word) => word !== ''));
const timing = {
  warmUpSeconds: Number(values['warm-up']),
  seconds: Number(values.seconds),
  address: values['address-b'],
};
const rows: Row[] = [];
let up: Link | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await up?.down();
    process.exit(1);
  });
}
for (const measure of [BULK, ...LATENCIES]) {
  if (!values.only.split(',').includes(measure.name)) continue;
  for (const cell of chosen ?? (measure === BULK ? BULK_CELLS : [LATENCY_CELL]))
    await measureCell(measure, cell);
}
print();
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ link: links.name, ...timing, rows }, undefined, 1)}\n`);

async function measureCell(measure: Measure, cell: Cell): Promise<void> {
  const row: Row = { measure: measure.name, cell: cell.name, outcomes: {}, failures: {} };
  rows.push(row);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const subject of subjects) {
      const link = await links.up({ ...cell.link, ...extra }, Number(values.seed) + round);
      up = link;
      try {
        const outcome = await measureSubject(subject, measure, link, timing);
        if (outcome === undefined) continue;
        (row.outcomes[subject] ??= []).push(outcome);
        console.log(`${measure.name}, ${cell.name}, ${subject}: ${describe(outcome, measure)}`);
      } catch (error) {
        row.failures[subject] = error instanceof Error ? error.message : String(error);
        console.log(`${measure.name}, ${cell.name}, ${subject}: ${row.failures[subject]}`);
      } finally {
        up = undefined;
        const counts = await link.down();
        if (process.env.LINKS_VERBOSE) console.log(JSON.stringify(counts));
      }
    }
  }
}

function describe({ value, p99, longestGap, cpu }: Outcome, { unit }: Measure): string {
  const parts = [`${formatValue(value)} ${unit}`];
  if (p99 !== undefined) parts.push(`p99 ${formatValue(p99)} ms`);
  if (longestGap !== undefined) parts.push(`longest gap ${formatValue(longestGap)} ms`);
  if (cpu) parts.push(`CPU ${cpu.map((millis) => `${(millis / 10).toFixed(0)} %`).join(' + ')}`);
  return parts.join(', ');
}

function print(): void {
  const table = rows.map(({ measure, cell, outcomes }) => [
    measure,
    cell,
    ...subjects.map((subject) => {
      const seen = outcomes[subject];
      if (!seen) return '–';
      const value = formatValue(median(seen.map((outcome) => outcome.value)));
      const p99 = seen.flatMap((outcome) => (outcome.p99 === undefined ? [] : [outcome.p99]));
      return p99.length === 0 ? value : `${value} / ${formatValue(median(p99))}`;
    }),
  ]);
  const right = subjects.map((_, i) => i + 2);
  console.log(`\n${formatTable(['', 'link, round trip, loss', ...subjects], table, right)}`);
}

function parseCell(text: string): Cell {
  const [rate = 0, rtt = 0, loss = 0] = text.split('/').map(Number);
  const link = parseLinkSettings([`rate=${rate}`, `rtt=${rtt}`, `loss=${loss}`]);
  return { name: `${rate} Mbit/s, ${rtt} ms, ${loss} %`, link };
}
