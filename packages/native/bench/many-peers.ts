// `node --conditions=@millrace/source many-peers.ts [ROUNDS]`: one socket answers many peers in each turn, some datagrams to
// each. Prints what a datagram costs the sender in microseconds of CPU, the kernel's share included: a call for each
// peer (`send`) and one for all (`sendMany`), along each way to send, in turns; as median [lowest-highest round].
import { loadNative } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const BYTES = 1200;
const PEERS = 32;
const MILLIS = 150;

const WAYS: Readonly<Record<string, readonly string[]>> = {
  gso: [],
  sendmmsg: ['gso'],
  plain: ['gso', 'sendmmsg'],
};
const nobody = { onDatagram(): void {} };

for (const perPeer of [1, 4, 16]) {
  const results = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++)
    for (const [way, without] of Object.entries(WAYS))
      for (const call of ['send', 'sendMany']) {
        const name = `${way}, ${call}`;
        if (!results.has(name)) results.set(name, []);
        results.get(name)!.push(measure(without, call === 'sendMany', perPeer));
      }
  console.log(`${PEERS} peers, ${perPeer} datagrams of ${BYTES} bytes to each`);
  const base = results.get('gso, send')!;
  for (const [name, costs] of results)
    console.log(
      `  ${name.padEnd(20)} ${show(costs)} µs   ${show(costs.map((cost, i) => base[i]! / cost))} x`,
    );
}

/** Nobody reads what arrives: the sockets' buffers are small, and what is beyond them is dropped. */
function measure(without: readonly string[], together: boolean, perPeer: number): number {
  const native = loadNative({ without })!;
  const peers = Array.from({ length: PEERS }, () => native.udp!.open('127.0.0.1', 0, nobody));
  const socket = native.udp!.open('127.0.0.1', 0, nobody);
  const run = perPeer * BYTES;
  const bytes = native.slab(PEERS * run);
  const runs = peers.map(({ local }, i) => ({
    bytes,
    at: i * run,
    end: (i + 1) * run,
    segmentBytes: BYTES,
    remote: local,
  }));
  const turn = (): void => {
    if (together) socket.sendMany(runs);
    else for (const { at, end, remote } of runs) socket.send(bytes, at, end, BYTES, remote);
  };
  for (let i = 0; i < 50; i++) turn();
  const before = process.cpuUsage();
  const { datagramsSent } = socket.stats;
  const until = performance.now() + MILLIS;
  while (performance.now() < until) turn();
  const { user, system } = process.cpuUsage(before);
  const sent = socket.stats.datagramsSent - datagramsSent;
  for (const each of [socket, ...peers]) each.close();
  return (user + system) / sent;
}

function show(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[sorted.length >> 1]!.toFixed(2)} [${sorted[0]!.toFixed(2)}-${sorted.at(-1)!.toFixed(2)}]`;
}
