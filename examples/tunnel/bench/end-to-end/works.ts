// What is asked of each way, and how long it took: a number of milliseconds for each request.
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Work {
  readonly name: string;
  /** Bytes of one request, where it is throughput that matters. */
  readonly bytes?: number;
  run(url: string): Promise<number[]>;
}

const MEBIBYTE = 1024 * 1024;
const BULK = 10 * MEBIBYTE;
const body = Buffer.alloc(BULK, 'y');
const agent = new Agent({ keepAlive: true });

export const WORKS: readonly Work[] = [
  { name: 'small GET', run: (url) => each(300, () => get(`${url}/small`)) },
  { name: '64 KiB', run: (url) => each(60, () => get(`${url}/bytes/${64 * 1024}`)) },
  { name: 'small GET, 100 at a time', run: (url) => together(400, 100, () => get(`${url}/small`)) },
  { name: '200 events, the first', run: (url) => each(5, () => firstOf(`${url}/events`)) },
  { name: '200 events, all', run: (url) => each(5, () => get(`${url}/events`)) },
  { name: '10 MiB down', bytes: BULK, run: (url) => each(3, () => get(`${url}/bytes/${BULK}`)) },
  { name: '10 MiB up', bytes: BULK, run: (url) => each(3, () => post(`${url}/count`)) },
];

export function finish(): void {
  agent.destroy();
}

async function each(times: number, work: () => Promise<number | undefined>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) taken.push(await timed(work));
  return taken;
}

async function together(
  times: number,
  width: number,
  work: () => Promise<number | undefined>,
): Promise<number[]> {
  const taken: number[] = [];
  let left = times;
  const worker = async (): Promise<void> => {
    while (left-- > 0) taken.push(await timed(work));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return taken;
}

/** Of `work` itself if it says so. */
async function timed(work: () => Promise<number | undefined>): Promise<number> {
  const start = performance.now();
  return (await work()) ?? performance.now() - start;
}

async function get(url: string): Promise<undefined> {
  const [answer] = (await once(request(url, { agent }).end(), 'response')) as [IncomingMessage];
  await drained(answer);
}

async function post(url: string): Promise<undefined> {
  const outgoing = request(url, { agent, method: 'POST', headers: { 'Content-Length': BULK } });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await drained(answer);
}

/** Milliseconds to the first byte of the answer's body; the rest is taken too. */
async function firstOf(url: string): Promise<number> {
  const start = performance.now();
  const [answer] = (await once(request(url, { agent }).end(), 'response')) as [IncomingMessage];
  await once(answer, 'readable');
  const taken = performance.now() - start;
  await drained(answer);
  return taken;
}

async function drained(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  answer.on('data', (chunk: Uint8Array) => (bytes += chunk.length));
  await once(answer, 'end');
  if (bytes === 0) throw new Error('nothing came');
}
