import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRoom, joinRoom } from '../src/client.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [
    ...process.execArgv.filter((arg) => arg.startsWith('--c')),
    CLI,
    ...args,
  ]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended };
}

describe('millrace-signaling', () => {
  test('prints its help and exits 0', async () => {
    const { code, stdout } = await run('--help').ended;
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: millrace-signaling/);
  });

  test('exits 2 with one line about wrong usage', async () => {
    for (const args of [['--nonsense'], ['--port', '70000'], ['--members', 'x'], ['stray']]) {
      const { code, stderr } = await run(...args).ended;
      assert.equal(code, 2);
      assert.match(stderr, /^millrace-signaling: .+\nTry --help\.\n$/);
    }
  });

  test('goes on when nobody reads what it says', async () => {
    const { child, ended } = run('--port', '0', '--verbose');
    const [line] = await once(child.stdout!, 'data');
    child.stdout!.destroy();
    child.stderr!.destroy();
    const url = /http:\S+/.exec(String(line))![0];
    for (let i = 0; i < 3; i++) await createRoom({ url }); // each is a line
    child.kill('SIGINT');
    assert.equal((await ended).code, 0);
  });

  test('exits 1 with one line when its port is taken', async () => {
    const first = run('--port', '0');
    const [line] = await once(first.child.stdout!, 'data');
    const { code, stderr } = await run('--port', new URL(/http:\S+/.exec(String(line))![0]).port).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^millrace-signaling: .*EADDRINUSE.*\n$/);
    first.child.kill('SIGTERM');
    await first.ended;
  });

  test('serves until it is told to stop, then exits 0', async () => {
    const { child, ended } = run('--port', '0', '--verbose');
    const [line] = await once(child.stdout!, 'data');
    const url = /http:\S+/.exec(String(line))![0];
    const room = await joinRoom(await createRoom({ url }));
    await room.send('to myself', room.peer);
    await room[Symbol.asyncIterator]().next(); // it reads
    child.kill('SIGTERM');
    await assert.rejects(room.closed, { code: 'SERVER_CLOSED' });
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.equal(stderr, 'room created\nmember entered\n');
  });
});
