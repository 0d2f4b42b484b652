// Time to open over links with distance and loss, side by side: from a new peer connection, with signaling that takes no
// time, to an open channel at either side and to the first message there. In round trips and in milliseconds, by phase.
//   node --conditions=@millrace/source benchmarks/links/open/main.ts [--link none|relay|PROGRAM] [--cells 50/0,100/10,none]
//     [--subjects millrace,node-datachannel,wrtc,werift,pion] [--connections 30] [--rounds 2] [--json FILE]
//   --configuration NAME=JSON gives millrace a configuration, for the subject `millrace:NAME`; may be repeated.
import { readFileSync, writeFileSync } from 'node:fs';
import { PHASES, quantile } from '@millrace/bench-harness';
import { readArguments } from '../../../scripts/arguments.ts';
import { formatTable } from '../../../scripts/table.ts';
import { emulatedLinks, type Link, noLinks, relayLinks } from '../../harness/src/link/links.ts';
import { type Attempts, joinAttempts, MOMENTS } from './attempts.ts';
import { type OpenSettings, openWith } from './subjects.ts';

const { values } = readArguments({
  options: {
    link: { type: 'string', default: 'relay' },
    /** round trip in ms / per cent lost each way; `none` is this machine alone. */
    cells: { type: 'string', default: 'none,50/0,100/0,200/0,100/10' },
    subjects: { type: 'string', default: 'millrace,node-datachannel,wrtc,werift,pion' },
    configuration: { type: 'string', multiple: true, default: [] },
    connections: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    /** Connections under way at a time where packets are lost: those that wait for timers take no processor. */
    'at-once': { type: 'string', default: '1' },
    /** Milliseconds between two starts. */
    apart: { type: 'string', default: '0' },
    patience: { type: 'string', default: '30000' },
    rate: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    /** Results are put beside those that the file has of other cells and subjects. */
    json: { type: 'string' },
  },
});

interface Row {
  readonly subject: string;
  readonly roundTripTime: number;
  readonly loss: number;
  readonly runs: Attempts[];
}

const settings: OpenSettings = {
  connections: Number(values.connections),
  warmUp: Number(values['warm-up']),
  atOnce: Number(values['at-once']),
  apart: Number(values.apart),
  patience: Number(values.patience),
};
const configurations = new Map<string, object>();
for (const text of values.configuration) {
  const at = text.indexOf('=');
  configurations.set(text.slice(0, at), JSON.parse(text.slice(at + 1)) as object);
}
const subjects = values.subjects.split(',');
const rows: Row[] = [];
let up: Link | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await up?.down();
    process.exit(1);
  });
}
for (const cell of values.cells.split(',')) await measureCell(cell);
print();
if (values.json !== undefined) store(values.json);

async function measureCell(cell: string): Promise<void> {
  const [roundTripTime = 0, loss = 0] = cell === 'none' ? [] : cell.split('/').map(Number);
  const emulated = values.link === 'relay' ? relayLinks : emulatedLinks(values.link);
  const links = cell === 'none' || values.link === 'none' ? noLinks : emulated;
  const link = { rate: Number(values.rate), rtt: roundTripTime, ...(loss === 0 ? {} : { loss }) };
  const ofSubject = new Map<string, Attempts[]>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const subject of subjects) {
      up = await links.up(link, Number(values.seed) + round);
      try {
        const attempts = await openWith(subject, up, settings, configurations);
        if (attempts === undefined) continue;
        if (!ofSubject.has(subject)) ofSubject.set(subject, []);
        ofSubject.get(subject)!.push(attempts);
        console.log(`${cell}, ${subject}: ${describe(attempts, roundTripTime)}`);
      } catch (error) {
        console.log(`${cell}, ${subject}: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        await up.down();
        up = undefined;
      }
    }
  }
  for (const [subject, runs] of ofSubject) rows.push({ subject, roundTripTime, loss, runs });
}

function describe({ moments, phases }: Attempts, roundTripTime: number): string {
  const parts = MOMENTS.map((moment) => {
    const p95 = quantile(moments[moment], 0.95);
    return `${moment} ${inTrips(quantile(moments[moment], 0.5), roundTripTime)}, p95 ${inTrips(p95, roundTripTime)}`;
  });
  const known = PHASES.filter((phase) => phases[phase] !== undefined);
  parts.push(`phases ${known.map((phase) => `${phase} ${phases[phase]!.toFixed(1)}`).join(', ')} ms`);
  return parts.join('; ');
}

function inTrips(millis: number, roundTripTime: number): string {
  if (!Number.isFinite(millis)) return 'never'; // also between two of them
  if (roundTripTime === 0) return `${millis.toFixed(1)} ms`;
  return `${millis.toFixed(0)} ms (${(millis / roundTripTime).toFixed(2)})`;
}

function print(): void {
  const head = ['round trip, loss', 'who', 'tries', 'open, offerer', 'p95', 'p99', 'most', 'open, answerer'];
  const table = rows.map(({ subject, roundTripTime, loss, runs }) => {
    const { moments, phases } = joinAttempts(runs);
    const { offererOpen, answererOpen, offererFirst, answererFirst } = moments;
    const of = (times: readonly number[], q: number): string => inTrips(quantile(times, q), roundTripTime);
    const failed = offererOpen.filter((time) => time === Number.POSITIVE_INFINITY).length;
    return [
      roundTripTime === 0 ? 'this machine' : `${roundTripTime} ms, ${loss} %`,
      subject,
      failed === 0 ? `${offererOpen.length}` : `${offererOpen.length}, ${failed} failed`,
      ...[0.5, 0.95, 0.99, 1].map((q) => of(offererOpen, q)),
      of(answererOpen, 0.5),
      of(offererFirst, 0.5),
      of(answererFirst, 0.5),
      ...(['ice', 'dtls'] as const).map((phase) =>
        phases[phase] === undefined ? '–' : inTrips(phases[phase], roundTripTime),
      ),
    ];
  });
  const all = [...head, 'first message, offerer', 'answerer', 'ICE', 'DTLS'];
  console.log(`\n${formatTable(all, table)}`);
}

/** Rows of a cell and subject that are measured again take the place of the older ones. */
function store(file: string): void {
  type Stored = { subject: string; roundTripTime: number; loss: number; runs: unknown };
  let older: Stored[] = [];
  try {
    older = (JSON.parse(readFileSync(file, 'utf8')) as { rows: Stored[] }).rows;
  } catch {
    // The first results.
  }
  const isSame = (a: Stored, b: Stored): boolean =>
    a.subject === b.subject && a.roundTripTime === b.roundTripTime && a.loss === b.loss;
  const kept = older.filter((row) => !rows.some((newer) => isSame(row, newer)));
  const round = (_key: string, value: unknown): unknown =>
    value === Number.POSITIVE_INFINITY
      ? -1
      : typeof value === 'number'
        ? Math.round(value * 100) / 100
        : value;
  const date = new Date().toISOString().slice(0, 10);
  const lines = [...kept, ...rows].map((row) => JSON.stringify(row, round));
  const head = JSON.stringify({ date, unit: 'ms', never: -1, node: process.version }).slice(1, -1);
  writeFileSync(file, `{${head},"rows":[\n${lines.join(',\n')}\n]}\n`);
}
