import assert from 'node:assert/strict';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { pipe, SERVE, shell } from './program.ts';

const MIB = 1024 * 1024;

/** Writes so many bytes that no two runs have in common, at the pace they are taken; returns their digest. */
async function pour(into: Writable, bytes: number): Promise<string> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(MIB);
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= MIB) {
    const chunk = cipher.update(zeros.subarray(0, Math.min(left, MIB)));
    hash.update(chunk);
    if (!into.write(chunk)) await once(into, 'drain');
  }
  into.end();
  return hash.digest('hex');
}

async function digest(from: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of from) hash.update(chunk);
  return hash.digest('hex');
}

async function twoDirectories(t: TestContext): Promise<[string, string]> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const [from, to] = [join(directory, 'from'), join(directory, 'to')];
  await mkdir(from);
  await mkdir(to);
  return [from, to];
}

describe('pipe', { concurrency: 2 }, () => {
  test('carries 64 MiB each way at once, byte for byte', async (t) => {
    const one = pipe(t, ...SERVE);
    const other = pipe(t, await one.invitation());
    const [sent, sentBack, received, receivedBack] = await Promise.all([
      pour(one.child.stdin, 64 * MIB),
      pour(other.child.stdin, 64 * MIB),
      digest(other.child.stdout),
      digest(one.child.stdout),
    ]);
    assert.deepEqual([received, receivedBack], [sent, sentBack]);
    assert.deepEqual([await one.exit, await other.exit], [0, 0], one.stderr + other.stderr);
    assert.equal(other.stderr, '');
  });

  test('passes the end of the input on while the other direction goes on', async (t) => {
    const one = pipe(t, ...SERVE);
    const other = pipe(t, await one.invitation());
    one.child.stdin.end('question');
    assert.equal(String(await other.output()), 'question'); // its end has come
    other.child.stdin.end('answer');
    assert.equal(String(await one.output()), 'answer');
    assert.deepEqual([await one.exit, await other.exit], [0, 0]);
  });

  test('takes no more input than fits on the way to a reader that does not read', async (t) => {
    const one = pipe(t, ...SERVE);
    const other = pipe(t, await one.invitation());
    const sent = pour(one.child.stdin, 64 * MIB); // nobody reads this yet
    const sentBack = pour(other.child.stdin, 64 * MIB);
    assert.equal(await digest(one.child.stdout), await sentBack);
    assert.ok(!one.child.stdin.writableFinished, 'all of it was taken');
    assert.equal(await digest(other.child.stdout), await sent);
    assert.deepEqual([await one.exit, await other.exit], [0, 0]);
  });

  test('moves a directory from shell to shell', async (t) => {
    const [from, to] = await twoDirectories(t);
    const bytes = randomBytes(3 * MIB + 1);
    await writeFile(join(from, 'every byte'), bytes);
    await writeFile(join(from, 'empty'), '');
    const receiver = shell(t, `pipe ${SERVE.join(' ')} </dev/null | tar x`, to);
    const sender = shell(t, `tar c . | pipe '${await receiver.invitation()}'`, from);
    sender.child.stdin.end();
    assert.deepEqual([await sender.exit, await receiver.exit], [0, 0], sender.stderr + receiver.stderr);
    assert.ok((await readFile(join(to, 'every byte'))).equals(bytes));
    assert.equal((await readFile(join(to, 'empty'))).length, 0);
  });

  test('lets a program behind a pipe see the end before its own side has ended', async (t) => {
    const one = shell(t, `pipe ${SERVE.join(' ')} | tac`); // says nothing before its input has ended
    const other = pipe(t, await one.invitation());
    other.child.stdin.end('first\nlast\n');
    const [answer] = await once(one.child.stdout, 'data');
    assert.equal(String(answer), 'last\nfirst\n');
    one.child.stdin.end('and back');
    assert.equal(String(await other.output()), 'and back');
    assert.deepEqual([await one.exit, await other.exit], [0, 0]);
  });

  test('stops a sender without end when the reader has enough, and both exit 3', async (t) => {
    const reader = shell(t, `{ pipe ${SERVE.join(' ')} </dev/null; echo "code $?" >&2; } | head -c 100000`);
    const sender = shell(t, `yes | { pipe '${await reader.invitation()}'; echo "code $?" >&2; }`);
    const output = await reader.output();
    assert.equal(output.length, 100_000);
    await Promise.all([sender.exit, reader.exit]);
    assert.match(reader.stderr, /code 3\n$/);
    assert.equal(sender.stderr, 'code 3\n');
  });

  test('tells what it does when asked', async (t) => {
    const one = pipe(t, ...SERVE, '--verbose');
    const other = pipe(t, await one.invitation());
    await one.says('* connected\n');
    one.child.stdin.end('x'.repeat(1000));
    other.child.stdin.end();
    await one.exit;
    await one.says('* sent 1000 B, received 0 B\n');
  });

  test('exits 130 when it is interrupted, and the other side 1', async (t) => {
    const one = pipe(t, ...SERVE);
    const other = pipe(t, await one.invitation());
    one.child.stdin.write('begun');
    await once(other.child.stdout, 'data');
    one.child.kill('SIGINT');
    assert.deepEqual([await one.exit, await other.exit], [130, 1]);
    assert.match(one.stderr, /millrace-pipe: interrupted\n$/);
    assert.equal(other.stderr, 'millrace-pipe: the other side has gone before both directions had ended\n');

    const waiting = pipe(t, ...SERVE);
    await waiting.invitation();
    waiting.child.kill('SIGINT');
    assert.equal(await waiting.exit, 130);
  });

  test('exits 1 where the input is a directory', async (t) => {
    const program = shell(t, `pipe ${SERVE.join(' ')} </`);
    assert.equal(await program.exit, 1);
    assert.equal(program.stderr, 'millrace-pipe: standard input is a directory\n');
  });

  test('exits 2 on wrong usage and 0 on --help', async (t) => {
    const wrong = [[], ['nonsense'], ['--serve', '--nonsense'], ['--serve', '--timeout', '0']];
    const runs = wrong.map(async (args) => {
      const program = pipe(t, ...args);
      assert.equal(await program.exit, 2);
      assert.match(program.stderr, /^millrace-pipe: .+\nTry --help\.\n$/);
    });
    const help = pipe(t, '--help');
    assert.match(String(await help.output()), /^Usage: npm run -s pipe -- /);
    assert.equal(await help.exit, 0);
    await Promise.all(runs);
  });
});
