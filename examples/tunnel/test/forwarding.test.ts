// A peer that does not keep to what the programs say, against the side of the service.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { serveRequests } from '../src/publish/requests.ts';
import { type RequestRecord, Service } from '../src/publish/service.ts';
import { Upstreams } from '../src/upstreams/upstreams.ts';
import { type RequestHead, writeOpening } from '../src/wire/frames.ts';
import { channelPair } from './memory-channel.ts';
import { serve } from './programs.ts';

interface Setting {
  readonly seen: string[];
  /** Sends messages as a peer; gives the status of the answer, once the request is over. */
  ask(messages: ReadonlyArray<object | Uint8Array>): Promise<number | undefined>;
}

async function setting(
  t: TestContext,
  options: { maxRequests?: number; maxBody?: number } = {},
): Promise<Setting> {
  const seen: string[] = [];
  const { url } = await serve(t, (request, response) => {
    seen.push(request.url!);
    request.resume().on('end', () => response.end('answer'));
  });
  let done = Promise.withResolvers<RequestRecord>();
  const service = new Service({
    upstreams: new Upstreams([new URL(url)]),
    sessionOf: undefined,
    keys: undefined,
    checksCompletions: false,
    idleMillis: 60_000,
    maxRequests: 256,
    maxBody: undefined,
    onDone: (record) => done.resolve(record),
    ...options,
  });
  t.after(() => service.close());
  const ask: Setting['ask'] = async (messages) => {
    done = Promise.withResolvers();
    const [peer, channel] = channelPair();
    serveRequests(channel, service);
    for (const message of messages) peer.send(onTheWire(message));
    return (await done.promise).status;
  };
  return { seen, ask };
}

const onTheWire = (message: object): string | Uint8Array => {
  if (message instanceof Uint8Array) return message;
  return 'path' in message
    ? writeOpening(message as RequestHead, new Uint8Array(0), false)
    : JSON.stringify(message);
};
const post = (...fields: string[]): object => ({
  method: 'POST',
  path: '/a',
  fields,
  hasBody: true,
});
const get = { method: 'GET', path: '/a', fields: [], hasBody: false };
const END = { type: 'end' };
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('a peer that is no friend', () => {
  test('cannot put a second request behind the first (RFC 9112 §11.2)', async (t) => {
    const { seen, ask } = await setting(t);
    const smuggled = bytes('helloGET /admin HTTP/1.1\r\nHost: h\r\n\r\n');
    const refused: Array<ReadonlyArray<object | Uint8Array>> = [
      [post('Content-Length', '5'), smuggled, END],
      [post('Content-Length', '5'), bytes('hell'), END],
      [post('Content-Length', '5', 'Content-Length', '5'), bytes('hello'), END],
      [post('Content-Length', '+5'), bytes('hello'), END],
      [{ ...get, path: '/ HTTP/1.1\r\nHost: h\r\n\r\nGET /admin' }, END],
      [{ ...get, fields: ['X', '1\r\n\r\nGET /admin HTTP/1.1'] }, END],
      [get, smuggled, END],
    ];
    for (const messages of refused) assert.equal(await ask(messages), 400, JSON.stringify(messages[0]));
    assert.equal(await ask([post('Content-Length', '5'), bytes('hello'), END]), 200);
    assert.equal(await ask([post('Transfer-Encoding', 'nonsense, chunked'), smuggled, END]), 200);
    assert.equal(await ask([get, END]), 200);
    assert.ok(!seen.includes('/admin'), String(seen));
  });

  test('cannot send a longer body than is allowed, declared or not, nor more requests at once', async (t) => {
    const { ask } = await setting(t, { maxBody: 10, maxRequests: 2 });
    assert.equal(await ask([post('Content-Length', '11')]), 413);
    assert.equal(await ask([post(), bytes('0123456789'), bytes('x')]), 413);
    assert.equal(await ask([post(), bytes('0123456789'), END]), 200);
    void ask([post()]);
    void ask([post()]);
    assert.equal(await ask([get, END]), 503);
  });
});
