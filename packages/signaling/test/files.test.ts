import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startSignalingServer } from '../src/server.ts';

describe('files', () => {
  test('come from memory by path, with headers of one’s own; rooms are where they were', async (t) => {
    const files = new Map([
      ['/index.html', Buffer.from('<p>hello')],
      ['/deep/code.js', Buffer.from('1')],
    ]);
    const server = await startSignalingServer({ files, fileHeaders: { 'Content-Security-Policy': 'x' } });
    t.after(() => server.close());
    const cases = [
      ['/', 200, 'text/html; charset=utf-8', '<p>hello'],
      ['/deep/code.js?a', 200, 'text/javascript; charset=utf-8', '1'],
    ] as const;
    for (const [path, status, type, text] of cases) {
      const response = await fetch(server.url + path);
      const { headers } = response;
      assert.deepEqual(
        [response.status, headers.get('content-type'), headers.get('content-security-policy')],
        [status, type, 'x'],
      );
      assert.equal(await response.text(), text);
    }
    for (const path of ['/deep/', '/deep/../index', '/code.js'])
      assert.equal((await fetch(server.url + path)).status, 404, path);
    assert.equal((await fetch(`${server.url}/health`)).headers.get('content-security-policy'), null);
  });

  test('more than may be held in memory are refused', async () => {
    const files = new Map([['/a', new Uint8Array(64 * 1024 * 1024 + 1)]]);
    await assert.rejects(startSignalingServer({ files }), { code: 'BAD_OPTION' });
  });
});
