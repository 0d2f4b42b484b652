import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as join_ } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  createRoom,
  type Fetch,
  formatInvite,
  type Invite,
  isInvite,
  joinRoom,
  parseInvite,
  SignalingError,
  type SignalingErrorCode,
  type SignalingEvent,
  type SignalingRoom,
} from '../src/client.ts';
import { type SignalingServerOptions, startSignalingServer } from '../src/server.ts';
import { hastyClock, ManualClock } from './clocks.ts';

const code = (expected: SignalingErrorCode) => (error: unknown) =>
  error instanceof SignalingError && error.code === expected;

async function serve(t: TestContext, options: SignalingServerOptions = {}) {
  const server = await startSignalingServer(options);
  t.after(() => server.close());
  return { server, invite: { url: server.url, ...(await server.createRoom()) } };
}

/** A port whose connections wait until it is known where they lead: clients on a hasty clock do not wait by themselves. */
async function waitingFront(t: TestContext): Promise<{ url: string; leadTo(port: number): void }> {
  const led = Promise.withResolvers<number>();
  const sockets = new Set<Socket>();
  const front = createServer(async (socket) => {
    const there = connect(await led.promise, '127.0.0.1');
    for (const [one, other] of [
      [socket, there],
      [there, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  t.after(() => {
    front.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(front, 'listening');
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, leadTo: led.resolve };
}

async function join(t: TestContext, invite: Invite, options: object = {}): Promise<SignalingRoom> {
  const room = await joinRoom({ ...invite, ...options });
  t.after(() => room.close());
  return room;
}

async function take(room: SignalingRoom, count: number): Promise<SignalingEvent[]> {
  const events: SignalingEvent[] = [];
  while (events.length < count) {
    const { value } = await room[Symbol.asyncIterator]().next();
    if (value === undefined) break;
    events.push(value);
  }
  return events;
}

const dataOf = (events: SignalingEvent[]): unknown[] =>
  events.flatMap((event) => (event.type === 'message' ? [event.data] : []));

describe('a room', () => {
  test('is created by a client, entered by others, and shows who comes, speaks and goes', async (t) => {
    const { server } = await serve(t);
    const invite = await createRoom({ url: `${server.url}/` });
    const a = await join(t, invite);
    const b = await join(t, invite);
    assert.deepEqual([...b.peers], [a.peer]);
    await b.send({ hello: 'wörld\r\n\u2028' });
    await b.send(['just you'], a.peer);
    await b.close();
    assert.deepEqual(await take(a, 4), [
      { type: 'join', peer: b.peer },
      { type: 'message', from: b.peer, data: { hello: 'wörld\r\n\u2028' } },
      { type: 'message', from: b.peer, data: ['just you'] },
      { type: 'leave', peer: b.peer },
    ]);
    assert.equal(a.peers.size, 0);
    assert.equal(a.state, 'connected');
    await a.close();
    assert.equal(a.state, 'closed');
    for await (const event of a) assert.fail(`nothing comes after close(), not ${event.type}`);
  });

  test('tells who was there when it was entered from who came later', async (t) => {
    const { invite } = await serve(t);
    const first = await joinRoom(invite);
    const second = await joinRoom(invite);
    const third = await joinRoom(invite);
    while (second.peers.size < 2) await second[Symbol.asyncIterator]().next();
    assert.deepEqual([[...first.present], [...second.present]], [[], [first.peer]]);
    assert.deepEqual([...third.present], [first.peer, second.peer]);
    await Promise.all([first, second, third].map((each) => each.close()));
  });

  test('hides from others what is addressed to one', async (t) => {
    const { invite } = await serve(t);
    const [a, b, c] = [await join(t, invite), await join(t, invite), await join(t, invite)];
    await Promise.all([a.send('for b', b.peer), a.send('for all')]);
    assert.deepEqual(dataOf(await take(b, 3)), ['for b', 'for all']);
    assert.deepEqual(dataOf(await take(c, 1)), ['for all']);
  });

  test('goes on at another server of the same store when its own is gone', async (t) => {
    const folder = mkdtempSync(join_(tmpdir(), 'millrace-rooms-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const store = join_(folder, 'rooms.db');
    const first = await startSignalingServer({ store });
    const invite = { url: first.url, ...(await first.createRoom()) };
    const front = await waitingFront(t);
    const a = await join(t, invite, { alternatives: [front.url], clock: hastyClock(10_000) });
    await a.send('before');
    await first.close();
    const second = await startSignalingServer({ store });
    t.after(() => second.close());
    front.leadTo(second.port);
    const b = await join(t, { ...invite, url: second.url });
    assert.deepEqual([...b.peers], [a.peer]);
    await b.send('after');
    assert.deepEqual(dataOf(await take(a, 2)), ['after']);
    await a.send('and back');
    assert.deepEqual(dataOf(await take(b, 1)), ['and back']);
  });

  test('refuses a wrong token, a full room, a stranger and a message too large, each by its code', async (t) => {
    const { invite } = await serve(t, { membersPerRoom: 1, recordBytes: 100 });
    await assert.rejects(joinRoom({ ...invite, token: 'a'.repeat(40) }), code('ROOM_REFUSED'));
    const a = await join(t, invite);
    await assert.rejects(joinRoom(invite), code('ROOM_FULL'));
    await assert.rejects(a.send('?', 'nobody'), code('RECIPIENT_GONE'));
    await assert.rejects(a.send('x'.repeat(97)), code('MESSAGE_TOO_LARGE'));
    await assert.rejects(a.send(undefined), code('NOT_JSON'));
    await assert.rejects(a.send(1n), code('NOT_JSON'));
    await a.send('x'.repeat(96));
    await a.close();
    await assert.rejects(a.send('late'), code('CLOSED'));
  });

  test('close() sends first what was waiting to be sent', async (t) => {
    const { invite } = await serve(t);
    const a = await join(t, invite);
    const b = await join(t, invite);
    for (let i = 0; i < 200; i++) void b.send(i);
    await b.close();
    const events = await take(a, 202);
    assert.deepEqual(
      dataOf(events),
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.equal(events.at(-1)!.type, 'leave');
  });

  test('ends with SERVER_CLOSED when the server closes', async (t) => {
    const { server, invite } = await serve(t);
    const a = await join(t, invite);
    const b = await join(t, invite);
    assert.equal((await take(a, 1))[0]!.type, 'join');
    await a.send('are you reading?');
    await take(b, 1);
    await Promise.all([server.close(), assert.rejects(a.closed, code('SERVER_CLOSED'))]);
    await assert.rejects(take(a, 1), code('SERVER_CLOSED'));
    await assert.rejects(a.send(1), code('SERVER_CLOSED'));
    await assert.rejects(b.closed);
  });

  test('a signal ends it with its reason, and the others see it leave', async (t) => {
    const { invite } = await serve(t);
    const a = await join(t, invite);
    const controller = new AbortController();
    const b = await join(t, invite, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(take(b, 1), reason);
    assert.deepEqual(
      (await take(a, 2)).map(({ type }) => type),
      ['join', 'leave'],
    );
    await assert.rejects(joinRoom({ ...invite, signal: controller.signal }), reason);
  });

  test('is UNREACHABLE where nothing listens, and NOT_SIGNALING where something else does', async (t) => {
    const { server, invite } = await serve(t);
    const fake =
      (status: number, body: string): Fetch =>
      async () =>
        new Response(body, { status });
    await assert.rejects(joinRoom({ ...invite, fetch: fake(200, '<html>') }), code('NOT_SIGNALING'));
    await assert.rejects(joinRoom({ ...invite, fetch: fake(201, '{}') }), code('NOT_SIGNALING'));
    await assert.rejects(joinRoom({ ...invite, fetch: fake(404, 'none') }), code('NOT_SIGNALING'));
    await assert.rejects(joinRoom({ ...invite, fetch: fake(501, 'no POST') }), code('NOT_SIGNALING'));
    await assert.rejects(joinRoom({ ...invite, fetch: fake(502, 'bad gateway') }), code('UNREACHABLE'));
    await server.close();
    await assert.rejects(joinRoom(invite), code('UNREACHABLE'));
  });
});

/** A network that fails whenever `decide` says so: before the request, after it, or in the middle of a stream. */
function flakyFetch(decide: () => 'well' | 'before' | 'after' | 'cut'): Fetch {
  return async (url, init) => {
    if (url.endsWith('/members') || init.method === 'DELETE') return fetch(url, init);
    const fate = decide();
    if (fate === 'before') throw new TypeError('no route');
    const response = await fetch(url, init);
    const isStream = url.includes('/records?');
    if (fate === 'well' || !response.ok || (fate === 'after' && isStream)) return response;
    if (!isStream) {
      await response.body?.cancel();
      throw new TypeError('connection reset'); // the server has done it, the client does not know
    }
    let left = 250;
    const cutter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.slice(0, left));
        if ((left -= chunk.length) <= 0) controller.error(new TypeError('connection reset'));
      },
    });
    return new Response(response.body!.pipeThrough(cutter), { status: response.status });
  };
}

describe('reconnecting', () => {
  test('loses nothing and repeats nothing, wherever the network fails', async (t) => {
    const { invite } = await serve(t, { requestBurst: 100_000 });
    const fates = fc.array(fc.constantFrom('well', 'before', 'after', 'cut', 'cut'), {
      minLength: 1,
      maxLength: 12,
    });
    const run = async (sender: string[], receiver: string[]): Promise<void> => {
      const network = (list: string[]): Fetch => {
        const rest = [...list];
        return flakyFetch(() => (rest.shift() ?? 'well') as 'well');
      };
      const clock = hastyClock(10_000);
      const b = await joinRoom({ ...invite, fetch: network(receiver), clock });
      const a = await joinRoom({ ...invite, fetch: network(sender), clock });
      const sent = Array.from({ length: 30 }, (_, i) => `message ${i}`);
      for (const data of sent) await Promise.race([a.send(data, b.peer), Promise.resolve()]);
      const seen = (await take(b, 31)).filter(({ type }) => type === 'message');
      assert.deepEqual(dataOf(seen), sent);
      await Promise.all([a.close(), b.close()]);
    };
    await fc.assert(fc.asyncProperty(fates, fates, run), { numRuns: 60 });
  });

  test('waits longer each time, up to a limit, and gives up after `retryFor`', async (t) => {
    const { invite } = await serve(t);
    const clock = hastyClock(10_000);
    const room = await join(t, invite, {
      clock,
      retryFor: 60_000,
      random: () => 1,
      fetch: flakyFetch(() => 'before'),
    });
    await assert.rejects(take(room, 1), code('UNREACHABLE'));
    assert.deepEqual(clock.delays.slice(0, 9), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    assert.ok(clock.delays.length < 20);
    assert.equal(room.state, 'closed');
  });

  test('takes a stream that has been silent for three pings as broken', async (t) => {
    const { invite } = await serve(t, { pingInterval: 15_000 });
    const clock = new ManualClock();
    let streams = 0;
    const counting: Fetch = (url, init) => {
      if (url.includes('/records?')) streams++;
      return fetch(url, init);
    };
    const room = await join(t, invite, { fetch: counting, clock });
    const other = await join(t, invite);
    await other.send('one');
    assert.deepEqual(dataOf(await take(room, 2)), ['one']);
    clock.advance(44_999);
    assert.equal(room.state, 'connected');
    clock.advance(1);
    while (clock.running === 0) await new Promise(setImmediate); // until it waits to try again
    assert.equal(room.state, 'reconnecting');
    await other.send('two');
    clock.advance(100);
    assert.deepEqual(dataOf(await take(room, 1)), ['two']);
    assert.deepEqual([streams, room.state], [2, 'connected']);
  });

  test('ends with ROOM_REFUSED when the server has given the peer up', async (t) => {
    const { invite } = await serve(t);
    let session = '';
    const spying: Fetch = (url, init) => {
      session = (init.headers as Record<string, string>).Authorization!;
      return fetch(url, init);
    };
    const room = await join(t, invite, { fetch: spying, clock: hastyClock(10_000) });
    const path = `${invite.url}/rooms/${invite.room}/members/${room.peer}`;
    await fetch(path, { method: 'DELETE', headers: { Authorization: session } });
    await assert.rejects(take(room, 1), code('ROOM_REFUSED'));
  });

  test('ends with HISTORY_LOST when too much was said meanwhile', async (t) => {
    const { invite } = await serve(t, { roomRecords: 4 });
    const other = await join(t, invite);
    const gate = Promise.withResolvers<void>();
    const room = await join(t, invite, {
      fetch: (async (url, init) => {
        if (url.includes('/records?')) await gate.promise;
        return fetch(url, init);
      }) satisfies Fetch,
    });
    for (let i = 0; i < 5; i++) await other.send(i);
    gate.resolve();
    await assert.rejects(take(room, 1), code('HISTORY_LOST'));
  });
});

describe('an invitation', () => {
  const invite = { url: 'https://meet.example:8080/base', room: 'abcd2345', token: 'wxyz6789' };

  test('is one string, with the token where no server gets to see it', () => {
    assert.equal(formatInvite(invite), 'https://meet.example:8080/base/rooms/abcd2345#wxyz6789');
    assert.equal(new URL(formatInvite(invite)).pathname.includes(invite.token), false);
    assert.deepEqual(parseInvite(` ${formatInvite(invite)}\n`), invite);
    assert.deepEqual(
      parseInvite(formatInvite({ ...invite, url: 'http://[::1]:80/' })).url,
      'http://[::1]:80',
    );
  });

  test('anything else is refused', () => {
    for (const text of [
      '',
      'x',
      'ftp://h/rooms/a#b',
      'http://h/rooms/a',
      'http://h/a#b',
      'http://h/rooms/a#B!',
    ]) {
      assert.equal(isInvite(text), false);
      assert.throws(() => parseInvite(text), code('BAD_INVITE'));
    }
  });
});
