// The grid of round trips and losses in virtual time: what each congestion control makes of a link whose queue holds one
// bandwidth-delay product. Seeded; the same on every machine.
// Usage: node --conditions=@millrace/source benchmarks/throughput/src/grid/main.ts [--json FILE] [--rates 100,1000]
//        [--controls new-reno,cubic,bbr] [--seconds 10]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CongestionControlName } from '@millrace/sctp';
import { fairness, runFlows } from './bulk-flows.ts';

const ROUND_TRIPS = [1, 20, 50, 100, 200, 400];
const LOSSES = [0, 0.001, 0.01, 0.03];
const SHARING: ReadonlyArray<readonly [CongestionControlName, CongestionControlName]> = [
  ['new-reno', 'new-reno'],
  ['cubic', 'cubic'],
  ['bbr', 'bbr'],
  ['bbr', 'cubic'],
];

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rates: { type: 'string', default: '100,1000' },
    controls: { type: 'string', default: 'new-reno,cubic,bbr' },
    seconds: { type: 'string', default: '10' },
  },
});
const duration = Number(values.seconds) * 1_000;
const cells: unknown[] = [];
const sharing: unknown[] = [];

for (const control of values.controls.split(',') as CongestionControlName[])
  for (const rate of values.rates.split(',').map(Number)) {
    console.log(`\n${control}, ${rate} Mbit/s: goodput in % of the link (mean queue in ms, sent again in %)`);
    for (const roundTripTime of ROUND_TRIPS) {
      const texts: string[] = [];
      for (const loss of LOSSES) {
        // A second, and twenty round trips for the handshake, slow start and what it lost; half of the run at most.
        const startUp = Math.min(1_000 + 20 * roundTripTime, duration / 2);
        const link = { megabitsPerSecond: rate, roundTripTime, loss, queue: 1 };
        const result = runFlows(link, [{ congestionControl: control }], duration, startUp, 1);
        const flow = result.flows[0]!;
        cells.push({ control, rate, roundTripTime, loss, ...flow, meanQueueDelay: result.meanQueueDelay });
        const details = `${result.meanQueueDelay.toFixed(1)}, ${(flow.retransmitted * 100).toFixed(1)}`;
        texts.push(`${(loss * 100).toFixed(1)} %: ${(flow.share * 100).toFixed(1).padStart(4)} (${details})`);
      }
      console.log(`${String(roundTripTime).padStart(4)} ms  ${texts.join('   ')}`);
    }
  }

console.log(
  '\ntwo flows for 30 s at 100 Mbit/s: share of each in %, Jain’s index; the second begins so much later',
);
for (const pair of SHARING)
  for (const roundTripTime of [20, 50, 100])
    for (const start of [0, 1_000]) {
      const link = { megabitsPerSecond: 100, roundTripTime, loss: 0, queue: 1 };
      const flows = [{ congestionControl: pair[0] }, { congestionControl: pair[1], start }];
      const result = runFlows(link, flows, 30_000, 3_000, 1);
      const shares = result.flows.map((flow) => flow.share);
      sharing.push({ pair, roundTripTime, start, shares, fairness: fairness(shares) });
      const text = shares.map((share) => (share * 100).toFixed(1)).join(' / ');
      console.log(
        `${pair.join(' + ')}, ${roundTripTime} ms, ${start} ms: ${text}, ${fairness(shares).toFixed(3)}`,
      );
    }

if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ cells, sharing }, null, 1)}\n`);
