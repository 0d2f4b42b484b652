// Two servers with one Redis: one room on both.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRoom, joinRoom, type SignalingRoom } from '../src/client.ts';
import { startSignalingServer } from '../src/server.ts';
import { startRedis } from './backend/redis-server.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

/** A server in a process of its own, which can be killed. */
async function startNode(store: string): Promise<{ child: ChildProcess; url: string }> {
  const conditions = process.execArgv.filter((argument) => argument.startsWith('--c'));
  const child = spawn(process.execPath, [...conditions, CLI, '--port', '0', '--store', store]);
  const [line] = await once(child.stdout!, 'data');
  return { child, url: /http:\S+/.exec(String(line))![0] };
}

async function messages(room: SignalingRoom, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const event of room) {
    if (event.type === 'message') seen.push(event.data);
    if (seen.length === count) break;
  }
  return seen;
}

const redis = await startRedis();
after(() => redis?.stop());

if (!redis)
  test('Redis is not installed here (redis-server): servers that share rooms are not tested', () => {});
else {
  test('a room is the same on both: records are seen in order, wherever they were appended', async () => {
    await using a = await startSignalingServer({ store: redis.url });
    await using b = await startSignalingServer({ store: redis.url });
    const invite = await createRoom({ url: a.url });
    const [one, two, watching] = [
      await joinRoom(invite),
      await joinRoom({ ...invite, url: b.url }),
      await joinRoom({ ...invite, url: b.url }),
    ];
    const said = Array.from({ length: 100 }, (_, i) => i);
    const toOne = messages(one, 100);
    const seen = messages(watching, 200);
    await Promise.all(said.flatMap((i) => [one.send(`a${i}`), two.send(`b${i}`)]));
    const all = (await seen) as string[];
    for (const from of ['a', 'b'])
      assert.deepEqual(
        all.filter((each) => each.startsWith(from)),
        said.map((i) => `${from}${i}`),
      );
    assert.deepEqual(
      await toOne,
      said.map((i) => `b${i}`),
    );
    await Promise.all([one.close(), two.close(), watching.close()]);
  });

  test('a revocation on one is heard on the other, and ends the streams there', async () => {
    await using a = await startSignalingServer({ store: redis.url });
    await using b = await startSignalingServer({ store: redis.url });
    const { room, token } = await a.createRoom();
    const call = (url: string, method: string, secret: string): Promise<Response> =>
      fetch(`${url}/rooms/${room}${method === 'GET' ? '/records' : '/tokens'}`, {
        method,
        headers: { Authorization: `Bearer ${secret}` },
      });
    const guest = (await (await call(a.url, 'POST', token)).json()) as { id: string; token: string };
    assert.equal((await call(b.url, 'GET', guest.token)).status, 200);
    const stream = await fetch(`${b.url}/rooms/${room}/records`, {
      headers: { Authorization: `Bearer ${guest.token}`, Accept: 'text/event-stream' },
    });
    await fetch(`${a.url}/rooms/${room}/tokens/${guest.id}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.match(await stream.text(), /ROOM_REFUSED/); // the stream has ended
    assert.equal((await call(b.url, 'GET', guest.token)).status, 401);
  });

  test('a server that is killed in mid-stream: its clients go on at another, without loss or repetition', async () => {
    const [dying, living] = [await startNode(redis.url), await startNode(redis.url)];
    try {
      const invite = await createRoom({ url: living.url });
      const here = await joinRoom(invite);
      const there = await joinRoom({ ...invite, url: dying.url, alternatives: [living.url] });
      const said = Array.from({ length: 100 }, (_, i) => i);
      const [seenHere, seenThere] = [messages(here, 100), messages(there, 100)];
      const talk = async (room: SignalingRoom): Promise<void> => {
        for (const i of said) {
          await room.send(i);
          if (room === here && i === 50) dying.child.kill('SIGKILL');
        }
      };
      await Promise.all([talk(here), talk(there)]);
      assert.deepEqual(await seenHere, said);
      assert.deepEqual(await seenThere, said);
      assert.equal(dying.child.signalCode ?? 'SIGKILL', 'SIGKILL');
      await Promise.all([here.close(), there.close()]);
    } finally {
      for (const { child } of [dying, living]) child.kill('SIGKILL');
    }
  });

  test('while Redis is away requests are refused for now, and all goes on when it is back', async () => {
    await using own = (await startRedis())!;
    await using server = await startSignalingServer({ store: own.url });
    const health = async (): Promise<number> => (await fetch(`${server.url}/health`)).status;
    assert.equal(await health(), 200);
    await own.stop();
    while ((await health()) !== 503);
    await own.start();
    while ((await health()) !== 200);
    const room = await joinRoom(await createRoom({ url: server.url }));
    await room.send('still here', room.peer);
    assert.deepEqual(await messages(room, 1), ['still here']);
    await room.close();
  });
}
