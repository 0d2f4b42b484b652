import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Command } from '@millrace/example-send-file/testing/command';
import { startSignalingServer } from '@millrace/signaling/server';
import {
  assertSameTree,
  INVITATION,
  LOCAL,
  namesBelow,
  plant,
  type Workplace,
  workplace,
} from './programs.ts';

/** Both programs run to their ends. */
async function transfer({ run }: Workplace, sendArgs: string[], receiveArgs: string[]) {
  const sender = run('send', ...sendArgs, ...LOCAL);
  const receiver = run('receive', ...receiveArgs, await sender.printed(INVITATION));
  const [sent, received] = await Promise.all([sender.ended, receiver.ended]);
  return { sent, received, codes: [sent.code, received.code], text: sent.stderr + received.stderr };
}

/** On Linux one where even root makes nothing. */
async function readOnlyFolder({ path }: Workplace): Promise<string> {
  if (process.platform === 'linux') return '/proc/self';
  await mkdir(path('locked'));
  await chmod(path('locked'), 0o500);
  return path('locked');
}

/** Once standard error says so. */
async function told({ child }: Command, line: RegExp): Promise<void> {
  let text = '';
  for await (const chunk of child.stderr!) {
    text += chunk;
    if (line.test(text)) return;
  }
  assert.fail(`ended without ${line}: ${text}`);
}

const plainInvite = (code: string): string => code.replace(/\.\w+$/, '');

describe('send and receive', { concurrency: 2 }, () => {
  test('bring files and folders across: Unicode, hidden, empty, long, with their times', async (t) => {
    const place = await workplace(t);
    plant(place.path('from'), {
      'Grüße/日本語/🎈 balloon.txt': 'above',
      'Grüße/.hidden/.keep': '',
      'Grüße/empty folder': undefined,
      'Grüße/big.bin': randomBytes(5 * 1024 * 1024 + 1),
      [`Grüße/${'x'.repeat(200)}`]: 'long',
      'one.txt': 'one',
      nothing: '',
    });
    await symlink('/etc/passwd', place.path('from', 'Grüße', 'link'));
    const paths = ['from/Grüße', 'from/one.txt', 'from/nothing'];
    const { sent, received, codes, text } = await transfer(place, paths, ['to']);
    assert.deepEqual(codes, [0, 0], text);
    assert.match(
      sent.stdout,
      /Sent Grüße, one.txt, nothing \(6 files, 5.00 MiB in .*\), verified by SHA-256\n$/,
    );
    assert.match(sent.stderr, /1 links, special files or names that are no text are left out/);
    assert.match(received.stderr, /Receiving 100% \(5.00 MiB of 5.00 MiB, .*\/s\)/);
    assert.ok(!(sent.stdout + received.stdout + text).includes('\u001b'), 'colours without a terminal');
    await unlink(place.path('from', 'Grüße', 'link'));
    const names = await namesBelow(place.path('to'));
    assert.deepEqual(names, await namesBelow(place.path('from')));
    for (const name of names.filter((each) => /big|above|one|nothing|x{9}/.test(each)))
      assert.ok(
        (await readFile(place.path('to', name))).equals(await readFile(place.path('from', name))),
        name,
      );
  });

  test('what is there and the same need not come again; what is there and another is refused, or replaced if forced', async (t) => {
    const place = await workplace(t);
    plant(place.path('from'), { 'dir/a': 'aaaa', 'dir/b': 'bbbb', 'dir/c/d': '' });
    assert.deepEqual((await transfer(place, ['from/dir'], ['to'])).codes, [0, 0]);
    const again = await transfer(place, ['from/dir'], ['to']);
    assert.deepEqual(again.codes, [0, 0]);
    assert.match(again.received.stdout, /8 B of it there before/);
    for (const content of ['AAAA', 'A']) {
      await writeFile(place.path('to', 'dir', 'a'), content);
      const refused = await transfer(place, ['from/dir'], ['to']);
      assert.deepEqual(refused.codes, [3, 3], content);
      assert.match(refused.received.stderr, /receive: 'to\/dir\/a' exists; --force replaces it\n$/);
      assert.match(refused.sent.stderr, /send: the receiver refuses: the file exists\n$/);
      assert.equal(await readFile(place.path('to', 'dir', 'a'), 'utf8'), content);
    }
    assert.deepEqual((await transfer(place, ['from/dir'], ['to', '--force'])).codes, [0, 0]);
    await assertSameTree(place.path('to'), place.path('from'));
  });

  test('what is no file, or a link that leads elsewhere, is in the way even if forced', async (t) => {
    const place = await workplace(t);
    plant(place.path('from'), { 'dir/a': 'a', file: 'f' });
    await mkdir(place.path('to', 'file'), { recursive: true });
    await mkdir(place.path('elsewhere'));
    const folder = await transfer(place, ['from/file'], ['to', '--force']);
    assert.deepEqual(folder.codes, [3, 3], folder.text);
    await symlink(place.path('elsewhere'), place.path('to', 'dir'));
    const link = await transfer(place, ['from/dir'], ['to', '--force']);
    assert.deepEqual(link.codes, [3, 3], link.text);
    assert.deepEqual(await namesBelow(place.path('elsewhere')), []);
    assert.deepEqual(await namesBelow(place.path('to')), ['dir', 'file']);
  });

  test('ten thousand small files arrive', async (t) => {
    const place = await workplace(t);
    const files: Record<string, string> = {};
    for (let i = 0; i < 10_000; i++) files[`many/${i % 100}/${i}.txt`] = `file ${i}\n`;
    plant(place.path('from'), files);
    const { codes, text, received } = await transfer(place, ['from/many'], ['to']);
    assert.deepEqual(codes, [0, 0], text);
    assert.match(received.stdout, /Received many \(10000 files, /);
    await assertSameTree(place.path('to'), place.path('from'));
  });

  test('exit 1 with one line on both sides when the disk has no space or the folder takes nothing', async (t) => {
    const place = await workplace(t);
    await writeFile(place.path('huge'), '');
    await truncate(place.path('huge'), 8 * 1024 ** 4); // no disk block of it is used
    const full = await transfer(place, ['huge'], ['to']);
    assert.deepEqual(full.codes, [1, 1]);
    assert.match(full.received.stderr, /^receive: there is not enough space on the disk\n$/);
    assert.match(
      full.sent.stderr,
      /^send: the receiver has failed: there is not enough space on the disk\n$/,
    );
    assert.deepEqual(await namesBelow(place.path('to')), []);

    plant(place.path('from'), { 'dir/a': 'a' });
    const locked = await transfer(place, ['from/dir'], [await readOnlyFolder(place)]);
    assert.deepEqual(locked.codes, [1, 1], locked.text);
    assert.match(locked.received.stderr, /^receive: .+\n$/);
    assert.match(locked.sent.stderr, /^send: the receiver has failed: the f.* cannot be written/);
  });

  test('go on without being started again when the other side is gone and comes back', async (t) => {
    const place = await workplace(t);
    await using server = await startSignalingServer();
    await writeFile(place.path('big.bin'), randomBytes(64 * 1024 * 1024));
    const sender = place.run('send', 'big.bin', '--url', server.url);
    const invite = await sender.printed(INVITATION);
    const { command: first, letGo } = await place.runToTheMiddle('receive', 'to', invite);
    first.child.kill('SIGINT');
    letGo();
    assert.equal((await first.ended).code, 130);
    assert.match((await namesBelow(place.path('to'))).join(), /\.millrace-\w+\/\w+\.part/);
    const second = await place.run('receive', 'to', invite).ended;
    const sent = await sender.ended;
    assert.deepEqual([sent.code, second.code], [0, 0], sent.stderr + second.stderr);
    assert.match(second.stdout, /of it there before/);
    assert.deepEqual(await namesBelow(place.path('to')), ['big.bin']);
    assert.ok((await readFile(place.path('to', 'big.bin'))).equals(await readFile(place.path('big.bin'))));
  });

  test('started again with the same words wait where they waited before, and elsewhere with --new or when done', async (t) => {
    const place = await workplace(t);
    await using server = await startSignalingServer();
    await writeFile(place.path('x'), 'x');
    for (const where of [LOCAL, ['--url', server.url, '--no-code']]) {
      const started = async (...more: string[]): Promise<[Command, string]> => {
        const command = place.run('send', 'x', ...where, ...more);
        return [command, await command.printed(INVITATION)];
      };
      const [killed, first] = await started();
      killed.child.kill('SIGKILL');
      await killed.ended;
      const [interrupted, second] = await started();
      assert.equal(second, first);
      interrupted.child.kill('SIGINT');
      assert.match((await interrupted.ended).stderr, /^where it was before; --new to meet somebody else\n/);
      const [waiting, third] = await started('--new');
      assert.notEqual(third, first);
      const received = await place.run('receive', `to ${where[0]}`, third).ended;
      assert.deepEqual([received.code, (await waiting.ended).code], [0, 0], received.stderr);
      const [last, fourth] = await started();
      assert.ok(![first, third].includes(fourth), 'they were done');
      last.child.kill('SIGINT');
      await last.ended;
    }
  });

  test('with two invitations to one room trust each other not at all', async (t) => {
    const place = await workplace(t);
    await writeFile(place.path('x'), 'x');
    for (const change of [
      (code: string) => code.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      plainInvite,
    ]) {
      const sender = place.run('send', 'x', ...LOCAL);
      const receiver = place.run('receive', 'to', change(await sender.printed(INVITATION)));
      for (const { code, stderr } of await Promise.all([sender.ended, receiver.ended])) {
        assert.equal(code, 1, stderr);
        assert.match(stderr, /another invitation, or somebody stands between you\n$/);
      }
    }
  });

  test('two who want to send wait for somebody who receives', async (t) => {
    const place = await workplace(t);
    plant(place.path(), { one: '1', two: '2' });
    const one = place.run('send', 'one', ...LOCAL);
    const invite = await one.printed(INVITATION);
    const two = place.run('send', 'two', invite);
    await told(two, /somebody else is there who wants to send, too/);
    two.child.kill('SIGTERM');
    assert.equal((await two.ended).code, 130);
    const received = await place.run('receive', 'to', invite).ended;
    assert.deepEqual([received.code, (await one.ended).code], [0, 0], received.stderr);
    assert.deepEqual(await namesBelow(place.path('to')), ['one']);
  });

  test('a second receiver is turned away', async (t) => {
    const place = await workplace(t);
    await writeFile(place.path('big.bin'), randomBytes(64 * 1024 * 1024));
    const sender = place.run('send', 'big.bin', ...LOCAL);
    const invite = await sender.printed(INVITATION);
    const { command: first, letGo } = await place.runToTheMiddle('receive', 'one', invite);
    const turnedAway = await place.run('receive', 'two', invite).ended;
    letGo();
    assert.equal(turnedAway.code, 3, turnedAway.stderr);
    assert.match(turnedAway.stderr, /busy with somebody else/);
    assert.deepEqual([(await sender.ended).code, (await first.ended).code], [0, 0]);
  });

  test('exit 130 when interrupted, 1 with one line when there is no file, room or server, 2 on wrong usage', async (t) => {
    const { run, path } = await workplace(t);
    await writeFile(path('x'), 'x');
    await mkdir(path('other'));
    await writeFile(path('other', 'x'), 'x');
    await using server = await startSignalingServer();
    const word = 'a'.repeat(40);
    const cases: Array<[code: number, line: RegExp, program: 'send' | 'receive', ...args: string[]]> = [
      [1, /'.*none' does not exist/, 'send', 'none', ...LOCAL],
      [1, /no such room, or the token/, 'send', 'x', `${server.url}/rooms/${word}#${word}`],
      [1, /no such room, or the token/, 'receive', `${server.url}/rooms/${word}#${word}`],
      [1, /cannot be reached/, 'receive', '--url', 'http://127.0.0.1:9'],
      [1, /'x' is not a directory/, 'receive', 'x', ...LOCAL],
      [2, /say what to send/, 'send', '--serve'],
      [2, /two of the paths are called 'x'/, 'send', 'x', 'other/x', ...LOCAL],
      [2, /what is 'y'/, 'receive', 'x', 'y', '--serve'],
      [2, /--nonsense/, 'send', 'x', '--nonsense'],
      [2, /--timeout must be/, 'receive', '--serve', '--timeout', '0'],
      [2, /not an invitation/, 'receive', '--invite', 'http://x/'],
    ];
    const waiting = run('send', 'x', ...LOCAL);
    const runs = cases.map(async ([code, line, program, ...args]) => {
      const ended = await run(program, ...args).ended;
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, line);
      assert.match(ended.stderr, new RegExp(`^${program}: .*\n${code === 2 ? 'Try --help.\n' : ''}$`));
    });
    await Promise.all(runs);
    await waiting.printed(INVITATION);
    waiting.child.kill('SIGINT');
    const { code, stderr } = await waiting.ended;
    assert.deepEqual([code, stderr], [130, 'send: interrupted\n']);
    for (const program of ['send', 'receive'] as const) {
      const help = await run(program, '--help').ended;
      assert.deepEqual([help.code, help.stderr], [0, '']);
      assert.match(help.stdout, new RegExp(`^Usage: npm run ${program} -- `));
    }
  });
});
