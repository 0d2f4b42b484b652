// A tunnel beside a plain HTTP proxy, both between the same client and the same service on loopback, in turns. Each is a
// process of its own (the tunnel two). `node --conditions=@millrace/source examples/tunnel/bench/end-to-end.ts [rounds]`
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';

const EVENTS = 200;
const BULK = 16 * 1024 * 1024;
const event = `data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":" token"}}]}\n\n`;

if (process.argv[2] === 'proxy') await proxy(process.argv[3]!);
else await main(Number(process.argv[2] ?? 7));

/** What passes requests on and does nothing else. */
async function proxy(upstream: string): Promise<void> {
  const { hostname, port } = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, rawHeaders: headers } = incoming;
    const passed = request({ hostname, port, method, path, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.rawHeaders);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  console.log(`listening at ${await listen(server)}`);
}

async function main(rounds: number): Promise<void> {
  const block = Buffer.alloc(64 * 1024, 'x');
  const service = createServer((incoming, response) => {
    if (incoming.url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      let sent = 0;
      const next = (): void => {
        if (sent++ === EVENTS) response.end();
        else response.write(event, () => setImmediate(next));
      };
      next();
    } else if (incoming.url === '/bulk') {
      response.setHeader('Content-Length', BULK);
      let sent = 0;
      const next = (): void => {
        while (sent < BULK) {
          sent += block.length;
          if (!response.write(block)) return void response.once('drain', next);
        }
        response.end();
      };
      next();
    } else incoming.resume().on('end', () => response.end('{"answer":42}'));
  });
  const upstream = await listen(service);
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const plain = new Command(script('end-to-end.ts'), ['proxy', upstream], '.');
  const publish = new Command(
    script('../src/main.ts'),
    ['publish', upstream, '--serve', '--host', '127.0.0.1'],
    '.',
  );
  const invitation = await publish.printed(/connect '(http:\S+)'/);
  const connect = new Command(script('../src/main.ts'), ['connect', invitation], '.');
  const tunnelUrl = await connect.printed(/listening at (\S+)/);
  await connect.printed(/\* connected/);
  const ways = { direct: upstream, proxy: await plain.printed(/listening at (\S+)/), tunnel: tunnelUrl };
  const agent = new Agent({ keepAlive: true });
  const works: Array<[name: string, unit: string, work: (url: string) => Promise<number>]> = [
    ['a small request', 'ms', (url) => timed(200, () => get(agent, url))],
    [
      '16 at a time, a request',
      'ms',
      (url) => timed(30, () => many(agent, url)).then((millis) => millis / 16),
    ],
    [`${EVENTS} events, the stream`, 'ms', (url) => timed(3, () => get(agent, `${url}/events`))],
    ['16 MiB', 'ms', (url) => timed(1, () => get(agent, `${url}/bulk`))],
  ];
  for (const [name, unit, work] of works) {
    const taken: Record<string, number[]> = { direct: [], proxy: [], tunnel: [] };
    for (const url of Object.values(ways)) await work(url); // warm
    for (let round = 0; round < rounds; round++)
      for (const [way, url] of Object.entries(ways)) taken[way]!.push(await work(url));
    const ratios = taken.tunnel!.map((millis, i) => millis / taken.proxy![i]!).sort((a, b) => a - b);
    const medians = Object.entries(taken).map(([way, all]) => `${way} ${median(all).toFixed(2)} ${unit}`);
    const spread = `${ratios[0]!.toFixed(2)}..${ratios.at(-1)!.toFixed(2)}`;
    console.log(`${name}: ${medians.join(', ')}; tunnel / proxy x${median(ratios).toFixed(2)} (${spread})`);
  }
  for (const { child } of [plain, publish, connect]) child.kill('SIGKILL');
  service.close();
  agent.destroy();
}

async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < times; i++) await work();
  return (performance.now() - start) / times;
}

async function many(agent: Agent, url: string): Promise<void> {
  await Promise.all(Array.from({ length: 16 }, () => get(agent, url)));
}

async function get(agent: Agent, url: string): Promise<number> {
  const [answer] = (await once(request(url, { agent }).end(), 'response')) as [IncomingMessage];
  let bytes = 0;
  for await (const chunk of answer) bytes += chunk.length;
  if (bytes === 0) throw new Error('nothing came');
  return bytes;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
