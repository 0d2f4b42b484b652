// `node --conditions=@millrace/source echo.ts [TRIPS] [ROUNDS]`: one datagram of 1 KiB there and back between two
// processes on loopback, native sockets and node:dgram in turns. Prints the median, the 99th percentile and the mean of
// the round trip in microseconds, as median [lowest-highest round].
import { type ChildProcess, fork } from 'node:child_process';
import { loadNative } from '../src/index.ts';
import type { SuiteHandlers, SuiteSocket } from '../src/testing/index.ts';
import { openDgram } from '../test/dgram-socket.ts';

const BYTES = 1024;
const WAYS = ['node:dgram', 'native'];

if (process.send) await echo(process.argv[2]!);
else await parent(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 5));

async function parent(trips: number, rounds: number): Promise<void> {
  const results = new Map<string, number[][]>(WAYS.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++)
    for (const way of WAYS) {
      const child = fork(import.meta.filename, [way]);
      const port = await new Promise<number>((resolve) => {
        child.once('message', (value) => resolve(Number(value)));
      });
      results.get(way)!.push(await measure(way, port, trips));
      await ended(child);
    }
  for (const [way, runs] of results)
    console.log(
      [
        way.padEnd(12),
        ...['p50', 'p99', 'mean'].map((name, i) => `${name} ${show(runs.map((run) => run[i]!))} µs`),
      ].join('   '),
    );
}

async function measure(way: string, port: number, trips: number): Promise<number[]> {
  const times = new Float64Array(trips);
  const bytes = loadNative()!.slab(BYTES);
  const remote = { address: '127.0.0.1', port };
  let [trip, start] = [-1000, 0]; // the first thousand warm up
  let done = (): void => {};
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const socket = await open(way, () => {
    const now = performance.now();
    if (trip >= 0) times[trip] = (now - start) * 1000;
    if (++trip === trips) return done();
    start = performance.now();
    socket.send(bytes, 0, BYTES, BYTES, remote);
  });
  socket.send(bytes, 0, BYTES, BYTES, remote);
  await finished;
  socket.close();
  const mean = times.reduce((sum, each) => sum + each, 0) / trips;
  times.sort();
  return [times[trips >> 1]!, times[Math.floor(trips * 0.99)]!, mean];
}

async function echo(way: string): Promise<void> {
  const socket = await open(way, (bytes, at, end, remote) => {
    socket.send(bytes, at, end, end - at, remote);
  });
  process.send!(socket.local.port);
}

async function open(way: string, onDatagram: SuiteHandlers['onDatagram']): Promise<SuiteSocket> {
  const handlers = { onDatagram, onBatchEnd() {}, onWritable() {}, onMtuExceeded() {}, onError() {} };
  if (way === 'native') return loadNative()!.udp!.open('127.0.0.1', 0, handlers);
  return await openDgram('127.0.0.1', 0, handlers);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

function show(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[sorted.length >> 1]!.toFixed(1)} [${sorted[0]!.toFixed(1)}-${sorted.at(-1)!.toFixed(1)}]`;
}
