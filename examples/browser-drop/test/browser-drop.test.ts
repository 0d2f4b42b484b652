import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';
import { connect, type Peer } from '@millrace/signaling/connect';
import { RTCPeerConnection } from 'millrace';
import { MAX_TRANSFERS } from '../src/guest.ts';
import { type DropChannel, Line } from '../src/wire/channel.ts';
import { FILE_CHANNEL, type Greeting, parseGreeting, SIDES } from '../src/wire/greeting.ts';
import { Sha256 } from '../src/wire/sha256.ts';
import { receiveFile, sendFile } from '../src/wire/transfer.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const ADDRESS = /(http:\S+)/;

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

const local = ['--host', '127.0.0.1'];

/** Does what the page does, without a browser. */
async function visit(t: TestContext, address: string) {
  const { origin, hash } = new URL(address);
  const [room = '', token = ''] = hash.slice(1).split('.');
  const greeting = Promise.withResolvers<Greeting>();
  const peer: Peer<RTCPeerConnection> = await connect({
    url: origin,
    room,
    token,
    side: SIDES.page,
    RTCPeerConnection,
    configuration: { iceServers: [], millrace: { loopback: true } },
    prepare: (connection) => {
      const create = connection.createDataChannel.bind(connection);
      connection.createDataChannel = (...args: Parameters<typeof create>) => {
        const channel = create(...args);
        channel.addEventListener('message', ({ data }) => {
          const parsed = parseGreeting(data);
          if (parsed) greeting.resolve(parsed);
        });
        return channel;
      };
    },
  });
  t.after(() => peer.close());
  const open = (): Line =>
    new Line(peer.connection.createDataChannel(FILE_CHANNEL) as unknown as DropChannel);
  return { peer, open, greeting: await greeting.promise };
}

type Visit = Awaited<ReturnType<typeof visit>>;

async function* once(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield bytes;
}

const give = ({ open }: Visit, name: string, bytes: Uint8Array<ArrayBuffer>) =>
  sendFile(open(), { name, size: bytes.length, blocks: once(bytes) }, { hash: new Sha256() });

async function take({ open }: Visit, id: number) {
  const line = open();
  const chunks: Uint8Array[] = [];
  await line.ready();
  line.tell({ type: 'want', id });
  const sink = {
    write: async (more: Uint8Array[]) => void chunks.push(...more),
    commit: async () => {},
    discard: async () => {},
  };
  const offer = (await line.next()) as Record<string, unknown>;
  const { sha256 } = await receiveFile(line, offer, async () => sink, { hash: new Sha256() });
  return { bytes: Buffer.concat(chunks), sha256 };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('browser-drop', () => {
  test('takes and gives files, to two visitors at a time, and ends with Ctrl-C', async (t) => {
    const { directory, run } = await workplace(t);
    const bytes = new Uint8Array(randomBytes(3 * 1024 * 1024));
    await writeFile(join(directory, 'give.bin'), bytes);
    const program = run('give.bin', '--files', 'in', ...local);
    const address = await program.printed(ADDRESS);
    const [first, second] = await Promise.all([visit(t, address), visit(t, address)]);
    for (const { greeting } of [first, second])
      assert.deepEqual(greeting, { offers: [{ id: 0, name: 'give.bin', size: bytes.length }], takes: true });

    const [given, , taken] = await Promise.all([
      give(first, '../up\u001b[2J.bin', bytes),
      give(second, 'other', bytes),
      take(second, 0),
    ]);
    assert.ok(taken.bytes.equals(bytes));
    assert.deepEqual([given.sha256, taken.sha256], [digestOf(bytes), digestOf(bytes)]);
    await give(first, 'up[2J.bin', bytes);
    const names = (await readdir(join(directory, 'in'))).sort();
    assert.deepEqual(names, ['other', 'up[2J (1).bin', 'up[2J.bin']);
    for (const name of names) assert.ok((await readFile(join(directory, 'in', name))).equals(bytes));
    await program.printed(
      new RegExp(`Received \\S+/other \\(3.00 MiB in .*/s\\)\nSHA-256 ${digestOf(bytes)}\n`),
    );
    await program.printed(new RegExp(`Sent give.bin \\(.*\\)\nSHA-256 ${digestOf(bytes)}\n`));

    await assert.rejects(take(first, 7), /no such file/);
    await first.peer.close();
    await program.printed(/A browser has gone/);
    program.child.kill('SIGINT');
    assert.equal((await program.ended).code, 0);
  });

  test('serves its page under a strict policy, and no guest may end the room', async (t) => {
    const { run } = await workplace(t);
    const program = run(...local);
    const { origin, hash } = new URL(await program.printed(ADDRESS));
    for (const path of ['/', '/page/main.js', '/@millrace/signaling/src/connect.js']) {
      const response = await fetch(origin + path);
      assert.equal(response.status, 200, path);
      const policy = response.headers.get('content-security-policy')!;
      assert.match(policy, /^default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /unsafe|\*/);
      await response.text();
    }
    for (const path of ['/src/main.ts', '/page/main.ts', '/../package.json', '/package.json'])
      assert.ok((await fetch(origin + path)).status >= 400, path);
    const [room, token] = hash.slice(1).split('.');
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await fetch(`${origin}/rooms/${room}`, { method: 'DELETE', headers })).status, 403);
  });

  test('--once ends with the first visitor: 0 if all was verified, 1 if not', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'x'), 'x');
    for (const [id, code] of [
      [0, 0],
      [1, 1],
    ] as const) {
      const program = run('x', '--no-receive', '--once', ...local);
      const visitor = await visit(t, await program.printed(ADDRESS));
      assert.equal(visitor.greeting.takes, false);
      await take(visitor, id).catch(() => {});
      await visitor.peer.close();
      assert.equal((await program.ended).code, code);
    }
  });

  test('--no-receive takes nothing', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'x'), 'x');
    const program = run('x', '--no-receive', ...local);
    const visitor = await visit(t, await program.printed(ADDRESS));
    await assert.rejects(give(visitor, 'y', new Uint8Array(3)), /no files are taken here/);
    assert.deepEqual(await readdir(directory), ['x']);
  });

  test('a visitor has so many files under way and not one more', async (t) => {
    const { directory, run } = await workplace(t);
    await writeFile(join(directory, 'x'), 'x');
    const program = run('x', '--no-receive', ...local);
    const visitor = await visit(t, await program.printed(ADDRESS));
    const lines = Array.from({ length: MAX_TRANSFERS }, () => visitor.open());
    for (const line of lines) await line.ready();
    await assert.rejects(take(visitor, 0), /given up/);
    lines[0]!.close();
    while (!(await take(visitor, 0).catch(() => undefined)));
    for (const line of lines.slice(1)) line.throwIfOver();
  });

  test('exits 130 and leaves nothing behind when it is interrupted under way', async (t) => {
    const { directory, run } = await workplace(t);
    const program = run('--files', 'in', ...local);
    const visitor = await visit(t, await program.printed(ADDRESS));
    const line = visitor.open();
    await line.ready();
    line.tell({ type: 'file', name: 'a', size: 10 });
    await line.expect('accept');
    program.child.kill('SIGINT');
    assert.equal((await program.ended).code, 130);
    assert.deepEqual(await readdir(join(directory, 'in')), []);
  });

  test('exits 2 on wrong usage, 1 when it cannot begin, 0 on --help', async (t) => {
    const { run } = await workplace(t);
    const cases: Array<[args: string[], code: number, line: RegExp]> = [
      [['--nonsense'], 2, /Unknown option '--nonsense'/],
      [['--port', 'x'], 2, /--port must be/],
      [['--url', 'ftp://x'], 2, /--url must be/],
      [['--no-receive'], 2, /name a file/],
      [['none'], 1, /'none' does not exist/],
      [['--host', '198.51.100.1'], 1, /cannot serve at 198\.51\.100\.1/],
    ];
    const help = run('--help');
    await Promise.all(
      cases.map(async ([args, code, line]) => {
        const ended = await run(...args).ended;
        assert.equal(ended.code, code, ended.stderr);
        assert.match(ended.stderr, line);
        assert.match(ended.stderr, code === 2 ? /\nTry --help\.\n$/ : /^browser-drop: .*\n$/);
      }),
    );
    const { code, stdout } = await help.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: npm run browser-drop -- \[FILE\.\.\.\]/);
  });
});
