import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from './clocks.ts';
import { call, enter, makeRoom, serve } from './http.ts';

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

  test('RFC 9110 §9.3.2, §15.5.6: HEAD is answered like GET, and 405 tells the methods', async (t) => {
    const room = await makeRoom(await serve(t));
    const { body, headers } = await call(`${room.url}/records`, 'GET', room.token);
    const head = await call(`${room.url}/records`, 'HEAD', room.token);
    assert.deepEqual([head.status, head.body], [200, {}]);
    assert.equal(head.headers.get('content-length'), headers.get('content-length'));
    assert.equal(Number(headers.get('content-length')), JSON.stringify(body).length);
    const events = { Authorization: `Bearer ${room.token}`, Accept: 'text/event-stream' };
    assert.equal((await fetch(`${room.url}/records`, { method: 'HEAD', headers: events })).status, 200);
    for (const [path, allowed] of [
      ['/records', 'GET, POST, HEAD, OPTIONS'],
      ['/members', 'GET, POST, HEAD, OPTIONS'],
      ['/tokens', 'POST, OPTIONS'],
      ['', 'DELETE, OPTIONS'],
    ]) {
      const refused = await call(`${room.url}${path}`, 'PUT', room.token);
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, allowed]);
    }
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

  test('nobody can have all the connections, and who gives one back may have another', async (t) => {
    const server = await serve(t, { connectionsPerClient: 2 });
    const open = (): Socket => connect(server.port, '127.0.0.1').on('error', () => {});
    const ask = async (socket: Socket): Promise<string> => {
      socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
      const { promise, resolve } = Promise.withResolvers<string>();
      socket
        .once('data', (data) => resolve(String(data).slice(9, 12)))
        .once('close', () => resolve('closed'));
      return promise;
    };
    const [first, second] = [open(), open()];
    assert.deepEqual([await ask(first), await ask(second)], ['200', '200']);
    assert.equal(await ask(open()), 'closed');
    first.destroy();
    let answer = 'closed';
    while (answer === 'closed') answer = await ask(open()); // until the server has seen it go
    assert.equal(answer, '200');
    assert.equal(await ask(second), '200');
  });

  test('nobody can have all the rooms: a client creates so many, and then some each minute', async (t) => {
    const clock = new ManualClock();
    const server = await serve(t, { clock, rooms: 8, roomsPerMinute: 6, behindProxy: true });
    const create = async (path: string, client: string): Promise<number> => {
      const headers = { 'X-Forwarded-For': client };
      return (await fetch(`${server.url}${path}`, { method: 'POST', headers })).status;
    };
    assert.equal(await create('/rooms', '198.51.100.1'), 201);
    assert.equal(await create('/nameplates', '198.51.100.1'), 201);
    assert.equal(await create('/rooms', '198.51.100.1'), 429);
    assert.equal(await create('/nameplates', '198.51.100.1'), 429);
    assert.equal(await create('/rooms', '198.51.100.2'), 201);
    clock.advance(10_000);
    assert.equal(await create('/rooms', '198.51.100.1'), 201);
    await server.createRoom(); // who has the server is no client
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
