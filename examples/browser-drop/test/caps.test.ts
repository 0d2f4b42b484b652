// Every cap on what a page can make the program do, at its edge and one beyond: names, sizes, counts, data that nobody asked for.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Guest, MAX_TRANSFERS } from '../src/guest.ts';
import { lookAtFiles } from '../src/offered.ts';
import { Line, type TransferError } from '../src/wire/channel.ts';
import { FILE_CHANNEL, formatGreeting, MAX_OFFERS, parseGreeting } from '../src/wire/greeting.ts';
import { Sha256 } from '../src/wire/sha256.ts';
import { type MemoryChannel, memoryChannels } from './memory-channel.ts';

const MAX_NAME = 4096;
const MAX_TEXT = 16 * 1024;

async function program(t: TestContext, takes = true) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'offered'), 'offered');
  const offers = await lookAtFiles([join(folder, 'offered')]);
  const reasons: string[] = [];
  const report = {
    progress: () => {},
    done: () => {},
    failed: (error: unknown) => reasons.push(String(error)),
  };
  const guest = new Guest(
    { offers, folder: takes ? folder : undefined },
    { begin: () => report, failed: (reason) => reasons.push(reason) },
  );
  const open = (label = FILE_CHANNEL): MemoryChannel => {
    const [page, own] = memoryChannels();
    guest.onChannel(label, own);
    return page;
  };
  /** What is in the folder but for the file on offer. */
  const names = async (): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name !== 'offered').sort();
  return { folder, guest, reasons, open, names };
}

const hash = (bytes: Uint8Array): string => {
  const sha256 = new Sha256();
  sha256.update(bytes);
  return sha256.digest();
};

/** A page that says what it likes; resolves with the last word of the program. */
async function say(
  channel: MemoryChannel,
  ...messages: Array<object | Uint8Array<ArrayBuffer>>
): Promise<object> {
  const line = new Line(channel);
  for (const message of messages)
    channel.send(message instanceof Uint8Array ? message : JSON.stringify(message));
  while (true) {
    const answer = await line
      .next()
      .catch((error: TransferError) => ({ error: error.message, type: 'over' }));
    if (answer instanceof Uint8Array || ['accept', 'written'].includes(String(answer.type))) continue;
    channel.close();
    return answer;
  }
}

const file = (name: unknown, size: unknown) => ({ type: 'file', name, size });
const content = new Uint8Array([1, 2, 3]);
const end = { type: 'end', sha256: hash(content) };
const typeOf = (answer: object): unknown => (answer as { type: unknown }).type;

describe('the program takes from a page', () => {
  test(`names of ${MAX_NAME} characters, and none that are longer or no names; what is kept is short`, async (t) => {
    const { open, names } = await program(t);
    assert.equal(typeOf(await say(open(), file('n'.repeat(MAX_NAME), 3), content, end)), 'verified');
    for (const name of ['n'.repeat(MAX_NAME + 1), 1, null, undefined, ['x'], {}])
      assert.equal(
        typeOf(await say(open(), file(name, 3), content, end)),
        'failed',
        String(name).slice(0, 9),
      );
    const [kept, ...others] = await names();
    assert.ok(Buffer.byteLength(kept!) <= 255 && others.length === 0);
  });

  test('no size that is none, no more than was announced and no less', async (t) => {
    const { open, names, reasons } = await program(t);
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53, '3', null, undefined, [3]])
      assert.equal(typeOf(await say(open(), file('a', size), content, end)), 'failed', String(size));
    assert.equal(typeOf(await say(open(), file('a', Number.MAX_SAFE_INTEGER), content, end)), 'failed');
    for (const size of [2, 4, 0])
      assert.equal(typeOf(await say(open(), file('a', size), content, end)), 'failed');
    assert.match(reasons.join(), /not enough room.*sent more than.*sent less than.*sent more than/s);
    assert.deepEqual(await names(), [], 'nothing is left, no part either');
    assert.equal(typeOf(await say(open(), file('a', 3), content, end)), 'verified');
    assert.equal(
      typeOf(await say(open(), file('none', 0), { ...end, sha256: hash(new Uint8Array(0)) })),
      'verified',
    );
  });

  test('no path: everything stays in the folder, under a harmless name, and nothing is replaced', async (t) => {
    const { open, names, folder } = await program(t);
    const tricks = [
      '../../out',
      '/etc/passwd',
      '..\\..\\out',
      '..',
      '.',
      '',
      '.bashrc',
      'a\0b',
      'C:\\x',
      'offered',
      './offered',
    ];
    for (const name of tricks)
      assert.equal(typeOf(await say(open(), file(name, 3), content, end)), 'verified', JSON.stringify(name));
    assert.equal((await names()).length, tricks.length);
    for (const name of await names()) assert.doesNotMatch(name, /^\.|[/\\\0]/);
    assert.equal(await readFile(join(folder, 'offered'), 'utf8'), 'offered');
    await assert.rejects(readFile(join(folder, '..', 'out')));
  });

  test('nothing that was not offered to it: data first, an end first, two files on one channel', async (t) => {
    const { open, names, reasons } = await program(t);
    for (const messages of [
      [content],
      [end],
      [{ type: 'accept' }],
      [{ type: 'written', bytes: 1 }],
      [file('a', 3), file('b', 3)],
    ])
      assert.equal(typeOf(await say(open(), ...messages)), 'failed');
    assert.equal(reasons.length, 5);
    assert.deepEqual(await names(), []);
  });

  test('nothing at all when it was told to take nothing', async (t) => {
    const { open, names } = await program(t, false);
    assert.deepEqual(await say(open(), file('a', 3), content, end), {
      type: 'failed',
      reason: 'no files are taken here',
      isCorrupt: false,
    });
    assert.deepEqual(await names(), []);
  });

  test(`${MAX_TRANSFERS} files at a time and not one more, and no channel of another name`, async (t) => {
    const { open, guest } = await program(t);
    const channels = Array.from({ length: MAX_TRANSFERS }, () => open());
    assert.equal(guest.active, MAX_TRANSFERS);
    const [beyond, stranger] = [open(), open('another')];
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    assert.deepEqual(
      [beyond.readyState, stranger.readyState, channels[0]!.readyState],
      ['closed', 'closed', 'open'],
    );
    channels[0]!.close();
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(guest.active, MAX_TRANSFERS - 1);
    assert.equal(open().readyState, 'open');
    guest.close();
  });

  test(`texts of ${MAX_TEXT} characters, and of one more not`, async (t) => {
    const { open, reasons } = await program(t);
    const padded = (length: number) => {
      const empty = JSON.stringify({ ...file('a', 0), padding: '' }).length;
      return { ...file('a', 0), padding: 'x'.repeat(length - empty) };
    };
    const nothing = { type: 'end', sha256: hash(new Uint8Array(0)) };
    assert.equal(typeOf(await say(open(), padded(MAX_TEXT), nothing)), 'verified');
    assert.equal(typeOf(await say(open(), padded(MAX_TEXT + 1), nothing)), 'over');
    assert.match(reasons.join(), /more than was agreed/);
  });
});

describe('a page gets from the program', () => {
  test('no file but those on offer', async (t) => {
    const { open } = await program(t);
    for (const id of [1, -1, '0', '../offered', null, undefined, {}])
      assert.deepEqual(await say(open(), { type: 'want', id }), {
        type: 'failed',
        reason: 'there is no such file',
        isCorrupt: false,
      });
  });

  test('no reports believed that are none', async (t) => {
    const { open, reasons } = await program(t);
    for (const bytes of [-1, 'x', null, 0.5]) {
      const answer = await say(
        open(),
        { type: 'want', id: 0 },
        { type: 'accept' },
        { type: 'written', bytes },
      );
      assert.ok(['file', 'failed'].includes(String(typeOf(answer))));
    }
    while (reasons.length < 4) await new Promise(setImmediate); // a file is looked at in between
    assert.equal(reasons.length, 4);
  });

  test(`${MAX_OFFERS} offers, and it takes no greeting with one more`, () => {
    const offers = Array.from({ length: MAX_OFFERS + 1 }, (_, id) => ({ id, name: 'a', size: 1 }));
    assert.equal(
      parseGreeting(formatGreeting({ offers: offers.slice(1), takes: true }))?.offers.length,
      MAX_OFFERS,
    );
    assert.equal(parseGreeting(formatGreeting({ offers, takes: true })), undefined);
  });
});
