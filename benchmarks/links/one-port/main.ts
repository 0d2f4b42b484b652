// Many clients of one UDP port: how long until all that begin at the same moment are open, and what each costs the server's
// process in memory and processor time. The server is one process, its clients are another; the parent carries their
// offers and answers.
//   node --conditions=@millrace/source benchmarks/links/one-port/main.ts [--servers millrace,node-datachannel]
//     [--clients millrace,node-datachannel] [--counts 100,300] [--rounds 2] [--json FILE]
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { quantile } from '@millrace/bench-harness';
import { readArguments } from '../../../scripts/arguments.ts';
import { formatTable } from '../../../scripts/table.ts';
import type { Heard, Said } from './end.ts';
import type { Stack } from './stacks.ts';

const { values } = readArguments({
  options: {
    servers: { type: 'string', default: 'millrace,node-datachannel' },
    clients: { type: 'string', default: 'millrace,node-datachannel' },
    counts: { type: 'string', default: '100,300' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

/** They compile the code. */
const WARM_UP = 20;
const PATIENCE = 60_000; // ms

interface Round {
  readonly server: Stack;
  readonly clients: Stack;
  readonly count: number;
  /** Milliseconds from the beginning, at the clients. */
  readonly open: number;
  readonly median: number;
  readonly all: number;
  /** Of the server's process, for each client. */
  readonly kibibytes: number;
  readonly processorMillis: number;
}

interface End {
  readonly process: ChildProcess;
  tell(heard: Heard): void;
}

const rounds: Round[] = [];
for (let round = 0; round < Number(values.rounds); round++)
  for (const count of values.counts.split(',').map(Number))
    for (const clients of values.clients.split(',') as Stack[])
      for (const server of values.servers.split(',') as Stack[]) {
        const one = await measure(server, clients, count);
        rounds.push(one);
        console.log(JSON.stringify(one));
      }
print();
if (values.json !== undefined) {
  const date = new Date().toISOString().slice(0, 10);
  const lines = rounds.map((one) => JSON.stringify(one)).join(',\n');
  writeFileSync(values.json, `{"date":"${date}","node":"${process.version}","rounds":[\n${lines}\n]}\n`);
}

async function measure(server: Stack, clients: Stack, count: number): Promise<Round> {
  const port = await freePort();
  const serverEnd = await start('server', server, port);
  const clientsEnd = await start('clients', clients, port);
  const opened = { server: new Set<number>(), clients: new Map<number, number>() };
  let onOpen = (): void => {};
  serverEnd.process.on('message', (said: Said) => {
    if (said.say === 'answer') clientsEnd.tell({ do: 'answer', id: said.id, answer: said.answer });
    if (said.say === 'open') opened.server.add(said.id);
    onOpen();
  });
  clientsEnd.process.on('message', (said: Said) => {
    if (said.say === 'offer') serverEnd.tell({ do: 'offer', id: said.id, offer: said.offer });
    if (said.say === 'open') opened.clients.set(said.id, said.at);
    onOpen();
  });
  const allOpen = async (total: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, PATIENCE);
    onOpen = () => {
      if (opened.clients.size >= total && opened.server.size >= total) resolve();
    };
    onOpen();
    await promise;
    clearTimeout(late);
  };
  try {
    clientsEnd.tell({ do: 'begin', count: WARM_UP });
    await allOpen(WARM_UP);
    const before = await measured(serverEnd);
    const begun = Number(process.hrtime.bigint()) / 1e6;
    clientsEnd.tell({ do: 'begin', count });
    await allOpen(WARM_UP + count);
    const after = await measured(serverEnd);
    const times = [...opened.clients].filter(([id]) => id >= WARM_UP).map(([, at]) => at - begun);
    const tenth = (value: number): number => Math.round(value * 10) / 10;
    return {
      server,
      clients,
      count,
      open: times.length,
      median: tenth(quantile(times, 0.5)),
      all: tenth(Math.max(...times)),
      kibibytes: tenth((after.residentBytes - before.residentBytes) / 1024 / count),
      processorMillis: Math.round(((after.processorMillis - before.processorMillis) / count) * 100) / 100,
    };
  } finally {
    for (const { process } of [serverEnd, clientsEnd]) process.kill('SIGKILL');
  }
}

async function start(what: 'server' | 'clients', stack: Stack, port: number): Promise<End> {
  const process = fork(new URL('end.ts', import.meta.url), [what, stack, String(port)], {
    execArgv: ['--conditions=@millrace/source', '--expose-gc'],
  });
  await once(process, 'message');
  return { process, tell: (heard) => void process.send(heard) };
}

function measured({ process, tell }: End): Promise<Extract<Said, { say: 'measured' }>> {
  return new Promise((resolve) => {
    const look = (said: Said): void => {
      if (said.say !== 'measured') return;
      process.off('message', look);
      resolve(said);
    };
    process.on('message', look);
    tell({ do: 'measure' });
  });
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

function print(): void {
  const head = ['clients', 'server', 'open', 'median ms', 'all ms', 'KiB each', 'CPU ms each'];
  const ofRound = ({
    server,
    clients,
    count,
    open,
    median,
    all,
    kibibytes,
    processorMillis,
  }: Round): string[] => [
    `${count} of ${clients}`,
    server,
    ...[open, median, all, kibibytes, processorMillis].map(String),
  ];
  console.log(`\n${formatTable(head, rounds.map(ofRound))}`);
}
