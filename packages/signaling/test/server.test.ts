import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type SignalingServer, type SignalingServerOptions, startSignalingServer } from '../src/server.ts';
import { ManualClock } from './clocks.ts';

async function serve(t: TestContext, options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const server = await startSignalingServer(options);
  t.after(() => server.close());
  return server;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

async function call(url: string, method: string, secret?: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: secret === undefined ? {} : { Authorization: `Bearer ${secret}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers };
}

interface Member {
  path: string;
  peer: string;
  session: string;
  at: number;
}

async function enter(url: string, room: string, token: string): Promise<Member> {
  const { body, status } = await call(`${url}/rooms/${room}/peers`, 'POST', token);
  assert.equal(status, 201);
  const { peer, session, at } = body as unknown as Member;
  return { path: `${url}/rooms/${room}/peers/${peer}`, peer, session, at };
}

/** Opens the event stream of a member, to be read until some text has come. */
async function listen(member: Member, lastEventId?: number) {
  const abort = new AbortController();
  const response = await fetch(`${member.path}/events`, {
    headers: {
      Authorization: `Bearer ${member.session}`,
      ...(lastEventId !== undefined && { 'Last-Event-ID': String(lastEventId) }),
    },
    signal: abort.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (found: string): Promise<string> => {
    while (!text.includes(found)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before '${found}' came: ${text}`);
      text += value;
    }
    return text;
  };
  const toEnd = async (): Promise<string> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    return text;
  };
  return { response, until, toEnd, close: () => abort.abort() };
}

describe('the HTTP API', () => {
  test('creates a room, lets peers in, carries a message and lets them go', async (t) => {
    const { url } = await serve(t);
    const created = await call(`${url}/rooms`, 'POST');
    assert.equal(created.status, 201);
    const { room, token } = created.body as { room: string; token: string };
    const a = await enter(url, room, token);
    const b = await enter(url, room, token);
    const events = await listen(b);
    assert.equal(events.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const sent = await call(`${a.path}/messages`, 'POST', a.session, {
      first: 1,
      messages: [{ data: { line: 'one\ntwo' } }, { to: b.peer, data: null }, { to: 'nobody', data: 1 }],
    });
    assert.deepEqual(sent.body, { refused: [{ number: 3, error: 'RECIPIENT_GONE' }] });
    assert.equal((await call(a.path, 'DELETE', a.session)).status, 204);
    const seen = await events.until('event: leave');
    assert.match(seen, /id: 3\nevent: message\ndata: {"from":"\w+","data":{"line":"one\\ntwo"}}\n\n/);
    assert.match(seen, /id: 4\nevent: message\ndata: {"from":"\w+","data":null}\n\n/);
    events.close();
  });

  test('takes a batch that comes twice once, and none with a gap before it', async (t) => {
    const server = await serve(t);
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const b = await enter(server.url, room, token);
    const post = (first: number, ...data: unknown[]) =>
      call(`${a.path}/messages`, 'POST', a.session, {
        first,
        messages: data.map((item) => ({ data: item })),
      });
    await post(1, 'm1', 'm2');
    await post(1, 'm1', 'm2', 'm3');
    await post(2, 'm2');
    assert.equal((await post(5, 'm5')).body.error, 'OUT_OF_ORDER');
    await post(4, 'end');
    const events = await listen(b);
    const seen = [...(await events.until('end')).matchAll(/"data":"(\w+)"/g)].map(([, data]) => data);
    assert.deepEqual(seen, ['m1', 'm2', 'm3', 'end']);
    events.close();
  });

  test('goes on after Last-Event-ID, and without it after the peer joined', async (t) => {
    const server = await serve(t);
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const b = await enter(server.url, room, token);
    const messages = ['x', 'y', 'z'].map((data) => ({ data }));
    await call(`${a.path}/messages`, 'POST', a.session, { first: 1, messages });
    const all = await listen(b);
    assert.equal((await all.until('"z"')).match(/event: message/g)!.length, 3);
    const rest = await listen(b, b.at + 2);
    assert.deepEqual((await rest.until('"z"')).match(/"data":"\w"/g), ['"data":"z"']);
    rest.close();
  });

  test('a new stream of a peer takes the place of the old one', async (t) => {
    const server = await serve(t);
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const first = await listen(a);
    const second = await listen(a);
    await assert.rejects(first.toEnd());
    await second.until(': welcome');
    second.close();
  });

  test('refuses with the documented code and status', async (t) => {
    const server = await serve(t, {
      messageBytes: 100,
      batchMessages: 2,
      requestBytes: 1000,
      openRooms: false,
    });
    const { url } = server;
    const { room, token } = server.createRoom();
    const a = await enter(url, room, token);
    const messages = `${a.path}/messages`;
    const deep = `{"first":1,"messages":[{"data":${'['.repeat(400)}${']'.repeat(400)}}]}`;
    const cases: Array<[status: number, code: string, answer: Promise<Answer>]> = [
      [404, 'NOT_FOUND', call(`${url}/`, 'GET')],
      [404, 'NOT_FOUND', call(`${url}/rooms/${room}`, 'GET')],
      [404, 'NOT_FOUND', call(`${a.path}/events/more`, 'GET')],
      [405, 'METHOD_REFUSED', call(`${url}/rooms`, 'GET')],
      [405, 'METHOD_REFUSED', call(messages, 'PUT', a.session)],
      [403, 'CREATION_REFUSED', call(`${url}/rooms`, 'POST')],
      [401, 'ROOM_REFUSED', call(`${url}/rooms/${room}/peers`, 'POST')],
      [401, 'ROOM_REFUSED', call(`${url}/rooms/${room}/peers`, 'POST', a.session)],
      [401, 'ROOM_REFUSED', call(`${url}/rooms/other/peers`, 'POST', token)],
      [401, 'PEER_REFUSED', call(messages, 'POST', token, { first: 1, messages: [{ data: 1 }] })],
      [401, 'PEER_REFUSED', call(`${a.path}/events`, 'GET', token)],
      [401, 'PEER_REFUSED', call(`${url}/rooms/${room}/peers/other`, 'DELETE', a.session)],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, 'not json')],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, 'null')],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, { first: 0, messages: [{ data: 1 }] })],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, { first: 1.5, messages: [{ data: 1 }] })],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, { first: 1, messages: [] })],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, { first: 1, messages: [{}] })],
      [400, 'BAD_REQUEST', call(messages, 'POST', a.session, { first: 1, messages: [{ to: 1, data: 1 }] })],
      [409, 'OUT_OF_ORDER', call(messages, 'POST', a.session, { first: 2, messages: [{ data: 1 }] })],
      [413, 'REQUEST_TOO_LARGE', call(messages, 'POST', a.session, 'x'.repeat(1001))],
      [
        413,
        'REQUEST_TOO_LARGE',
        call(messages, 'POST', a.session, { first: 1, messages: [1, 2, 3].map((data) => ({ data })) }),
      ],
      [200, 'undefined', call(messages, 'POST', a.session, deep)],
    ];
    for (const [status, code, answer] of cases) {
      const { body, ...rest } = await answer;
      assert.deepEqual([rest.status, String(body.error)], [status, code]);
    }
    const ahead = await listen(a, 1000);
    assert.equal(ahead.response.status, 400);
    await ahead.toEnd();
  });

  test('takes a message of `messageBytes` and refuses one with a byte more', async (t) => {
    const server = await serve(t, { messageBytes: 100 });
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const messages = [{ data: 'x'.repeat(98) }, { data: 'x'.repeat(99) }];
    const { body } = await call(`${a.path}/messages`, 'POST', a.session, { first: 1, messages });
    assert.deepEqual(body, { refused: [{ number: 2, error: 'MESSAGE_TOO_LARGE' }] });
  });

  test('cuts an upload off that says nothing of its length, at the cap', async (t) => {
    const server = await serve(t, { requestBytes: 1000 });
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {}); // the server may close while the rest is being written
    const path = new URL(`${a.path}/messages`).pathname;
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${a.session}\r\n`);
    socket.write(`Transfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n`);
    let seen = '';
    for await (const chunk of socket) seen += chunk;
    assert.match(seen, /^HTTP\/1\.1 413 /);
  });

  test('JSON nested deeper than a stack is no failure of the server', async (t) => {
    const server = await serve(t);
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const deep = `{"first":1,"messages":[{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`;
    const { status } = await call(`${a.path}/messages`, 'POST', a.session, deep);
    assert.ok(status === 200 || status === 400, `${status}`); // some engines write it, some do not
  });

  test('whatever it is asked, the answer is below 500', async (t) => {
    const server = await serve(t);
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const part = fc.oneof(
      fc.constantFrom('rooms', 'peers', 'events', 'messages', room, a.peer, '', '..', '%00', '%2f'),
      fc.webSegment(),
    );
    const path = fc.array(part, { maxLength: 7 }).map((parts) => `${server.url}/${parts.join('/')}`);
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((data) => `{"first":1,"messages":[{"data":${data}}]}`),
      fc.constantFrom('{"first":1,"messages":{"length":1}}', '{"first":1,"messages":[null]}'),
    );
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'OPTIONS');
    const secret = fc.constantFrom(undefined, '', 'x', token, a.session);
    const ask = async (url: string, verb: string, key: string | undefined, text: string): Promise<void> => {
      const response = await fetch(url, {
        method: verb,
        ...(key !== undefined && { headers: { Authorization: `Bearer ${key}` } }),
        ...(verb !== 'GET' && { body: text }),
      });
      await response.body?.cancel();
      assert.ok(response.status < 500, `${verb} ${url}: ${response.status}`);
    };
    await fc.assert(fc.asyncProperty(path, method, secret, body, ask), { numRuns: 300 });
  });
});

describe('CORS', () => {
  test('every origin may use the server unless told otherwise, errors included', async (t) => {
    const { url } = await serve(t);
    const preflight = await call(`${url}/rooms`, 'OPTIONS');
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.match(preflight.headers.get('access-control-allow-headers')!, /Authorization.*Last-Event-ID/);
    assert.match(preflight.headers.get('access-control-allow-methods')!, /DELETE/);
    assert.equal((await call(`${url}/none`, 'GET')).headers.get('access-control-allow-origin'), '*');
  });

  test('only listed origins may when there is a list', async (t) => {
    const { url } = await serve(t, { origins: ['https://a.example'] });
    const ask = async (origin: string) =>
      (await fetch(`${url}/health`, { headers: { Origin: origin } })).headers;
    assert.equal((await ask('https://a.example')).get('access-control-allow-origin'), 'https://a.example');
    assert.equal((await ask('https://b.example')).get('access-control-allow-origin'), null);
    assert.equal((await ask('https://b.example')).get('vary'), 'Origin');
  });
});

describe('time', () => {
  test('an idle stream is pinged, and ended when it has lived long enough', async (t) => {
    const clock = new ManualClock();
    const server = await serve(t, { clock, pingInterval: 15_000, streamLife: 60_000 });
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const events = await listen(a);
    await events.until(': welcome');
    clock.advance(15_000);
    await events.until(': ping');
    clock.advance(45_000);
    assert.equal((await events.toEnd()).includes('event:'), false);
  });

  test('a peer whose stream broke leaves after `peerTimeout`, and may come back before', async (t) => {
    const clock = new ManualClock();
    const server = await serve(t, { clock, peerTimeout: 30_000 });
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const watching = await listen(a);
    const b = await enter(server.url, room, token);
    clock.advance(29_000);
    const back = await listen(b);
    await back.until(': welcome');
    clock.advance(60_000);
    await call(`${a.path}/messages`, 'POST', a.session, { first: 1, messages: [{ to: b.peer, data: 1 }] });
    await back.until('"data":1'); // still there
    const c = await enter(server.url, room, token);
    clock.advance(31_000);
    assert.match(await watching.until('event: leave'), new RegExp(`leave\ndata: {"peer":"${c.peer}"}`));
    watching.close();
    back.close();
  });

  test('a reader that the log has moved past is told so, at once or when it comes back', async (t) => {
    const server = await serve(t, { queuedMessages: 2 });
    const { room, token } = server.createRoom();
    const a = await enter(server.url, room, token);
    const b = await enter(server.url, room, token);
    const messages = [1, 2, 3].map((data) => ({ data }));
    await call(`${a.path}/messages`, 'POST', a.session, { first: 1, messages });
    const late = await listen(b);
    assert.equal(late.response.status, 410);
    assert.match(await late.toEnd(), /HISTORY_LOST/);
  });
});

test('close() tells the readers, ends the connections, and runs no timer any more', async () => {
  const clock = new ManualClock();
  const server = await startSignalingServer({ clock });
  const { room, token } = server.createRoom();
  const a = await enter(server.url, room, token);
  const events = await listen(a);
  await events.until(': welcome');
  const closing = server.close();
  assert.match(await events.toEnd(), /event: closed/);
  await closing;
  assert.equal(clock.running, 0);
  await assert.rejects(fetch(server.url));
  assert.throws(() => server.createRoom(), /closed/);
  assert.equal(server.close(), closing);
});

test('close() cuts a connection that does not end by itself', async () => {
  const clock = new ManualClock();
  const server = await startSignalingServer({ clock });
  const socket = connect(server.port, '127.0.0.1');
  socket.write('POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
  socket.resume();
  await once(socket, 'data');
  const half = connect(server.port, '127.0.0.1');
  half.on('error', () => {});
  half.write('POST /rooms HTTP/1.1\r\nHost:');
  await once(half, 'connect');
  const closing = server.close();
  clock.advance(1000);
  await closing;
});

test('the log tells what happens without a token, a session, a room, a peer, an address or a message', async (t) => {
  const lines: string[] = [];
  const server = await serve(t, { log: (line) => lines.push(line) });
  const { room, token } = (await call(`${server.url}/rooms`, 'POST')).body as { room: string; token: string };
  const a = await enter(server.url, room, token);
  await call(`${a.path}/messages`, 'POST', a.session, { first: 1, messages: [{ data: 'the secret text' }] });
  await call(`${server.url}/rooms/${room}/peers`, 'POST', 'wrong-token');
  await call(`${a.path}/messages`, 'POST', a.session, 'rubbish');
  await call(a.path, 'DELETE', a.session);
  assert.deepEqual(lines, [
    'room created, 1 open',
    'peer joined, 1 in the room',
    'request refused: ROOM_REFUSED',
    'request refused: BAD_REQUEST',
    'peer left, 0 in the room',
  ]);
});

test('a limit that is no limit is refused before anything is started', async () => {
  await assert.rejects(startSignalingServer({ rooms: 0 }), RangeError);
  await assert.rejects(startSignalingServer({ messageBytes: Number.NaN }), RangeError);
});

test('a port that is taken is an error of the caller', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(startSignalingServer({ port }), { code: 'EADDRINUSE' });
});
