// The grid of round trips and losses in virtual time: what each congestion control makes of a link whose queue holds one
// bandwidth-delay product, and how flows share one. Seeded; the same on every machine. With --json what is in the file
// already is not run again, so that a run may be broken off; the heat maps lie beside the file.
// Usage: node --conditions=@millrace/source benchmarks/throughput/src/grid/main.ts [--json FILE] [--rates 100,1000]
//        [--controls bbr,cubic] [--seconds 10] [--sharing only|no]
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { renderPng } from '@millrace/bench-harness/report';
import type { CongestionControlName } from '@millrace/sctp';
import { cellTask, type Grid, LOSSES, ROUND_TRIPS, sharingTask, type Task } from './cells.ts';
import { drawGrid, GRID_WIDTH } from './heat-map.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rates: { type: 'string', default: '100,1000' },
    controls: { type: 'string', default: 'bbr,cubic' },
    seconds: { type: 'string', default: '10' },
    sharing: { type: 'string', default: 'too' },
  },
});
const { json } = values;
const rates = values.rates.split(',').map(Number);
const controls = values.controls.split(',') as CongestionControlName[];
const grid: Grid =
  json !== undefined && existsSync(json)
    ? JSON.parse(readFileSync(json, 'utf8'))
    : { cells: [], sharing: [] };

for (const task of tasks()) {
  if (task.isIn(grid)) continue;
  console.log(`${task.name}: ${task.run(grid)}`);
  if (json === undefined) continue;
  writeFileSync(`${json}.part`, `${JSON.stringify(grid, null, 1)}\n`);
  renameSync(`${json}.part`, json);
}
if (json !== undefined && grid.cells.length > 0) {
  const svg = drawGrid(grid.cells);
  const name = json.replace(/\.json$/, '');
  writeFileSync(`${name}.svg`, svg);
  writeFileSync(`${name}.png`, renderPng(svg, GRID_WIDTH * 2));
}

function* tasks(): Generator<Task> {
  if (values.sharing !== 'only')
    for (const rate of rates)
      for (const control of controls)
        for (const roundTripTime of ROUND_TRIPS)
          for (const loss of LOSSES)
            yield cellTask(control, rate, roundTripTime, loss, Number(values.seconds));
  if (values.sharing === 'no') return;
  for (const one of controls)
    for (const other of controls) {
      // Who begins first matters only where one begins later.
      for (const roundTrip of [20, 50, 100])
        for (const start of controls.indexOf(other) < controls.indexOf(one) ? [1_000] : [0, 1_000])
          yield sharingTask([one, other], [roundTrip, roundTrip], start);
    }
  // RFC 9438 §3.3: shares of CUBIC as 1 / round trip.
  for (const control of controls)
    for (const near of [40, 20, 10]) yield sharingTask([control, control], [near, 40], 0);
}
