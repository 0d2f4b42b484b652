import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MemoryBackend } from '../../src/backend/memory.ts';
import { connectRedis } from '../../src/backend/redis.ts';
import { openSqlite } from '../../src/backend/sqlite.ts';
import { packRecords } from '../../src/records/entry.ts';
import { conformance, LIMITS } from './conformance.ts';
import { startRedis } from './redis-server.ts';

conformance('memory', async () => new MemoryBackend(LIMITS));

const folder = mkdtempSync(join(tmpdir(), 'millrace-rooms-'));
let files = 0;
after(() => rmSync(folder, { recursive: true }));
conformance('SQLite', () => openSqlite(join(folder, `${files++}.db`), LIMITS));

const redis = await startRedis();
after(() => redis?.stop());
let prefixes = 0;
if (redis) {
  conformance('Redis', () => connectRedis(redis.url, LIMITS, `t${prefixes++}:`));

  test('Redis: records that somebody else has removed, as an eviction does, are told as dropped', async () => {
    const { createClient } = await import('@redis/client');
    const client = await createClient({ url: redis.url }).connect();
    const backend = await connectRedis(redis.url, LIMITS, 'evicted:');
    const owner = { id: 'o', role: 'owner', hash: new Uint8Array(32) } as const;
    const now = Date.now();
    await backend.createRoom('a', owner, now);
    const bytes = packRecords([{ headers: [], body: 'x' }]);
    for (let i = 0; i < 3; i++) await backend.append('a', { count: 1, bytes }, {}, now);
    const oldest = async (): Promise<number | undefined> =>
      (await backend.read('a', 0, { count: 9, bytes: 999 }, now))?.oldest;
    assert.equal(await oldest(), 0);
    await client.xTrim('evicted:a:log', 'MAXLEN', 1);
    assert.equal(await oldest(), 2);
    await client.del('evicted:a:log');
    assert.equal(await oldest(), 3);
    await backend.append('a', { count: 1, bytes }, {}, now);
    assert.equal(await oldest(), 3);
    const many = packRecords(Array.from({ length: 18 }, () => ({ headers: [], body: 'y' })));
    await backend.append('a', { count: 18, bytes: many }, {}, now);
    assert.equal(await oldest(), 4);
    await backend.close();
    client.destroy();
  });

  test('Redis: who begins to follow a room while the subscriptions are away hears of it when they are back', async () => {
    const { createClient } = await import('@redis/client');
    const client = await createClient({ url: redis.url }).connect();
    const backend = await connectRedis(redis.url, LIMITS, 'deaf:');
    await backend.createRoom('a', { id: 'o', role: 'owner', hash: new Uint8Array(32) }, Date.now());
    const until = async (hears: boolean): Promise<void> => {
      while (backend.hearsRevocations !== hears) await new Promise(setImmediate);
    };
    await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(false);
    let news = Promise.withResolvers<void>();
    const stop = backend.follow('a', () => news.resolve());
    await until(true);
    while (Number((await client.pubSubNumSub(['deaf:news:a']))['deaf:news:a']) === 0) await news.promise;
    news = Promise.withResolvers();
    const bytes = packRecords([{ headers: [], body: 'x' }]);
    await backend.append('a', { count: 1, bytes }, {}, Date.now());
    await news.promise;
    stop();
    await backend.close();
    client.destroy();
  });
} else test('Redis is not installed here (redis-server): its backend is not tested', () => {});
