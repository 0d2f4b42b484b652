// What is kept of servers' names and answers, in virtual time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAPPING_FRESH_FOR, type Mapping, MappingCache } from '../../src/servers/mapping-cache.ts';
import { MAX_NAMES, NAME_FAILED_FOR, NAME_FRESH_FOR, NameCache } from '../../src/servers/name-cache.ts';

describe('the names of servers', () => {
  test('are resolved once for all that ask at the same time, and again when the answer is old', async () => {
    let now = 0;
    const asked: string[] = [];
    const cache = new NameCache(
      async (host) => {
        asked.push(host);
        return ['192.0.2.1'];
      },
      () => now,
    );
    const all = await Promise.all(['a.example', 'A.EXAMPLE', 'a.example'].map((name) => cache.resolve(name)));
    assert.deepEqual(all, [['192.0.2.1'], ['192.0.2.1'], ['192.0.2.1']]);
    now = NAME_FRESH_FOR - 1;
    await cache.resolve('a.example');
    assert.deepEqual(asked, ['a.example']);
    now = NAME_FRESH_FOR;
    await cache.resolve('a.example');
    assert.equal(asked.length, 2);
  });

  test('that stand for nothing are asked again soon', async () => {
    let now = 0;
    let asked = 0;
    const cache = new NameCache(
      () => {
        asked++;
        return Promise.reject(new Error('ENOTFOUND'));
      },
      () => now,
    );
    for (let i = 0; i < 3; i++) await assert.rejects(cache.resolve('none.example'), /ENOTFOUND/);
    assert.equal(asked, 1);
    now = NAME_FAILED_FOR;
    await assert.rejects(cache.resolve('none.example'), /ENOTFOUND/);
    assert.equal(asked, 2);
  });

  test('that are addresses are not asked for', async () => {
    const cache = new NameCache(
      () => assert.fail('asked'),
      () => 0,
    );
    assert.deepEqual(await cache.resolve('2001:db8::1'), ['2001:db8::1']);
    assert.deepEqual(await cache.resolve('192.0.2.1'), ['192.0.2.1']);
  });

  test(`are kept up to ${MAX_NAMES}; one more and the oldest goes`, async () => {
    const asked: string[] = [];
    const cache = new NameCache(
      async (host) => {
        asked.push(host);
        return [];
      },
      () => 0,
    );
    for (let i = 0; i <= MAX_NAMES; i++) await cache.resolve(`${i}.example`);
    assert.equal(cache.size, MAX_NAMES);
    await cache.resolve(`${MAX_NAMES}.example`);
    assert.equal(asked.length, MAX_NAMES + 1);
    await cache.resolve('0.example');
    assert.equal(asked.length, MAX_NAMES + 2);
  });
});

describe('RFC 8445 §5.1.1.2 what a STUN server says of a socket', () => {
  const server = { address: '192.0.2.1', port: 3478 };
  const mapped: Mapping = { mapped: { address: '203.0.113.5', port: 4_000 } };

  test('holds for that socket and that server, for a moment', async () => {
    let now = 0;
    let asked = 0;
    const cache = new MappingCache(() => now);
    const [one, other] = [{}, {}];
    const ask = async (): Promise<Mapping> => {
      asked++;
      return mapped;
    };
    assert.equal(await cache.of(one, server, false, ask), mapped);
    assert.equal(await cache.of(one, { ...server }, false, ask), mapped);
    assert.equal(asked, 1);
    await cache.of(other, server, false, ask);
    await cache.of(one, { ...server, port: 3479 }, false, ask);
    assert.equal(asked, 3, 'another socket or server');
    await cache.of(one, server, true, ask);
    assert.equal(asked, 4, 'a path in trouble');
    now = MAPPING_FRESH_FOR;
    await cache.of(one, server, false, ask);
    assert.equal(asked, 5, 'old');
  });

  test('is asked once by all that want it at the same time', async () => {
    let asked = 0;
    const cache = new MappingCache(() => 0);
    const { promise, resolve } = Promise.withResolvers<Mapping>();
    const socket = {};
    const all = Array.from({ length: 1_000 }, (_, i) =>
      cache.of(socket, server, i % 2 === 0, () => {
        asked++;
        return promise;
      }),
    );
    resolve(mapped);
    assert.ok((await Promise.all(all)).every((answer) => answer === mapped));
    assert.equal(asked, 1);
  });

  test('is asked anew where whoever asked has left, or was refused', async () => {
    const cache = new MappingCache(() => 0);
    const socket = {};
    const first = Promise.withResolvers<undefined>();
    let asked = 0;
    const left = cache.of(socket, server, false, () => first.promise);
    const waiting = [1, 2, 3].map(() =>
      cache.of(socket, server, false, async () => {
        asked++;
        return mapped;
      }),
    );
    first.resolve(undefined);
    assert.equal(await left, undefined);
    assert.deepEqual(await Promise.all(waiting), [mapped, mapped, mapped]);
    assert.equal(asked, 1);
    const refusal: Mapping = { error: { code: 500, reason: '' } };
    const refused = await cache.of({}, server, false, async () => refusal);
    assert.equal(refused, refusal);
    assert.equal(await cache.of(socket, server, true, async () => refusal), refusal);
    assert.equal(await cache.of(socket, server, false, async () => mapped), mapped, 'no failure is kept');
  });
});
