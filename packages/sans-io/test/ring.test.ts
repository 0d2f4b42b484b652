import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Ring } from '../src/ring.ts';

describe('a ring', () => {
  test('behaves as an array with push and shift, whatever is done to it', () => {
    const operation = fc.oneof(
      { weight: 50, arbitrary: fc.nat(1000).map((value) => ({ push: value })) },
      { weight: 40, arbitrary: fc.constant({ shift: true }) },
      { weight: 10, arbitrary: fc.integer({ min: -2, max: 12 }).map((index) => ({ at: index })) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    );
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 300 }),
        fc.integer({ min: 0, max: 9 }),
        (operations, capacity) => {
          const ring = new Ring<number>(capacity);
          const model: number[] = [];
          for (const each of operations) {
            if ('push' in each) {
              ring.push(each.push);
              model.push(each.push);
            } else if ('at' in each) assert.equal(ring.at(each.at), each.at < 0 ? undefined : model[each.at]);
            else if ('clear' in each) {
              ring.clear();
              model.length = 0;
            } else assert.equal(ring.shift(), model.shift());
            assert.equal(ring.length, model.length);
          }
        },
      ),
    );
  });

  test('keeps nothing alive that has left it', () => {
    const ring = new Ring<object>(2);
    ring.push({});
    ring.shift();
    ring.push({ second: true });
    assert.equal(ring.at(1), undefined);
    assert.deepEqual(ring.at(0), { second: true });
  });
});
