import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startSignalingServer } from '@millrace/signaling/server';
import { Command } from '../src/testing/command.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const INVITATION = /'(http:\S+)'/;

async function workplace(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const run = (...args: string[]): Command => {
    const command = new Command(MAIN, args, directory);
    t.after(() => command.child.kill('SIGKILL'));
    return command;
  };
  return { directory, run };
}

const local = ['--serve', '--host', '127.0.0.1'];

describe('send-file', () => {
  test('brings a file across, verified, refuses to replace it, and replaces it when forced', async (t) => {
    const { directory, run } = await workplace(t);
    const bytes = randomBytes(2 * 1024 * 1024 + 1);
    await writeFile(join(directory, 'big.bin'), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');

    const sender = run('send', 'big.bin', ...local);
    const receiver = run('receive', 'in', await sender.printed(INVITATION));
    const [sent, received] = await Promise.all([sender.ended, receiver.ended]);
    assert.deepEqual([sent.code, received.code], [0, 0], sent.stderr + received.stderr);
    assert.match(sent.stdout, new RegExp(`Sent big.bin .*\nSHA-256 ${sha256}\n`));
    assert.match(received.stdout, new RegExp(`Received in/big.bin .*\nSHA-256 ${sha256}\n`));
    assert.match(received.stderr, /Receiving 100% \(2.00 MiB of 2.00 MiB, .*\/s\)/);
    assert.ok((await readFile(join(directory, 'in', 'big.bin'))).equals(bytes));

    // The other way round: the receiver makes the meeting place.
    await writeFile(join(directory, 'in', 'big.bin'), 'old');
    const refusing = run('receive', 'in', ...local);
    const refused = run('send', await refusing.printed(INVITATION), 'big.bin');
    const outcomes = await Promise.all([refusing.ended, refused.ended]);
    assert.deepEqual([outcomes[0].code, outcomes[1].code], [3, 3]);
    assert.match(outcomes[0].stderr, /^millrace-send-file: 'in\/big.bin' exists; --force replaces it\n$/);
    assert.match(outcomes[1].stderr, /^millrace-send-file: the receiver refuses: the file exists\n$/);
    assert.equal(await readFile(join(directory, 'in', 'big.bin'), 'utf8'), 'old');

    const forcing = run('receive', 'in', '--force', ...local);
    const again = run('send', 'big.bin', await forcing.printed(INVITATION));
    assert.deepEqual([(await forcing.ended).code, (await again.ended).code], [0, 0]);
    assert.ok((await readFile(join(directory, 'in', 'big.bin'))).equals(bytes));
    assert.deepEqual(await readdir(join(directory, 'in')), ['big.bin']);
  });

  test('meets on a signaling server that runs already, by --url alone or with --room and --token', async (t) => {
    const { directory, run } = await workplace(t);
    await using server = await startSignalingServer();
    await writeFile(join(directory, 'empty'), '');
    const sender = run('send', 'empty', '--url', server.url);
    const [, room, token] = /rooms\/(\w+)#(\w+)/.exec(await sender.printed(INVITATION))!;
    const receiver = run('receive', 'in', '--url', server.url, '--room', room!, '--token', token!);
    assert.deepEqual([(await sender.ended).code, (await receiver.ended).code], [0, 0]);
    assert.equal((await readFile(join(directory, 'in', 'empty'))).length, 0);
  });

  test('exits 1 and leaves nothing behind when the other side dies in the middle', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'big.bin'), Buffer.alloc(64 * 1024 * 1024));
    const sender = run('send', 'big.bin', ...local);
    const receiver = run('receive', 'in', await sender.printed(INVITATION), '--timeout', '2');
    receiver.onProgress(() => sender.child.kill('SIGKILL'));
    const { code, stderr } = await receiver.ended;
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /millrace-send-file: (nothing has moved for 2 s|the connection was lost .*|.*closed.*)\n$/,
    );
    assert.deepEqual(await readdir(join(directory, 'in')), []);
  });

  test('leaves nothing behind when its terminal is closed in the middle', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'big.bin'), Buffer.alloc(64 * 1024 * 1024));
    const sender = run('send', 'big.bin', ...local);
    const receiver = run('receive', 'in', await sender.printed(INVITATION));
    receiver.onProgress(() => {
      receiver.child.stdout!.destroy();
      receiver.child.stderr!.destroy();
      receiver.child.kill('SIGHUP');
    });
    assert.equal((await receiver.ended).code, 130);
    assert.deepEqual(await readdir(join(directory, 'in')), []);
    assert.equal((await sender.ended).code, 1);
  });

  test('exits 130 when it is interrupted while it waits', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'x'), 'x');
    const sender = run('send', 'x', ...local);
    await sender.printed(INVITATION);
    sender.child.kill('SIGINT');
    const { code, stderr } = await sender.ended;
    assert.deepEqual([code, stderr], [130, 'millrace-send-file: interrupted\n']);
  });

  test('exits 1 with one line when there is no file, no room or no server', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'x'), 'x');
    await using server = await startSignalingServer();
    const word = 'a'.repeat(32);
    const cases: Array<[args: string[], line: RegExp]> = [
      [['send', 'none', ...local], /'none' does not exist/],
      [['send', '.', ...local], /'\.' is not a file/],
      [['send', 'x', `${server.url}/rooms/${word}#${word}`], /no such room/],
      [['receive', '--url', 'http://127.0.0.1:9'], /cannot be reached \(http:\/\/127\.0\.0\.1:9\)/],
      [['receive', 'x', ...local], /'x' is not a directory/],
      [['receive', '--serve', '--host', '198.51.100.1'], /cannot serve at 198\.51\.100\.1/],
    ];
    const runs = cases.map(async ([args, line]) => {
      const { code, stderr } = await run(...args).ended;
      assert.equal(code, 1);
      assert.match(stderr, line);
      assert.match(stderr, /^millrace-send-file: .*\n$/);
    });
    await Promise.all(runs);
  });

  test('exits 2 on wrong usage and 0 on --help', async (t) => {
    const { run } = await workplace(t);
    const wrong = [
      [],
      ['send', 'x', 'y', '--serve'],
      ['send', 'x', '--nonsense'],
      ['receive', '--serve', '--timeout', '0'],
    ];
    const help = run('--help');
    for (const { code, stderr } of await Promise.all(wrong.map((args) => run(...args).ended))) {
      assert.equal(code, 2);
      assert.match(stderr, /^millrace-send-file: .+\nTry --help\.\n$/);
    }
    const { code, stdout } = await help.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: millrace-send-file send PATH/);
  });
});
