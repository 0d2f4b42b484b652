// What tests ask a server over HTTP.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { EventStreamParser, type StreamEvent } from '../src/client/event-stream.ts';
import { type SignalingServer, type SignalingServerOptions, startSignalingServer } from '../src/server.ts';
import type { ManualClock } from './clocks.ts';

export async function serve(t: TestContext, options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const server = await startSignalingServer(options);
  t.after(() => server.close());
  return server;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers
  body: any;
  headers: Headers;
}

export async function call(url: string, method: string, secret?: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: secret === undefined ? {} : { Authorization: `Bearer ${secret}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers };
}

export interface Place {
  readonly url: string;
  readonly token: string;
}

export async function makeRoom(server: SignalingServer): Promise<Place> {
  const { room, token } = await server.createRoom();
  return { url: `${server.url}/rooms/${room}`, token };
}

export async function enter({ url, token }: Place): Promise<Place & { member: string; seq_num: number }> {
  const { body, status } = await call(`${url}/members`, 'POST', token);
  assert.equal(status, 201);
  return { url, token: body.token, member: body.member, seq_num: body.seq_num };
}

/** Opens an event stream, whose events come one by one. */
export interface Followed {
  readonly response: Response;
  next(): Promise<StreamEvent | undefined>;
  event(): Promise<StreamEvent | undefined>;
  bodies(count: number): Promise<string[]>;
  close(): void;
}

export async function follow({ url, token }: Place, query = '', lastEventId?: number): Promise<Followed> {
  const abort = new AbortController();
  const response = await fetch(`${url}/records${query}`, {
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'Last-Event-ID': String(lastEventId) }),
    },
    signal: abort.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const waiting: StreamEvent[] = [];
  const parser = new EventStreamParser((event) => waiting.push(event));
  const next = async (): Promise<StreamEvent | undefined> => {
    while (waiting.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      parser.push(value);
    }
    return waiting.shift();
  };
  /** The next event that is no ping. */
  const event = async (): Promise<StreamEvent | undefined> => {
    for (let each = await next(); ; each = await next()) if (each?.event !== 'ping') return each;
  };
  /** The bodies of records until there are `count`. */
  const bodies = async (count: number): Promise<string[]> => {
    const seen: string[] = [];
    while (seen.length < count) {
      const { event: name, data } = (await event())!;
      assert.equal(name, 'batch', data);
      seen.push(...JSON.parse(data).records.map(({ body }: { body: string }) => body));
    }
    return seen;
  };
  return { response, next, event, bodies, close: () => abort.abort() };
}

/** Lets time pass second by second, and what is due happen. */
export async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 1000) {
    clock.advance(Math.min(1000, left));
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  }
}
