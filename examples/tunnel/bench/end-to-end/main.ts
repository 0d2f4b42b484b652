// A tunnel beside a plain HTTP proxy, both between the same client and the same service on loopback, in turns. Each is a
// process of its own (the tunnel two).
// `node --conditions=@millrace/source examples/tunnel/bench/end-to-end/main.ts [--rounds N] [--only WORDS] [--json FILE]`
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Command } from '@millrace/example-send-file/testing/command';
import { listen } from './listen.ts';
import { createService } from './service.ts';
import { finish, WORKS, type Work } from './works.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const service = createService();
const upstream = await listen(service);
const plain = new Command(script('proxy.ts'), [upstream], '.');
const main = script('../../src/main.ts');
const publish = new Command(main, ['publish', upstream, '--serve', '--host', '127.0.0.1'], '.');
const invitation = await publish.printed(/connect '(http:\S+)'/);
const connect = new Command(main, ['connect', invitation], '.');
const tunnelUrl = await connect.printed(/listening at (\S+)/);
await connect.printed(/\* connected/);
const ways = { direct: upstream, proxy: await plain.printed(/listening at (\S+)/), tunnel: tunnelUrl };
type Way = keyof typeof ways;
const processes: Record<Way, readonly Command[]> = { direct: [], proxy: [plain], tunnel: [publish, connect] };

const rows = [];
for (const work of WORKS) if (work.name.includes(values.only)) rows.push(await measured(work));
for (const { child } of [plain, publish, connect]) child.kill('SIGKILL');
service.close();
finish();
if (values.json) {
  const machine = `${cpus().length} x ${cpus()[0]!.model.trim()}`;
  const about = { date: new Date().toISOString().slice(0, 10), node: process.version, machine };
  writeFileSync(
    values.json,
    `${JSON.stringify({ ...about, rounds: Number(values.rounds), rows }, undefined, 1)}\n`,
  );
}

async function measured(work: Work): Promise<object> {
  const rounds: Record<Way, number[][]> = { direct: [], proxy: [], tunnel: [] };
  const all = Object.keys(ways) as Way[];
  const cpu = { proxy: 0, tunnel: 0 };
  for (const way of all) await work.run(ways[way]); // warm
  for (let round = 0; round < Number(values.rounds); round++)
    for (let i = 0; i < all.length; i++) {
      const way = all[(i + round) % all.length]!;
      const before = cpuOf(way);
      rounds[way].push((await work.run(ways[way])).sort((a, b) => a - b));
      if (way !== 'direct') cpu[way] += cpuOf(way) - before;
    }
  const millis = Object.fromEntries(
    all.map((way) => {
      const sorted = rounds[way].flat().sort((a, b) => a - b);
      return [way, { p50: at(sorted, 0.5), p99: at(sorted, 0.99) }];
    }),
  ) as Record<Way, { p50: number; p99: number }>;
  const ratios = rounds.tunnel
    .map((round, i) => at(round, 0.5) / at(rounds.proxy[i]!, 0.5))
    .sort((a, b) => a - b);
  const ratio = { median: at(ratios, 0.5), lowest: ratios[0]!, highest: ratios.at(-1)! };
  const said = all.map((way) => {
    const { p50, p99 } = millis[way];
    return work.bytes === undefined
      ? `${way} ${p50.toFixed(3)} / ${p99.toFixed(3)} ms`
      : `${way} ${(work.bytes / p50 / 1000).toFixed(0)} MB/s`;
  });
  const spread = `${ratio.lowest.toFixed(2)}..${ratio.highest.toFixed(2)}`;
  const requests = rounds.proxy.flat().length;
  const cpuMillis = { proxy: cpu.proxy / requests, tunnel: cpu.tunnel / requests };
  const spent = `CPU ${cpuMillis.proxy.toFixed(3)} and ${cpuMillis.tunnel.toFixed(3)} ms`;
  console.log(
    `${work.name}: ${said.join(', ')}; tunnel / proxy ${ratio.median.toFixed(2)} (${spread}); ${spent}`,
  );
  return { work: work.name, bytes: work.bytes, millis, ratio, cpuMillis };
}

/** Milliseconds that the processes of a way have spent so far, of all their threads (proc(5), in ticks of 10 ms). */
function cpuOf(way: Way): number {
  return processes[way].reduce((sum, { child }) => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ');
    return sum + (Number(fields[13]) + Number(fields[14])) * 10;
  }, 0);
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)]!;
}
