import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeanMap, LeanSet } from '@millrace/sans-io';
import fc from 'fast-check';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const operations = fc.array(
  fc.record({ kind: fc.constantFrom('set', 'delete', 'clear'), key: fc.integer({ min: 0, max: 3 }) }),
  { maxLength: 40 },
);

test(`a LeanMap answers as a Map does (SEED=${SEED})`, () => {
  fc.assert(
    fc.property(operations, (all) => {
      const lean = new LeanMap<number, string>();
      const map = new Map<number, string>();
      for (const [i, { kind, key }] of all.entries()) {
        if (kind === 'set') {
          lean.set(key, `${i}`);
          map.set(key, `${i}`);
        } else if (kind === 'delete') assert.equal(lean.delete(key), map.delete(key));
        else {
          lean.clear();
          map.clear();
        }
        assert.deepEqual([...lean], [...map]);
        assert.deepEqual([...lean.keys()], [...map.keys()]);
        assert.deepEqual([...lean.values()], [...map.values()]);
        assert.equal(lean.size, map.size);
        assert.deepEqual([lean.has(key), lean.get(key)], [map.has(key), map.get(key)]);
      }
    }),
    { seed: SEED },
  );
});

test(`a LeanSet answers as a Set does (SEED=${SEED})`, () => {
  fc.assert(
    fc.property(operations, (all) => {
      const lean = new LeanSet<number>();
      const set = new Set<number>();
      for (const { kind, key } of all) {
        if (kind === 'set') {
          lean.add(key);
          set.add(key);
        } else if (kind === 'delete') assert.equal(lean.delete(key), set.delete(key));
        else {
          lean.clear();
          set.clear();
        }
        assert.deepEqual([...lean], [...set]);
        assert.equal(lean.size, set.size);
        assert.equal(lean.has(key), set.has(key));
      }
    }),
    { seed: SEED },
  );
});

test('entries removed while they are gone through are not met, as of a Map', () => {
  const lean = new LeanMap<number, number>();
  for (let i = 0; i < 4; i++) lean.set(i, i);
  const met: number[] = [];
  for (const [key] of lean) {
    met.push(key);
    for (let i = 0; i < 4; i++) lean.delete(i);
  }
  assert.deepEqual(met, [0]);
});
