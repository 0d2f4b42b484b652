// Connections opened a second when both sides have one processor core between them, sixteen under way at once, each closed when its
// channel is open at both ends: what the handshake costs, with all that a connection needs besides. A process for each stack, both
// sides in it, warm, asked in turns, so that a busy machine is as busy for one as for the others.
//
//   taskset -c 1 node --conditions=@millrace/source benchmarks/latency/src/one-core.ts [ROUNDS] [NAME,...]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  type Implementation,
  type ImplementationName,
  loadImplementation,
  type Peer,
  type Signal,
} from '@millrace/bench-harness';

const AT_ONCE = 16;
const PATIENCE = 2000; // ms
const GRACE = 200; // ms
const WARM_UP = 200;
const CONNECTIONS = 100;
const REST = 300; // ms: farewells of the round before, of stacks that say them later

const GROUPS = { dtls: { minVersion: '1.3', groups: ['x25519'] } };
const CASES: ReadonlyArray<readonly [name: string, stack: ImplementationName, configuration?: object]> = [
  ['node-datachannel', 'node-datachannel'],
  ['millrace-1.2', 'millrace', { dtls: { maxVersion: '1.2' } }],
  ['millrace-1.3', 'millrace', GROUPS],
  ['millrace-1.3-ml-kem', 'millrace', {}],
];

interface Round {
  readonly seconds: number;
  /** Of the whole process, in milliseconds. */
  readonly cpu: number;
  readonly lost: number;
}

async function child(stack: ImplementationName): Promise<void> {
  const implementation = await loadImplementation(stack, { stunPort: 0 });
  await open(implementation, WARM_UP);
  process.on('message', async () => {
    const started = performance.now();
    const before = process.cpuUsage();
    const lost = await open(implementation, CONNECTIONS);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(before);
    process.send!({ seconds, cpu: (user + system) / 1000, lost } satisfies Round);
  });
  process.send!('ready');
}

/** How many attempts were lost: node-datachannel leaves one in about a hundred handshakes hanging. */
async function open(implementation: Implementation, connections: number): Promise<number> {
  let [opened, lost] = [0, 0];
  const { promise, resolve } = Promise.withResolvers<void>();
  const worker = async (): Promise<void> => {
    while (opened < connections) {
      if (!(await opens(implementation))) lost++;
      else if (++opened === connections) resolve();
    }
  };
  for (let i = 0; i < AT_ONCE; i++) void worker();
  await promise;
  return lost;
}

async function opens(implementation: Implementation): Promise<boolean> {
  const { promise: announced, resolve } = Promise.withResolvers<void>();
  const onPhase = (): void => {};
  let isOver = false;
  // node-datachannel throws if a candidate comes when a connection has just ended, and the process with it.
  const tell = (to: () => Peer, signal: Signal): void => {
    try {
      if (!isOver) to().signal(signal);
    } catch {}
  };
  const a: Peer = implementation.createPeer({
    onSignal: (signal) => tell(() => b, signal),
    onChannel() {},
    onPhase,
  });
  const b: Peer = implementation.createPeer({
    onSignal: (signal) => tell(() => a, signal),
    onChannel: () => resolve(),
    onPhase,
  });
  const opened = a.open({});
  a.offer();
  let timer: NodeJS.Timeout | undefined;
  // In two parts: a process that was not run for so long has its timers first, and then what has come meanwhile.
  const late = new Promise<boolean>((give) => {
    timer = setTimeout(() => {
      timer = setTimeout(give, GRACE, false);
    }, PATIENCE);
  });
  const isOpen = await Promise.race([Promise.all([opened, announced]).then(() => true), late]);
  clearTimeout(timer);
  isOver = true;
  a.close();
  b.close();
  return isOpen;
}

async function parent(rounds: number, only: readonly string[] | undefined): Promise<void> {
  const running = await Promise.all(
    CASES.filter(([name]) => only?.includes(name) ?? true).map(async ([name, stack, configuration = {}]) => {
      const env = { ...process.env, MILLRACE_BENCH_CONFIGURATION: JSON.stringify(configuration) };
      const process_ = fork(import.meta.filename, ['child', stack], { env });
      await once(process_, 'message');
      return { name, process: process_, rounds: [] as Round[] };
    }),
  );
  for (let round = 0; round < rounds; round++)
    for (const each of round % 2 === 0 ? running : running.toReversed()) {
      await new Promise((resolve) => setTimeout(resolve, REST));
      each.process.send('go');
      const [measured] = (await once(each.process, 'message')) as [Round];
      each.rounds.push(measured);
    }
  for (const each of running) each.process.kill();
  const [first] = running;
  console.log(
    `stack                opened/s  [quartiles]   CPU ms/connection   opened/s against ${first!.name}   CPU`,
  );
  for (const { name, rounds: own } of running) {
    const rates = own.map(({ seconds }) => CONNECTIONS / seconds);
    const costs = own.map(({ cpu }) => cpu / CONNECTIONS);
    const faster = own.map(({ seconds }, i) => first!.rounds[i]!.seconds / seconds);
    const dearer = own.map(({ cpu }, i) => cpu / first!.rounds[i]!.cpu);
    console.log(
      `${name.padEnd(20)} ${spread(rates, 1).padEnd(22)} ${spread(costs, 2).padEnd(20)} ${spread(faster, 2).padEnd(34)} ${spread(dearer, 2)}${lost(own)}`,
    );
  }
}

function lost(rounds: readonly Round[]): string {
  const sum = rounds.reduce((all, each) => all + each.lost, 0);
  return sum === 0 ? '' : `   ${sum} of ${rounds.length * CONNECTIONS + sum} lost`;
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(digits),
  );
  return `${middle} [${low}-${high}]`;
}

const [first, second] = process.argv.slice(2);
if (first === 'child') await child(second as ImplementationName);
else await parent(Number(first ?? 9), second?.split(','));
