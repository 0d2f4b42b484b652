import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** So much that it is under way for as long as a test may take. */
const LONG = ['--size', '64', '--pings', '1000000'];
const PROCESSES = /Two processes, (\d+ and \d+),/;

/** Runs the demo with a temporary directory of its own, which must be empty when it has ended. */
async function workplace(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const temporary = await mkdtemp(join(directory, 'tmp-'));
  const run = (...args: string[]): Command => {
    const command = new Command(MAIN, args, directory, { TMPDIR: temporary });
    t.after(() => command.child.kill('SIGKILL'));
    return command;
  };
  const assertClean = async (): Promise<void> => assert.deepEqual(await readdir(temporary), []);
  return { directory, run, assertClean };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const pids = async (demo: Command): Promise<[sender: number, receiver: number]> =>
  (await demo.printed(PROCESSES)).split(' and ').map(Number) as [number, number];

describe('the demo', () => {
  test('sends a generated file, verifies it, prints the numbers and exits 0', async (t) => {
    const { run, assertClean } = await workplace(t);
    const { code, stdout, stderr } = await run('--size', '2', '--pings', '200').ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Verified +SHA-256\n +[0-9a-f]{64}\n/);
    assert.match(
      stdout,
      /Time to open +[\d.]+ ms\n +gather [\d.]+ \+ signaling [\d.]+ \+ ICE [\d.]+ \+ DTLS [\d.]+ \+ SCTP [\d.]+ \+ channel [\d.]+\n/,
    );
    assert.match(stdout, /Throughput +\d+ Mbit\/s \(2\.00 MiB in /);
    assert.match(stdout, /Round trip +p50 [\d.]+ ms, p99 [\d.]+ ms, p99\.9 [\d.]+ ms \(200 of 1 KiB\)\n/);
    assert.match(stderr, /Sending 100% /);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    await assertClean();
  });

  test('sends a file of the user and leaves it where it is', async (t) => {
    const { directory, run, assertClean } = await workplace(t);
    await writeFile(join(directory, 'my file.txt'), 'hello');
    const { code, stdout, stderr } = await run('my file.txt', '--pings', '10').ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Verified +SHA-256\n +2cf24dba5fb0a30e/);
    assert.ok((await readdir(directory)).includes('my file.txt'));
    await assertClean();
  });

  for (const [index, name] of ['sender', 'receiver'].entries())
    test(`exits 1 when the ${name} dies, and nothing is left`, async (t) => {
      const { run, assertClean } = await workplace(t);
      const demo = run(...LONG, '--timeout', '60');
      const children = await pids(demo);
      demo.onProgress(() => process.kill(children[index]!, 'SIGKILL'));
      const { code, stderr } = await demo.ended;
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`demo: the ${name} process died \\(SIGKILL\\)\n$`));
      assert.deepEqual(children.map(isAlive), [false, false]);
      await assertClean();
    });

  test('exits 1 when nothing moves any more, and nothing is left', async (t) => {
    const { run, assertClean } = await workplace(t);
    const demo = run(...LONG, '--timeout', '5');
    const children = await pids(demo);
    demo.onProgress(() => process.kill(children[1], 'SIGSTOP'));
    const { code, stderr } = await demo.ended;
    assert.equal(code, 1);
    assert.match(stderr, /demo: sender: nothing has moved for 5 s\n$/);
    assert.deepEqual(children.map(isAlive), [false, false]);
    await assertClean();
  });

  test('exits 130 on an interrupt, and nothing is left', async (t) => {
    const { run, assertClean } = await workplace(t);
    const demo = run(...LONG);
    const children = await pids(demo);
    demo.child.kill('SIGINT');
    const { code, stderr } = await demo.ended;
    assert.equal(code, 130);
    assert.match(stderr, /demo: interrupted\n$/);
    assert.deepEqual(children.map(isAlive), [false, false]);
    await assertClean();
  });

  test('exits 1 without the file, 2 on wrong usage, 0 on --help, each with one clear line', async (t) => {
    const { run, assertClean } = await workplace(t);
    const commands = [['none'], ['.'], ['a', 'b'], ['--size', '0'], ['--nonsense'], ['--help']];
    const ended = await Promise.all(commands.map((args) => run(...args).ended));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [1, 1, 2, 2, 2, 0],
    );
    assert.equal(ended[0]!.stderr, "demo: 'none' does not exist or cannot be read\n");
    assert.equal(ended[1]!.stderr, "demo: '.' is not a file\n");
    await assertClean();
  });
});
