// `node --conditions=@millrace/source udp.ts [SECONDS] [ROUNDS]`: one process sends to another on loopback as fast as
// it can, native sockets and node:dgram in turns. Prints datagrams received a second and microseconds of CPU a
// datagram on both sides, as median [lowest-highest round], and the ratio of each round to node:dgram's.
import { type ChildProcess, fork } from 'node:child_process';
import { loadNative } from '../src/index.ts';
import { openDgram } from '../test/dgram-socket.ts';

const BYTES = 1200;
const RUN = 50;

interface Report {
  readonly datagrams: number;
  readonly microseconds: number;
  readonly cpu: number;
}

const WAYS: Readonly<Record<string, readonly string[] | undefined>> = {
  'node:dgram': undefined,
  'native plain': ['gso', 'gro', 'sendmmsg'],
  'native sendmmsg': ['gso', 'gro'],
  'native gso, no gro': ['gro'],
  'native gso gro': [],
};

if (process.send) await child(process.argv[2]!, process.argv[3]!, Number(process.argv[4]));
else await parent(Number(process.argv[2] ?? 1.5), Number(process.argv[3] ?? 3));

async function parent(seconds: number, rounds: number): Promise<void> {
  const results = new Map<string, Array<{ rate: number; tx: number; rx: number }>>();
  for (let round = 0; round < rounds; round++)
    for (const way of Object.keys(WAYS)) {
      const receiver = fork(import.meta.filename, ['receive', way, '0']);
      const port: number = await message(receiver);
      const sender = fork(import.meta.filename, ['send', way, String(port)]);
      await message(sender);
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const each of [receiver, sender]) each.send('start');
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const reports = [receiver, sender].map((each) => {
        each.send('report');
        return message<Report>(each);
      });
      const [rx, tx] = (await Promise.all(reports)) as [Report, Report];
      for (const each of [receiver, sender]) each.kill();
      if (!results.has(way)) results.set(way, []);
      results.get(way)!.push({
        rate: rx.datagrams / (rx.microseconds / 1e6),
        tx: tx.cpu / tx.datagrams,
        rx: rx.cpu / Math.max(rx.datagrams, 1),
      });
    }
  const baseline = results.get('node:dgram')!;
  for (const [way, runs] of results)
    console.log(
      [
        way.padEnd(20),
        `${show(runs.map((each) => each.rate / 1000))} k/s`,
        `tx ${show(runs.map((each) => each.tx))} µs`,
        `rx ${show(runs.map((each) => each.rx))} µs`,
        `${show(runs.map((each, i) => each.rate / baseline[i]!.rate))} x`,
      ].join('   '),
    );
}

function message<T>(from: ChildProcess): Promise<T> {
  return new Promise((resolve) => {
    from.once('message', (value) => resolve(value as T));
  });
}

async function child(role: string, way: string, port: number): Promise<void> {
  const without = WAYS[way];
  const native = loadNative(without ? { without } : {})!;
  let datagrams = 0;
  const handlers = {
    onDatagram(bytes: Uint8Array, at: number): void {
      datagrams += 1 + (bytes[at]! & 0);
    },
    onBatchEnd() {},
    onWritable() {},
    onMtuExceeded() {},
    onError() {},
  };
  const socket = without
    ? native.udp!.open('127.0.0.1', 0, handlers)
    : await openDgram('127.0.0.1', 0, handlers);
  let [start, cpu] = [0, process.cpuUsage()];
  const bytes = native.slab(BYTES * RUN);
  const remote = { address: '127.0.0.1', port };
  const pump = (): void => {
    for (let i = 0; i < 4 && !socket.isBusy; i++) {
      socket.send(bytes, 0, bytes.length, BYTES, remote);
      datagrams += RUN;
    }
    setImmediate(pump);
  };
  process.on('message', (order) => {
    if (order === 'start') {
      [start, cpu, datagrams] = [performance.now(), process.cpuUsage(), 0];
      if (role === 'send') pump();
      return;
    }
    const { user, system } = process.cpuUsage(cpu);
    const report: Report = {
      datagrams,
      microseconds: (performance.now() - start) * 1000,
      cpu: user + system,
    };
    process.send!(report);
  });
  process.send!(socket.local.port);
}

function show(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const digits = sorted[0]! < 100 ? 2 : 0;
  const [median, low, high] = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!];
  return `${median.toFixed(digits)} [${low.toFixed(digits)}-${high.toFixed(digits)}]`;
}
