import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invocationOf } from '../src/invocation.ts';

test('a program says how it is started where it was started', () => {
  assert.equal(invocationOf('pipe', '/clone/examples/pipe/src/main.ts'), 'npm run -s pipe --');
  assert.equal(invocationOf('pipe', '/clone/node_modules/.bin/millrace-pipe'), 'npx millrace-pipe');
  assert.equal(invocationOf('pipe'), 'npm run -s pipe --');
});
