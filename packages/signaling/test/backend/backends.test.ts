import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MemoryBackend } from '../../src/backend/memory.ts';
import { connectRedis } from '../../src/backend/redis.ts';
import { openSqlite } from '../../src/backend/sqlite.ts';
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
if (redis) conformance('Redis', () => connectRedis(redis.url, LIMITS, `t${prefixes++}:`));
else test('Redis is not installed here (redis-server): its backend is not tested', () => {});
