// The program as its users start it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function run(t: TestContext, ...args: string[]) {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', MAIN, ...args]);
  t.after(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended };
}

describe('the forwarder', () => {
  test('prints its help, and exits 2 on wrong usage', async (t) => {
    const { code, stdout } = await run(t, '--help').ended;
    assert.deepEqual([code, stdout.split('\n', 1)[0]], [0, 'Usage: npm run forwarder -- [options]']);
    for (const args of [['--port', '65536'], ['--nonsense'], ['stray']]) {
      const wrong = await run(t, ...args).ended;
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /^forwarder: .+\nTry --help\.\n$/);
    }
  });

  test('serves its pages until Ctrl-C, and says so when its port is taken', async (t) => {
    const { child, ended } = run(t, '--port', '0');
    const [line] = await once(child.stdout, 'data');
    const url = new URL(/http:\S+/.exec(String(line))![0]);
    assert.match(await (await fetch(url)).text(), /<title>forwarder/);
    const second = await run(t, '--port', url.port).ended;
    assert.deepEqual([second.code, second.stdout], [1, '']);
    assert.match(second.stderr, /^forwarder: .*EADDRINUSE.*\n$/);
    child.kill('SIGINT');
    assert.equal((await ended).code, 0);
  });
});
