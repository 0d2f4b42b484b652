import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNameplate, enterByNameplate, joinRoom, removeRoom } from '../src/client.ts';
import { drawNameplates, isNameplate, roomOf } from '../src/tokens/nameplate.ts';
import { isWord, ROOM_LENGTH } from '../src/tokens/token.ts';
import { call, serve } from './http.ts';

describe('a nameplate', () => {
  test('leads whoever says it to one room, until that is removed', async (t) => {
    const server = await serve(t);
    const owner = await createNameplate({ url: server.url });
    assert.match(owner.nameplate, /^[1-9]$/);
    const host = await joinRoom(owner);
    const guest = await joinRoom(await enterByNameplate({ url: server.url, nameplate: owner.nameplate }));
    assert.deepEqual([...guest.peers], [host.peer]);
    await guest.close();
    await host.close();
    await removeRoom(owner);
    const entering = enterByNameplate({ url: server.url, nameplate: owner.nameplate });
    await assert.rejects(entering, { code: 'NO_SUCH_NAMEPLATE' });
  });

  test('gives a guest no right of the owner’s', async (t) => {
    const server = await serve(t);
    const { nameplate } = await createNameplate({ url: server.url });
    const guest = await enterByNameplate({ url: server.url, nameplate });
    await assert.rejects(removeRoom(guest), { code: 'NOT_ALLOWED' });
  });

  test('is longer when the short ones are taken, and of each there is one', async (t) => {
    const server = await serve(t);
    const all = await Promise.all(Array.from({ length: 40 }, () => server.createNameplate()));
    const numbers = all.map(({ nameplate }) => nameplate);
    assert.equal(new Set(numbers).size, 40);
    assert.ok(
      numbers.some((each) => each.length > 1) && numbers.every((each) => each.length <= 4),
      String(numbers),
    );
  });

  test('has caps: rooms, tokens of a room, and who may create', async (t) => {
    const server = await serve(t, { rooms: 1, tokensPerRoom: 3 });
    const { nameplate, room, token } = await server.createNameplate();
    assert.equal((await call(`${server.url}/nameplates`, 'POST')).body.error, 'ROOMS_FULL');
    for (let i = 0; i < 2; i++)
      assert.equal((await call(`${server.url}/nameplates/${nameplate}`, 'POST')).status, 201);
    const third = await call(`${server.url}/nameplates/${nameplate}`, 'POST');
    assert.deepEqual([third.status, third.body.error], [409, 'TOKENS_FULL']);
    assert.equal((await call(`${server.url}/rooms/${room}`, 'DELETE', token)).status, 204);
    const closed = await serve(t, { openRooms: false });
    assert.equal((await call(`${closed.url}/nameplates`, 'POST')).body.error, 'CREATION_REFUSED');
    const own = await closed.createNameplate();
    assert.equal((await call(`${closed.url}/nameplates/${own.nameplate}`, 'POST')).status, 201);
  });

  test('that is none is answered with 404, and another method with 405', async (t) => {
    const server = await serve(t);
    for (const none of ['0', '07', '1234567', 'x', '%00', '', '-1', '1e3', '5'])
      assert.equal(
        (await call(`${server.url}/nameplates/${none}`, 'POST')).body.error,
        'NO_SUCH_NAMEPLATE',
        none,
      );
    assert.equal((await call(`${server.url}/nameplates/1/2`, 'POST')).status, 404);
    for (const path of ['nameplates', 'nameplates/1'])
      assert.equal((await call(`${server.url}/${path}`, 'GET')).status, 405);
  });

  test('has a room of its own, whose name is one', () => {
    const numbers = ['1', '31', '32', '33', '1024', '999999'];
    const rooms = numbers.map(roomOf);
    assert.equal(new Set(rooms).size, numbers.length);
    for (const room of rooms) assert.ok(isWord(room, ROOM_LENGTH), room);
    for (const number of drawNameplates()) assert.ok(isNameplate(number));
  });
});
