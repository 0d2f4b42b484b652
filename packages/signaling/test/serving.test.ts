// What a server is besides its API: HTTPS, static files, and rooms that end when nobody uses them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exportCertificate, RTCPeerConnection } from 'millrace';
import { startSignalingServer } from '../src/server.ts';
import { ManualClock } from './clocks.ts';
import { call, enter, makeRoom, pass, serve } from './http.ts';

test('with a certificate the server speaks HTTPS', async (t) => {
  const certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' });
  const { certificate: cert, privateKey: key } = exportCertificate(certificate);
  const server = await serve(t, { tls: { cert, key } });
  assert.match(server.url, /^https:/);
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string]>();
  const sent = request(`${server.url}/health`, { rejectUnauthorized: false, agent: false }, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += chunk)).on('end', () => resolve([response.statusCode, text]));
  });
  sent.on('error', reject).end();
  assert.deepEqual(await promise, [200, '{"status":"ok","store":"memory"}']);
});

test('what is no certificate with its key is refused before anything is opened', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = join(folder, 'rooms.db');
  const tls = { cert: 'x', key: 'y' };
  await assert.rejects(startSignalingServer({ store, tls }), { code: 'BAD_OPTION' });
  assert.throws(() => statSync(store), { code: 'ENOENT' });
});

test('files of a folder are served, and nothing else however a path is spelt', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'public/deep'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'public/index.html'), '<p>hello');
  writeFileSync(join(folder, 'public/deep/code.js'), 'let a;');
  const { url, port } = await serve(t, { files: join(folder, 'public') });
  const page = await fetch(`${url}/`);
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.equal(await page.text(), '<p>hello');
  assert.equal(await (await fetch(`${url}/deep/code.js?x=1`)).text(), 'let a;');
  assert.equal((await call(`${url}/health`, 'GET')).status, 200);
  const { connect } = await import('node:net');
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/deep/../../secret.txt',
    '//secret.txt',
    '/deep',
  ]) {
    const socket = connect(port, '127.0.0.1');
    socket.end(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let seen = '';
    for await (const chunk of socket) seen += chunk;
    assert.match(seen, /^HTTP\/1\.1 404 /, path);
  }
});

test('a room that nobody uses is removed; one with a member, or that is read, is not', async (t) => {
  const clock = new ManualClock();
  const server = await serve(t, { clock, roomIdle: 60_000, memberTimeout: 200_000 });
  const [idle, peopled, read] = [await makeRoom(server), await makeRoom(server), await makeRoom(server)];
  await enter(peopled);
  const status = async (room: typeof idle): Promise<number> =>
    (await call(`${room.url}/records`, 'GET', room.token)).status;
  for (let i = 0; i < 3; i++) {
    await pass(clock, 30_000);
    assert.equal(await status(read), 200);
  }
  assert.deepEqual([await status(idle), await status(peopled), await status(read)], [401, 200, 200]);
  await pass(clock, 62_000);
  assert.equal(await status(read), 401);
});

test('rooms in a file outlive the server', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = join(folder, 'rooms.db');
  const first = await startSignalingServer({ store });
  const { room, token } = await first.createRoom();
  await call(`${first.url}/rooms/${room}/records`, 'POST', token, { body: 'kept' });
  await first.close();
  await using second = await startSignalingServer({ store });
  const { body } = await call(`${second.url}/rooms/${room}/records`, 'GET', token);
  assert.equal(body.records[0].body, 'kept');
  await assert.rejects(startSignalingServer({ store }), { code: 'STORE_FAILED' }); // one process at a time
});

test('the file of rooms is for its owner alone, and so is what SQLite puts beside it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = join(folder, 'rooms.db');
  await using server = await startSignalingServer({ store });
  await server.createRoom();
  for (const name of ['', '-wal']) assert.equal(statSync(`${store}${name}`).mode & 0o777, 0o600);
});

test('a file of version 1 is taken over, one of a later version is left alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = join(folder, 'rooms.db');
  const first = await startSignalingServer({ store });
  const { room, token } = await first.createRoom();
  await first.close();
  const alter = (sql: string): void => {
    const database = new DatabaseSync(store);
    database.exec(sql);
    database.close();
  };
  alter('ALTER TABLE tokens DROP COLUMN admitted_by; PRAGMA user_version = 1');
  const second = await startSignalingServer({ store });
  assert.equal((await call(`${second.url}/rooms/${room}/members`, 'POST', token)).status, 201);
  await second.close();
  alter('PRAGMA user_version = 3');
  await assert.rejects(startSignalingServer({ store }), { code: 'STORE_VERSION' });
});

test('a file that can’t be written is 503 for who appends, and is still read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = join(folder, 'rooms.db');
  const first = await startSignalingServer({ store });
  const { room, token } = await first.createRoom();
  await call(`${first.url}/rooms/${room}/records`, 'POST', token, { body: 'kept' });
  await first.close();
  const database = new DatabaseSync(store);
  for (const [name, what] of [
    ['insert', 'INSERT ON entries'],
    ['update', 'UPDATE ON rooms'],
  ])
    database.exec(`CREATE TRIGGER full_${name} BEFORE ${what} BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
  database.close();
  await using second = await startSignalingServer({ store });
  const url = `${second.url}/rooms/${room}/records`;
  const refused = await call(url, 'POST', token, { body: 'lost' });
  assert.deepEqual([refused.status, refused.body.error], [503, 'STORE_FAILED']);
  const { body } = await call(url, 'GET', token);
  assert.deepEqual([body.records.length, body.tail.seq_num], [1, 1]);
  assert.equal((await call(`${second.url}/health`, 'GET')).status, 200); // other writes succeed
});

test('a room of an earlier server is made again for those who have its key, and no other in its place', async (t) => {
  const first = await serve(t);
  const key = await first.createRoom();
  await assert.rejects(first.createRoom(key), { code: 'BAD_REQUEST' });
  await first.close();
  const second = await serve(t, { rooms: 1, openRooms: false });
  const { room, token } = key;
  for (const wrong of [
    { room, token: token.slice(1) },
    { room: `${room}a`, token },
    { room: 'A'.repeat(16), token },
  ])
    await assert.rejects(second.createRoom(wrong), { code: 'BAD_REQUEST' });
  assert.deepEqual(await second.createRoom(key), key);
  assert.equal((await call(`${second.url}/rooms/${room}/members`, 'POST', token)).status, 201);
  const other = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
  assert.equal((await call(`${second.url}/rooms/${room}/members`, 'POST', other)).status, 401);
  await assert.rejects(second.createRoom(), { code: 'ROOMS_FULL' });
});
