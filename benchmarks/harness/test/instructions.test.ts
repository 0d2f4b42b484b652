import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCallgrind, readPerf } from '../src/runner/index.ts';

describe('instruction counts', () => {
  test('are read from what perf stat prints', () => {
    assert.equal(readPerf('123456,,instructions:u,1000,100.00,,\n'), 123456);
  });

  test('are none where the machine has no counter', () => {
    assert.equal(readPerf('<not supported>,,instructions:u,0,100.00,,\n'), undefined);
    assert.equal(readPerf(''), undefined);
  });

  test('are read from what callgrind prints', () => {
    assert.equal(readCallgrind('==1== Events    : Ir\n==1== Collected : 106735826\n'), 106735826);
  });
});
