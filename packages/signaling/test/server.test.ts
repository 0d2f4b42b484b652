import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { startSignalingServer } from '../src/server.ts';
import { ManualClock } from './clocks.ts';
import { type Answer, call, enter, follow, makeRoom, pass, serve } from './http.ts';

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

  test('who has come in with a token leaves when it is revoked, and nobody else', async (t) => {
    const room = await makeRoom(await serve(t));
    const { id, token } = (await call(`${room.url}/tokens`, 'POST', room.token)).body;
    const stays = await enter(room);
    const goes = await enter({ url: room.url, token });
    const stream = await follow(goes);
    const watching = await follow(stays);
    assert.equal((await call(`${room.url}/tokens/${id}`, 'DELETE', room.token)).status, 204);
    assert.equal(JSON.parse((await stream.event())!.data).error, 'ROOM_REFUSED');
    assert.equal((await call(`${room.url}/records`, 'POST', goes.token, { body: 'x' })).status, 401);
    const { records } = JSON.parse((await watching.event())!.data);
    assert.deepEqual(records[0].headers, [
      ['event', 'leave'],
      ['from', goes.member],
    ]);
    assert.deepEqual((await call(`${room.url}/members`, 'GET', room.token)).body.members, [stays.member]);
    watching.close();
  });

  test('what was begun with a token before it was revoked is not done after', async (t) => {
    const room = await makeRoom(await serve(t));
    const { id, token } = (await call(`${room.url}/tokens`, 'POST', room.token)).body;
    const { hostname, port, pathname } = new URL(`${room.url}/records`);
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    t.after(() => socket.destroy());
    const body = JSON.stringify({ body: 'too late' });
    const head = [`POST ${pathname} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`];
    socket.write(
      `${[...head, `Content-Length: ${body.length}`, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`,
    );
    await once(socket, 'data'); // the server has read the head
    socket.write(body.slice(0, 5));
    await call(`${room.url}/tokens/${id}`, 'DELETE', room.token);
    socket.write(body.slice(5));
    const [answer] = (await once(socket, 'data')) as [string];
    assert.match(answer, /^HTTP\/1.1 401 /);
    assert.equal((await call(`${room.url}/records`, 'GET', room.token)).body.tail.seq_num, 0);
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
  await assert.rejects(startSignalingServer({ rooms: 0 }), {
    code: 'BAD_OPTION',
    message: /rooms is 0/,
  });
  await assert.rejects(startSignalingServer({ recordBytes: Number.NaN }), { code: 'BAD_OPTION' });
});

test('a port that is taken is an error of the caller, and so is a store that can’t be opened', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(startSignalingServer({ port }), { code: 'EADDRINUSE' });
  await assert.rejects(startSignalingServer({ store: '/nowhere/rooms.db' }), { code: 'STORE_FAILED' });
  await assert.rejects(startSignalingServer({ store: `redis://127.0.0.1:${port}` }), {
    code: 'STORE_FAILED',
  });
});
