import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drawKey, isKey } from '../src/api-keys/key.ts';
import { KeyCheck, type KeySource } from '../src/api-keys/key-check.ts';
import { LIMITS } from '../src/options.ts';

class Source implements KeySource {
  readonly hashes = new Map<string, Uint8Array>();
  changes = 0;
  pending = Promise.withResolvers<void>();

  constructor() {
    this.pending.resolve();
  }

  version(): string {
    return String(this.changes);
  }

  async read(): Promise<Map<string, Uint8Array>> {
    const hashes = new Map(this.hashes);
    await this.pending.promise;
    return hashes;
  }
}

function withKeys(count: number): { source: Source; keys: string[]; check: KeyCheck; at: { now: number } } {
  const source = new Source();
  const keys = Array.from({ length: count }, () => {
    const { id, hash, key } = drawKey();
    source.hashes.set(id, hash);
    return `Bearer ${key}`;
  });
  const at = { now: 0 };
  return { source, keys, check: new KeyCheck(source, () => at.now), at };
}

describe('API keys', () => {
  test('a malformed key is refused without any look-up', () => {
    const { check } = withKeys(1);
    const { key } = drawKey();
    for (const text of [
      '',
      'x',
      key.slice(1),
      `${key}a`,
      `${key.slice(0, -1)}0`,
      key.toUpperCase(),
      'é'.repeat(43),
    ])
      assert.equal(isKey(text), false, text);
    assert.equal(check.check(undefined), 'NO_KEY');
    assert.equal(check.check('Basic abc'), 'NO_KEY');
    assert.equal(check.check('Bearer abc'), 'WRONG_KEY');
    assert.equal(check.reads, 0);
  });

  test('those who ask at once share one reading, and later ones need none until it is too old', async () => {
    const { check, keys, at } = withKeys(1);
    const asked = Array.from({ length: 10 }, () => check.check(keys[0]));
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['ok']));
    assert.equal(check.check(keys[0]), 'ok');
    assert.equal(check.reads, 1);
    at.now = LIMITS.rememberedMillis;
    assert.equal(await check.check(keys[0]), 'ok');
    assert.equal(check.reads, 2);
  });

  test('the right id with another secret is wrong, remembered or not', async () => {
    const { check, keys } = withKeys(1);
    const other = keys[0]!.slice(0, -1) + (keys[0]!.endsWith('a') ? 'b' : 'a');
    assert.equal(await check.check(other), 'WRONG_KEY');
    assert.equal(check.check(keys[0]), 'ok');
    assert.equal(check.check(other), 'WRONG_KEY');
  });

  test('a key taken away while it is looked up is refused', async () => {
    const { check, keys, source } = withKeys(1);
    source.pending = Promise.withResolvers();
    const early = check.check(keys[0]);
    source.hashes.clear();
    source.changes++;
    source.pending.resolve();
    const late = check.check(keys[0]);
    assert.deepEqual(
      [await early, await late, check.check(keys[0])],
      ['WRONG_KEY', 'WRONG_KEY', 'WRONG_KEY'],
    );
  });

  test(`no more than ${LIMITS.rememberedKeys} are remembered, those used last`, async () => {
    const { check, keys } = withKeys(LIMITS.rememberedKeys + 1);
    for (const key of keys.slice(0, -1)) await check.check(key);
    assert.equal(check.check(keys[0]), 'ok');
    assert.equal(await check.check(keys.at(-1)), 'ok');
    assert.equal(check.size, LIMITS.rememberedKeys);
    assert.equal(check.check(keys[0]), 'ok');
    assert.ok(check.check(keys[1]) instanceof Promise);
  });
});
