import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredToken } from '../src/backend/backend.ts';
import { drawToken, idOf, isToken, matches } from '../src/tokens/token.ts';
import { TokenCache } from '../src/tokens/token-cache.ts';

const stored = (id: string): StoredToken => ({ id, role: 'guest', hash: new Uint8Array(32) });

describe('a token', () => {
  test('is found by its id and proved by the rest', () => {
    const { id, hash, token } = drawToken();
    assert.equal(idOf(token), id);
    assert.equal(matches(hash, token), true);
    assert.equal(matches(hash, drawToken().token), false);
    assert.equal(token.length * 5 - id.length * 5, 160);
  });

  test('garbage is no token', () => {
    for (const text of [
      '',
      'a',
      'a'.repeat(39),
      'a'.repeat(41),
      `${'a'.repeat(39)}l`,
      `${'a'.repeat(39)}A`,
      'é'.repeat(40),
    ])
      assert.equal(isToken(text), false);
    assert.equal(isToken(drawToken().token), true);
  });
});

describe('the cache of tokens', () => {
  test('concurrent misses share one look-up, and what was found is remembered for its life', async () => {
    let lookUps = 0;
    const answer = Promise.withResolvers<StoredToken | undefined>();
    const lookUp = (): Promise<StoredToken | undefined> => {
      lookUps++;
      return answer.promise;
    };
    const cache = new TokenCache(lookUp, { entries: 10, life: 100 });
    const all = [cache.find('r', 'a', 0), cache.find('r', 'a', 0), cache.find('r', 'a', 0)];
    answer.resolve(stored('a'));
    assert.deepEqual(await Promise.all(all), [stored('a'), stored('a'), stored('a')]);
    assert.equal(lookUps, 1);
    assert.deepEqual(cache.peek('r', 'a', 99), stored('a'));
    assert.equal(cache.peek('r', 'a', 100), undefined);
    assert.deepEqual([cache.hits, cache.misses], [1, 1]);
  });

  test('that there is none is remembered too', async () => {
    const cache = new TokenCache(() => Promise.resolve(undefined), { entries: 10, life: 100 });
    assert.equal(await cache.find('r', 'a', 0), undefined);
    assert.equal(cache.peek('r', 'a', 1), null);
  });

  test('holds so many and no more: who was not asked for longest goes', async () => {
    const cache = new TokenCache((_, id) => Promise.resolve(stored(id)), { entries: 2, life: 100 });
    for (const id of ['a', 'b']) await cache.find('r', id, 0);
    cache.peek('r', 'a', 0);
    await cache.find('r', 'c', 0);
    assert.equal(cache.size, 2);
    assert.deepEqual([cache.peek('r', 'a', 0)?.id, cache.peek('r', 'b', 0)], ['a', undefined]);
  });

  test('a revocation is not undone by a look-up that began before it', async () => {
    const answers = [
      Promise.withResolvers<StoredToken | undefined>(),
      Promise.withResolvers<StoredToken | undefined>(),
    ];
    let asked = 0;
    const cache = new TokenCache(() => answers[asked++]!.promise, { entries: 10, life: 100 });
    const found = cache.find('r', 'a', 0);
    cache.forget('r', 'a');
    answers[0]!.resolve(stored('a'));
    answers[1]!.resolve(undefined);
    assert.equal(await found, undefined);
    assert.equal(asked, 2);
  });

  test('a room, or all, can be forgotten at once', async () => {
    const cache = new TokenCache((_, id) => Promise.resolve(stored(id)), { entries: 10, life: 100 });
    for (const room of ['r', 's', 't']) await cache.find(room, 'a', 0);
    cache.forget('r', undefined);
    assert.deepEqual(
      ['r', 's'].map((room) => cache.peek(room, 'a', 0)?.id),
      [undefined, 'a'],
    );
    cache.forget(undefined, undefined);
    assert.equal(cache.size, 0);
  });

  test('a failed look-up is not remembered', async () => {
    let fails = true;
    const cache = new TokenCache(
      () => (fails ? Promise.reject(new Error('down')) : Promise.resolve(stored('a'))),
      {
        entries: 10,
        life: 100,
      },
    );
    await assert.rejects(cache.find('r', 'a', 0));
    fails = false;
    assert.deepEqual(await cache.find('r', 'a', 0), stored('a'));
  });
});
