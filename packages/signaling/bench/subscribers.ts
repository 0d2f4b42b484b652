// `node --conditions=@millrace/source packages/signaling/bench/subscribers.ts [--subscribers 2000] [--rate 200] [--rooms 1]
// [--seconds 20] [--store memory]`: a server in a process of its own, so many subscribers spread over so many rooms, and
// so many appends a second in all. Every subscriber checks that its batches follow each other without a gap. Tells how
// long the first record of each batch, its oldest, took from before its append; exits 1 if any was lost or came twice.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '200' },
    rooms: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    store: { type: 'string', default: 'memory' },
  },
});
const [subscribers, rate, rooms, seconds] = [
  values.subscribers,
  values.rate,
  values.rooms,
  values.seconds,
].map(Number);
const SERVER = `
  import { startSignalingServer } from '@millrace/signaling/server';
  const server = await startSignalingServer({
    store: process.argv[1], rooms: 1e6, roomRecords: 1e5, metrics: true, connections: 1e5, requestsPerSecond: 1e6, requestBurst: 1e6,
  });
  console.log(server.url);
  process.on('disconnect', () => process.exit());
  process.on('message', () => process.send(process.cpuUsage()));
`;
/** Milliseconds for the last records to come. */
const PATIENCE = 30_000;
const SEQ_NUM = '{"seq_num":';
const BODY = '"body":"';
const ID = '\nid: ';

interface Room {
  readonly url: string;
  readonly token: string;
  appended: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const server = await startServer(values.store);
const all: Room[] = [];
const total = rate! * seconds!;
const expected = (total * subscribers!) / rooms!;
for (let i = 0; i < rooms!; i++) {
  const { room, token } = JSON.parse(await ask(`${server.url}/rooms`, 'POST')) as {
    room: string;
    token: string;
  };
  all.push({ url: `${server.url}/rooms/${room}/records`, token, appended: 0 });
}
let [delivered, failures, bytes, batches] = [0, 0, 0, 0];
const delays: number[] = [];
const now = (): number => performance.timeOrigin + performance.now();
for (let i = 0; i < subscribers!; i += 100)
  await Promise.all(
    Array.from({ length: Math.min(100, subscribers! - i) }, (_, j) => subscribe(all[(i + j) % rooms!]!)),
  );
const before = await cpuOf(server.child);
const began = performance.now();
const appends: Array<Promise<string>> = [];
for (let i = 0; i < total; i++) {
  const due = began + (i / rate!) * 1000;
  const wait = due - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const room = all[i % rooms!]!;
  room.appended++;
  appends.push(ask(room.url, 'POST', room.token, JSON.stringify({ body: String(now()) })));
}
await Promise.all(appends);
const appending = performance.now() - began;
for (const until = performance.now() + PATIENCE; delivered < expected && performance.now() < until; )
  await new Promise((resolve) => setTimeout(resolve, 50));
const cpu = (await cpuOf(server.child)) - before;
server.child.disconnect();
agent.destroy();

delays.sort((a, b) => a - b);
const at = (share: number): string =>
  `${(delays[Math.floor(share * (delays.length - 1))] ?? Number.NaN).toFixed(1)} ms`;
console.log(
  `${subscribers} subscribers in ${rooms} room(s), ${total} appends in ${(appending / 1000).toFixed(1)} s (${((total / appending) * 1000).toFixed(0)}/s), store ${values.store}\n` +
    `delivered ${delivered} of ${expected} in ${batches} batches, ${failures} out of order or twice, ${(bytes / 1e6).toFixed(0)} MB\n` +
    `from append to subscriber: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}; server ${(cpu / 1e3 / appending).toFixed(2)} of a core`,
);
process.exit(delivered === expected && failures === 0 ? 0 : 1);

async function startServer(store: string): Promise<{ child: ChildProcess; url: string }> {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=@millrace/source', '--input-type=module', '--eval', SERVER, store],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  const [line] = await once(child.stdout!, 'data');
  return { child, url: String(line).trim() };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

function ask(url: string, method: string, token?: string, body?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url, { method, agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    response.on('end', () =>
      response.statusCode! < 300 ? resolve(text) : reject(new Error(`${response.statusCode} ${text}`)),
    );
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** Resolves when the stream has begun. A bare socket: two thousand readers share this process. */
function subscribe(room: Room): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { hostname, port, pathname } = new URL(room.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET ${pathname}?seq_num=0 HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${room.token}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  let rest = '';
  let next = 0;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const received = now();
    bytes += chunk.length;
    rest += chunk;
    let read = 0;
    for (let at = rest.indexOf(SEQ_NUM); at >= 0; at = rest.indexOf(SEQ_NUM, read)) {
      const idAt = rest.indexOf(ID, at);
      const end = idAt < 0 ? -1 : rest.indexOf('\n\n', idAt + ID.length);
      if (end < 0) break;
      const first = Number.parseInt(rest.slice(at + SEQ_NUM.length, at + SEQ_NUM.length + 16), 10);
      const last = Number(rest.slice(idAt + ID.length, end));
      if (first !== next || last < first) failures++;
      // The records between are counted: that none is missing there is what test/nodes.test.ts looks at.
      delivered += last + 1 - first;
      next = last + 1;
      batches++;
      const bodyAt = rest.indexOf(BODY, at) + BODY.length;
      delays.push(received - Number(rest.slice(bodyAt, rest.indexOf('"', bodyAt))));
      read = end;
    }
    if (read > 0) rest = rest.slice(read);
    resolve();
  });
  socket.on('error', reject);
  socket.on('close', () => {
    if (delivered < expected) failures++;
  });
  return promise;
}
