import { trial } from '/tmp/wt/speed/benchmarks/latency/src/trials/opening.ts';
const q = (v: number[], p: number) => { const s = v.toSorted((a, b) => a - b); return s[Math.min(s.length - 1, Math.floor(s.length * p))]!; };
const [rtts = '100', losses = '10', seeds = '1000', signaled = '0', jitter='0'] = process.argv.slice(2);
for (const rtt of rtts.split(',').map(Number)) for (const loss of losses.split(',').map(Number)) for (const isSignaled of signaled.split(',').map(Number)) {
  const t0 = performance.now();
  const m = await trial.millrace!({ roundTripTime: rtt, lossPercent: loss, isSignaled, seeds: Number(seeds), jitter: Number(jitter)*rtt }) as any;
  const row = Object.entries(m).filter(([, v]) => Array.isArray(v)).map(([k, v]) => `${k} ${[0.5, 0.95, 0.99, 1].map((p) => (q(v as number[], p) / rtt).toFixed(2)).join('/')}`);
  console.log(`rtt ${rtt} loss ${loss} snap ${isSignaled}: datagrams ${m.datagrams.toFixed(1)} (${((performance.now() - t0) / 1000).toFixed(1)} s)\n  ${row.join('\n  ')}`);
}
