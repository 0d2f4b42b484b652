import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drops } from '../src/drops.ts';

describe('drops', () => {
  test('have every reason from the start, and count each by itself', () => {
    const drops = new Drops(['too-short', 'bad-checksum']);
    assert.deepEqual({ ...drops.counts }, { 'too-short': 0, 'bad-checksum': 0 });
    drops.count('too-short');
    drops.count('too-short');
    drops.count('bad-checksum');
    assert.deepEqual({ ...drops.counts }, { 'too-short': 2, 'bad-checksum': 1 });
    assert.equal(drops.total, 3);
  });
});
