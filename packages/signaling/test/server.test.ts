import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { EventStreamParser, type StreamEvent } from '../src/client/event-stream.ts';
import { type SignalingServer, type SignalingServerOptions, startSignalingServer } from '../src/server.ts';
import { ManualClock } from './clocks.ts';

async function serve(t: TestContext, options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const server = await startSignalingServer(options);
  t.after(() => server.close());
  return server;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers
  body: any;
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

interface Place {
  readonly url: string;
  readonly token: string;
}

async function makeRoom(server: SignalingServer): Promise<Place> {
  const { room, token } = await server.createRoom();
  return { url: `${server.url}/rooms/${room}`, token };
}

async function enter({ url, token }: Place): Promise<Place & { member: string; seq_num: number }> {
  const { body, status } = await call(`${url}/members`, 'POST', token);
  assert.equal(status, 201);
  return { url, token: body.token, member: body.member, seq_num: body.seq_num };
}

/** Opens an event stream, whose events come one by one. */
async function follow({ url, token }: Place, query = '', lastEventId?: number) {
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
async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 1000) {
    clock.advance(Math.min(1000, left));
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  }
}

describe('records', () => {
  test('are appended one by one or together, and read back with the end of the stream', async (t) => {
    const clock = new ManualClock();
    const room = await makeRoom(await serve(t, { clock }));
    const one = await call(`${room.url}/records`, 'POST', room.token, { body: 'a', headers: [['k', 'v']] });
    const timestamp = clock.date();
    assert.deepEqual(one.body, {
      start: { seq_num: 0, timestamp },
      end: { seq_num: 1, timestamp },
      tail: { seq_num: 1, timestamp },
    });
    const records = [
      { body: 'b' },
      {
        headers: [
          ['k', 'w'],
          ['k', 'x'],
        ],
      },
    ];
    const two = await call(`${room.url}/records`, 'POST', room.token, { records });
    assert.deepEqual(two.body.start, { seq_num: 1, timestamp });
    const read = await call(`${room.url}/records?seq_num=0`, 'GET', room.token);
    assert.deepEqual(read.body, {
      records: [
        { seq_num: 0, timestamp, headers: [['k', 'v']], body: 'a' },
        { seq_num: 1, timestamp, headers: [], body: 'b' },
        {
          seq_num: 2,
          timestamp,
          headers: [
            ['k', 'w'],
            ['k', 'x'],
          ],
          body: '',
        },
      ],
      tail: { seq_num: 3, timestamp },
    });
    const limited = await call(`${room.url}/records?seq_num=1&count=1&format=base64`, 'GET', room.token);
    assert.deepEqual(limited.body.records, [{ seq_num: 1, timestamp, headers: [], body: 'Yg==' }]);
    assert.equal((await call(`${room.url}/records?bytes=1`, 'GET', room.token)).body.records.length, 1);
  });

  test('bytes go in and out as base64', async (t) => {
    const room = await makeRoom(await serve(t));
    const body = Buffer.from([0, 255, 128, 10]).toString('base64');
    await call(`${room.url}/records`, 'POST', room.token, { format: 'base64', records: [{ body }] });
    const read = await call(`${room.url}/records?format=base64`, 'GET', room.token);
    assert.equal(read.body.records[0].body, body);
  });

  test('an append that expects a number is taken only with it: a repeated one changes nothing', async (t) => {
    const room = await makeRoom(await serve(t));
    const append = { body: 'x', match_seq_num: 0 };
    assert.equal((await call(`${room.url}/records`, 'POST', room.token, append)).status, 200);
    const again = await call(`${room.url}/records`, 'POST', room.token, append);
    assert.deepEqual(
      [again.status, again.body.error, again.body.tail.seq_num],
      [412, 'SEQUENCE_MISMATCH', 1],
    );
  });

  test('a member numbers its own, and what comes twice is taken once', async (t) => {
    const member = await enter(await makeRoom(await serve(t)));
    const append = async (first: number): Promise<Answer> =>
      call(`${member.url}/records`, 'POST', member.token, { first, records: [{ body: 'x' }, { body: 'y' }] });
    assert.equal((await append(1)).body.start.seq_num, 1);
    assert.equal((await append(1)).body.repeated, true);
    assert.equal((await append(4)).body.error, 'OUT_OF_ORDER');
    assert.equal((await append(3)).body.start.seq_num, 3);
  });

  test('say who wrote them, and nobody can write for another', async (t) => {
    const room = await makeRoom(await serve(t));
    const a = await enter(room);
    await call(`${a.url}/records`, 'POST', a.token, { body: 'mine', headers: [['to', 'x']] });
    const { records } = (await call(`${room.url}/records`, 'GET', room.token)).body;
    assert.deepEqual(
      records.map(({ headers }: { headers: unknown }) => headers),
      [
        [
          ['event', 'join'],
          ['from', a.member],
        ],
        [
          ['from', a.member],
          ['to', 'x'],
        ],
      ],
    );
    for (const name of ['from', 'event'])
      for (const { token } of [room, a]) {
        const forged = await call(`${room.url}/records`, 'POST', token, {
          headers: [[name, 'leave']],
          body: '',
        });
        assert.equal(forged.body.error, 'BAD_REQUEST');
      }
  });

  test('what was dropped is gone: the answer says where the stream begins', async (t) => {
    const room = await makeRoom(await serve(t, { roomRecords: 2 }));
    for (let i = 0; i < 5; i++) await call(`${room.url}/records`, 'POST', room.token, { body: `${i}` });
    const lost = await call(`${room.url}/records?seq_num=1`, 'GET', room.token);
    assert.deepEqual([lost.status, lost.body.error, lost.body.oldest], [410, 'HISTORY_LOST', 3]);
    const late = await follow(room, '?seq_num=1');
    assert.equal(late.response.status, 410);
  });
});

describe('an event stream', () => {
  test('gives what is there, then what comes, and goes on after Last-Event-ID', async (t) => {
    const room = await makeRoom(await serve(t));
    const append = (...bodies: string[]): Promise<Answer> =>
      call(`${room.url}/records`, 'POST', room.token, { records: bodies.map((body) => ({ body })) });
    await append('a', 'b');
    const stream = await follow(room, '?seq_num=0');
    assert.equal((await stream.next())?.event, 'ping');
    assert.deepEqual(await stream.bodies(2), ['a', 'b']);
    await append('c');
    const event = await stream.event();
    assert.equal(event!.id, '2');
    const { records, tail } = JSON.parse(event!.data);
    assert.deepEqual([records[0].seq_num, records[0].body, tail.seq_num], [2, 'c', 3]);
    stream.close();
    await append('d', 'e');
    const back = await follow(room, '', 2);
    assert.deepEqual(await back.bodies(2), ['d', 'e']);
    back.close();
  });

  test('without a number it begins at the end', async (t) => {
    const room = await makeRoom(await serve(t, { roomRecords: 2 }));
    for (let i = 0; i < 4; i++) await call(`${room.url}/records`, 'POST', room.token, { body: 'old' });
    const stream = await follow(room);
    await stream.next();
    await call(`${room.url}/records`, 'POST', room.token, { body: 'new' });
    assert.deepEqual(await stream.bodies(1), ['new']);
    stream.close();
  });

  test('readers at the end of one room share their batches, each in its format', async (t) => {
    const room = await makeRoom(await serve(t));
    const streams = [await follow(room), await follow(room), await follow(room, '?format=base64')];
    for (const stream of streams) await stream.next();
    for (let i = 0; i < 20; i++) await call(`${room.url}/records`, 'POST', room.token, { body: `${i}` });
    const seen = await Promise.all(streams.map((stream) => stream.bodies(20)));
    const expected = Array.from({ length: 20 }, (_, i) => `${i}`);
    assert.deepEqual(seen, [
      expected,
      expected,
      expected.map((each) => Buffer.from(each).toString('base64')),
    ]);
    for (const stream of streams) stream.close();
  });

  test('ends with [DONE] once so many records or bytes have been read', async (t) => {
    const room = await makeRoom(await serve(t));
    const stream = await follow(room, '?seq_num=0&count=3');
    for (let i = 0; i < 5; i++) await call(`${room.url}/records`, 'POST', room.token, { body: `${i}` });
    assert.deepEqual(await stream.bodies(3), ['0', '1', '2']);
    assert.deepEqual(await stream.event(), { event: 'message', data: '[DONE]', id: '2' });
    assert.equal(await stream.event(), undefined);
    const short = await follow(room, '?seq_num=0&bytes=1');
    assert.deepEqual(await short.bodies(1), ['0']);
    assert.equal((await short.event())?.data, '[DONE]');
  });

  test('of a room that is removed says so and ends', async (t) => {
    const room = await makeRoom(await serve(t));
    const stream = await follow(room);
    await stream.next();
    assert.equal((await call(room.url, 'DELETE', room.token)).status, 204);
    const { event, data } = (await stream.event())!;
    assert.deepEqual([event, JSON.parse(data).error], ['error', 'ROOM_REFUSED']);
    assert.equal((await stream.event())?.data, '[DONE]');
    assert.equal(await stream.event(), undefined);
  });

  test('is pinged while it is idle, and ended when it has lived long enough', async (t) => {
    const clock = new ManualClock();
    const room = await makeRoom(await serve(t, { clock, pingInterval: 15_000, streamLife: 60_000 }));
    const stream = await follow(room);
    const pings = [await stream.next()];
    clock.advance(15_000);
    pings.push(await stream.next());
    assert.deepEqual(
      pings.map((ping) => ping?.event),
      ['ping', 'ping'],
    );
    assert.equal(JSON.parse(pings[1]!.data).timestamp, clock.date());
    await pass(clock, 45_000);
    assert.equal((await stream.event())?.data, '[DONE]');
  });

  test('that is not read is cut off after `chunkTimeout`, and holds up nobody', async (t) => {
    const clock = new ManualClock();
    const server = await serve(t, {
      clock,
      chunkTimeout: 5_000,
      roomBytes: 1e9,
      roomRecords: 1e6,
      recordBytes: 1e6,
      requestBytes: 2e6,
    });
    const room = await makeRoom(server);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    const { pathname } = new URL(`${room.url}/records`);
    socket.write(`GET ${pathname}?seq_num=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n`);
    socket.write(`Authorization: Bearer ${room.token}\r\n\r\n`);
    await once(socket, 'readable'); // and nothing is read
    const quick = await follow(room);
    await quick.next();
    const body = 'x'.repeat(900_000);
    for (let i = 0; i < 20; i++) await call(`${room.url}/records`, 'POST', room.token, { body });
    assert.equal((await quick.bodies(20)).length, 20);
    const closed = once(socket, 'close');
    await pass(clock, 7_000);
    socket.resume();
    await closed;
    quick.close();
  });
});

describe('members and tokens', () => {
  test('a member whose stream broke leaves after `memberTimeout`, and may come back before', async (t) => {
    const clock = new ManualClock();
    const room = await makeRoom(await serve(t, { clock, memberTimeout: 30_000 }));
    const watching = await follow(room);
    const b = await enter(room);
    await pass(clock, 29_000);
    const back = await follow(b);
    await back.next();
    await pass(clock, 60_000);
    assert.deepEqual((await call(`${room.url}/members`, 'GET', room.token)).body, { members: [b.member] });
    const c = await enter(room);
    await pass(clock, 32_000);
    const events: Array<[string, string]> = [];
    while (events.length < 3) {
      const { records } = JSON.parse((await watching.event())!.data);
      for (const { headers } of records) events.push([headers[0][1], headers[1][1]]);
    }
    assert.deepEqual(events, [
      ['join', b.member],
      ['join', c.member],
      ['leave', c.member],
    ]);
    watching.close();
    back.close();
  });

  test('a revoked token opens nothing from that moment on', async (t) => {
    const room = await makeRoom(await serve(t));
    const { id, token } = (await call(`${room.url}/tokens`, 'POST', room.token)).body;
    assert.equal((await call(`${room.url}/records`, 'GET', token)).status, 200);
    const stream = await follow({ url: room.url, token });
    assert.equal((await call(`${room.url}/tokens/${id}`, 'DELETE', room.token)).status, 204);
    assert.equal((await call(`${room.url}/records`, 'GET', token)).status, 401);
    assert.equal((await call(`${room.url}/tokens/${id}`, 'DELETE', room.token)).status, 404);
    assert.equal(JSON.parse((await stream.event())!.data).error, 'ROOM_REFUSED');
  });

  test('guests and members may not do what is the owner’s', async (t) => {
    const room = await makeRoom(await serve(t));
    const { token: guest } = (await call(`${room.url}/tokens`, 'POST', room.token)).body;
    const a = await enter(room);
    const b = await enter({ url: room.url, token: guest });
    for (const token of [guest, a.token])
      for (const [method, path] of [
        ['DELETE', ''],
        ['POST', '/tokens'],
        ['DELETE', `/members/${b.member}`],
      ] as const)
        assert.equal((await call(`${room.url}${path}`, method, token)).body.error, 'NOT_ALLOWED');
    assert.equal((await call(`${room.url}/members`, 'POST', a.token)).body.error, 'NOT_ALLOWED');
    assert.equal((await call(`${room.url}/members/${a.member}`, 'DELETE', a.token)).status, 204);
    assert.equal((await call(`${room.url}/members/${b.member}`, 'DELETE', room.token)).status, 204);
    assert.equal((await call(`${room.url}/records`, 'GET', b.token)).status, 401);
  });

  test('rooms, members and tokens each have their cap', async (t) => {
    const server = await serve(t, { rooms: 1, membersPerRoom: 2, tokensPerRoom: 2 });
    const room = await makeRoom(server);
    assert.deepEqual((await call(`${server.url}/rooms`, 'POST')).body.error, 'ROOMS_FULL');
    for (const path of ['members', 'tokens']) {
      const count = path === 'members' ? 2 : 1; // the owner's is one
      for (let i = 0; i < count; i++)
        assert.equal((await call(`${room.url}/${path}`, 'POST', room.token)).status, 201);
      const { body } = await call(`${room.url}/${path}`, 'POST', room.token);
      assert.equal(body.error, path === 'members' ? 'ROOM_FULL' : 'TOKENS_FULL');
    }
  });
});

describe('what does not fit', () => {
  test('is refused with the documented code and status', async (t) => {
    const server = await serve(t, { openRooms: false, appendRecords: 2, recordHeaders: 1 });
    const room = await makeRoom(server);
    const records = `${room.url}/records`;
    const { token } = room;
    const half = JSON.stringify({ body: '\ud800' });
    const cases: Array<[string, string, string | undefined, unknown, number, string]> = [
      [`${server.url}/rooms`, 'POST', undefined, undefined, 403, 'CREATION_REFUSED'],
      [`${server.url}/none`, 'GET', undefined, undefined, 404, 'NOT_FOUND'],
      [`${server.url}/metrics`, 'GET', undefined, undefined, 404, 'NOT_FOUND'],
      [`${room.url}/nothing`, 'GET', token, undefined, 404, 'NOT_FOUND'],
      [`${records}/1`, 'GET', token, undefined, 404, 'NOT_FOUND'],
      [records, 'PUT', token, undefined, 405, 'METHOD_REFUSED'],
      [records, 'GET', undefined, undefined, 401, 'ROOM_REFUSED'],
      [records, 'GET', 'x', undefined, 401, 'ROOM_REFUSED'],
      [records, 'GET', 'a'.repeat(40), undefined, 401, 'ROOM_REFUSED'],
      [`${server.url}/rooms/${'a'.repeat(16)}/records`, 'GET', token, undefined, 401, 'ROOM_REFUSED'],
      [`${records}?seq_num=1`, 'GET', token, undefined, 400, 'BAD_REQUEST'],
      [`${records}?seq_num=-1`, 'GET', token, undefined, 400, 'BAD_REQUEST'],
      [`${records}?count=0`, 'GET', token, undefined, 400, 'BAD_REQUEST'],
      [`${records}?format=hex`, 'GET', token, undefined, 400, 'BAD_REQUEST'],
      [records, 'POST', token, 'rubbish', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '[]', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"records":[]}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"records":[null]}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":1}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, half, 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":"!","format":"base64"}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":"","headers":[["a"]]}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":"","headers":[["",""]]}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":"","match_seq_num":"0"}', 400, 'BAD_REQUEST'],
      [records, 'POST', token, '{"body":"","first":1}', 403, 'NOT_ALLOWED'],
      [records, 'POST', token, '{"records":[{},{},{}]}', 413, 'REQUEST_TOO_LARGE'],
      [records, 'POST', token, '{"headers":[["a",""],["b",""]]}', 413, 'MESSAGE_TOO_LARGE'],
    ];
    for (const [url, method, secret, body, status, code] of cases) {
      const seen = await call(url, method, secret, body);
      assert.deepEqual([seen.status, seen.body.error], [status, code], `${method} ${url} ${body}`);
    }
    assert.equal((await call(records, 'GET')).headers.get('www-authenticate'), 'Bearer');
  });

  test('a record of `recordBytes` is taken, and with a byte more it is not', async (t) => {
    const room = await makeRoom(await serve(t, { recordBytes: 100 }));
    const append = async (length: number): Promise<number> =>
      (await call(`${room.url}/records`, 'POST', room.token, { body: 'x'.repeat(length) })).status;
    assert.deepEqual([await append(98), await append(99)], [200, 413]); // its headers are `[]`
  });

  test('an upload that says nothing of its length is cut off at the cap', async (t) => {
    const server = await serve(t, { requestBytes: 1000 });
    const room = await makeRoom(server);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {}); // the server may close while the rest is being written
    const { pathname } = new URL(`${room.url}/records`);
    socket.write(`POST ${pathname} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${room.token}\r\n`);
    socket.write(`Transfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n`);
    let seen = '';
    for await (const chunk of socket) seen += chunk;
    assert.match(seen, /^HTTP\/1\.1 413 /);
  });

  test('a client that asks too often waits; others do not', async (t) => {
    const clock = new ManualClock();
    const server = await serve(t, { clock, requestsPerSecond: 2, requestBurst: 3, behindProxy: true });
    const ask = async (address: string): Promise<Response> =>
      fetch(`${server.url}/health`, { headers: { 'X-Forwarded-For': `6.6.6.6, ${address}` } });
    const statuses = async (address: string, count: number): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < count; i++) all.push((await ask(address)).status);
      return all;
    };
    assert.deepEqual(await statuses('198.51.100.1', 5), [200, 200, 200, 429, 429]);
    assert.equal((await ask('198.51.100.1')).headers.get('retry-after'), '1');
    assert.deepEqual(await statuses('198.51.100.2', 1), [200]);
    assert.deepEqual(await statuses('2001:db8::1', 3), [200, 200, 200]);
    assert.deepEqual(await statuses('2001:db8:0:0:ffff::9', 1), [429]); // the same network
    clock.advance(1000);
    assert.deepEqual(await statuses('198.51.100.1', 3), [200, 200, 429]);
  });

  test('whatever it is asked, the answer is below 500', async (t) => {
    const server = await serve(t, { requestsPerSecond: 1e6, requestBurst: 1e6, metrics: true });
    const room = await makeRoom(server);
    const a = await enter(room);
    const name = room.url.split('/').at(-1)!;
    const part = fc.oneof(
      fc.constantFrom(
        'rooms',
        'members',
        'tokens',
        'records',
        'metrics',
        name,
        a.member,
        '',
        '..',
        '%00',
        '%2f',
      ),
      fc.webSegment(),
    );
    const query = fc.oneof(
      fc.constant(''),
      fc.webQueryParameters().map((each) => `?${each}`),
      fc
        .tuple(fc.constantFrom('seq_num', 'count', 'bytes', 'format'), fc.webSegment())
        .map((each) => `?${each.join('=')}`),
    );
    const path = fc
      .tuple(
        fc.oneof(
          fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/')),
          fc.constantFrom(`rooms/${name}/records`, `rooms/${name}/members`, `rooms/${name}/tokens`),
        ),
        query,
      )
      .map(([parts, search]) => `${server.url}/${parts}${search}`);
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((data) => `{"first":1,"records":[{"body":${data}}]}`),
      fc.json().map((data) => `{"body":"","headers":${data}}`),
      fc.constantFrom(
        '{"records":{"length":1}}',
        `{"body":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        '\ufeff{}',
      ),
    );
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'OPTIONS', 'HEAD');
    const secret = fc.constantFrom(undefined, '', 'x', room.token, a.token);
    const accept = fc.constantFrom('*/*', 'text/event-stream', 'application/json');
    const ask = async (
      url: string,
      verb: string,
      key: string | undefined,
      text: string,
      type: string,
    ): Promise<void> => {
      if (verb === 'DELETE' && url === room.url) return;
      const abort = new AbortController();
      const response = await fetch(url, {
        method: verb,
        signal: abort.signal,
        headers: { Accept: type, ...(key !== undefined && { Authorization: `Bearer ${key}` }) },
        ...(verb !== 'GET' && verb !== 'HEAD' && { body: text }),
      });
      assert.ok(response.status < 500, `${verb} ${url}: ${response.status}`);
      abort.abort();
    };
    await fc.assert(fc.asyncProperty(path, method, secret, body, accept, ask), { numRuns: 500 });
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

test('close() tells the readers, ends the connections, and runs no timer any more', async () => {
  const clock = new ManualClock();
  const server = await startSignalingServer({ clock });
  const stream = await follow(await makeRoom(server));
  await stream.next();
  const closing = server.close();
  assert.equal(JSON.parse((await stream.event())!.data).error, 'SERVER_CLOSED');
  assert.equal((await stream.event())?.data, '[DONE]');
  await closing;
  assert.equal(clock.running, 0);
  await assert.rejects(fetch(server.url));
  await assert.rejects(server.createRoom(), /closed/);
  assert.equal(server.close(), closing);
});

test('close() cuts a connection that does not end by itself', async () => {
  const clock = new ManualClock();
  const server = await startSignalingServer({ clock });
  const room = await makeRoom(server);
  const socket = connect(server.port, '127.0.0.1');
  const { pathname } = new URL(`${room.url}/records`);
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${room.token}\r\n`);
  socket.write('Expect: 100-continue\r\nContent-Length: 10\r\n\r\n');
  await once(socket, 'data');
  const half = connect(server.port, '127.0.0.1');
  half.on('error', () => {});
  half.write('POST /rooms HTTP/1.1\r\nHost:');
  await once(half, 'connect');
  const closing = server.close();
  clock.advance(1000);
  await closing;
  socket.destroy();
});

test('the log tells what happens without a token, a room, a member, an address or a record', async (t) => {
  const lines: string[] = [];
  const server = await serve(t, { log: (line) => lines.push(line) });
  const { room, token } = (await call(`${server.url}/rooms`, 'POST')).body;
  const place = { url: `${server.url}/rooms/${room}`, token };
  const a = await enter(place);
  await call(`${a.url}/records`, 'POST', a.token, { body: 'the secret text' });
  await call(`${a.url}/records`, 'POST', 'wrong-token');
  await call(`${a.url}/records`, 'POST', a.token, 'rubbish');
  await call(`${a.url}/members/${a.member}`, 'DELETE', a.token);
  const { id } = (await call(`${a.url}/tokens`, 'POST', token)).body;
  await call(`${a.url}/tokens/${id}`, 'DELETE', token);
  await call(a.url, 'DELETE', token);
  assert.deepEqual(lines, [
    'room created',
    'member entered',
    'request refused: ROOM_REFUSED',
    'request refused: BAD_REQUEST',
    'member left',
    'token revoked',
    'room removed',
  ]);
});

test('metrics count what happens, and name nobody', async (t) => {
  const server = await serve(t, { metrics: true });
  const room = await makeRoom(server);
  const stream = await follow(room);
  await stream.next();
  await call(`${room.url}/records`, 'POST', room.token, { records: [{ body: 'a' }, { body: 'b' }] });
  await stream.bodies(2);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /^millrace_signaling_rooms 1$/m);
  assert.match(text, /^millrace_signaling_readers 1$/m);
  assert.match(text, /^millrace_signaling_records_appended_total 2$/m);
  assert.match(text, /^millrace_signaling_requests_total\{method="POST",status="200"\} 1$/m);
  assert.match(text, /^millrace_signaling_delivery_milliseconds_count 1$/m);
  const { pathname } = new URL(room.url);
  for (const secret of [pathname.split('/').at(-1)!, room.token, '127.0.0.1'])
    assert.equal(text.includes(secret), false);
  stream.close();
});

test('health is answered while the store works', async (t) => {
  const { url } = await serve(t);
  assert.deepEqual((await call(`${url}/health`, 'GET')).body, { status: 'ok', store: 'memory' });
});

test('a limit that is no limit is refused before anything is started', async () => {
  await assert.rejects(startSignalingServer({ rooms: 0 }), RangeError);
  await assert.rejects(startSignalingServer({ recordBytes: Number.NaN }), RangeError);
});

test('a port that is taken is an error of the caller, and so is a store that can’t be opened', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(startSignalingServer({ port }), { code: 'EADDRINUSE' });
  await assert.rejects(startSignalingServer({ store: '/nowhere/rooms.db' }), { code: 'STORE_FAILED' });
  await assert.rejects(startSignalingServer({ store: `redis://127.0.0.1:${port}` }), {
    code: 'STORE_FAILED',
  });
});
