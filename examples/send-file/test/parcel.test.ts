// A parcel over channels in memory: what hostile senders and receivers say, arithmetic beyond 4 GiB, full disks.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { EXIT } from '../src/failure.ts';
import { parseClaims, writeClaims } from '../src/parcel/claims.ts';
import { collect } from '../src/parcel/collect.ts';
import { Depot } from '../src/parcel/depot.ts';
import {
  type Entry,
  MAX_ENTRIES,
  type Manifest,
  parseManifest,
  safePath,
  writeManifest,
} from '../src/parcel/manifest.ts';
import { receiveParcel } from '../src/parcel/receive-parcel.ts';
import { sendParcel } from '../src/parcel/send-parcel.ts';
import { type MemoryChannel, memoryChannels } from './memory-channel.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const file = (path: string, size = 0): Entry => ({ path, modified: 1000, size });
const manifestOf = (...entries: Entry[]): Manifest => parseManifest(writeManifest(entries));
const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex');

const send = (channel: MemoryChannel, parcel: Awaited<ReturnType<typeof collect>>) =>
  sendParcel(channel, channel, parcel, {
    messageBytes: 1000,
    onStart: () => {},
    onProgress: () => {},
    onHashed: () => {},
  });

const receive = (channel: MemoryChannel, directory: string, force = false) =>
  receiveParcel(channel, channel, {
    directory,
    force,
    messageBytes: 1000,
    onStart: () => {},
    onProgress: () => {},
    onHashed: () => {},
  });

const depotIn = (directory: string, manifest: Manifest, force = false): Promise<Depot> =>
  Depot.open(manifest, { directory, force, onHashed: () => {} });

describe('a path that comes from the other side', () => {
  const cases: Array<[asked: string, given: string]> = [
    ['a/b', 'a/b'],
    ['a/../b', 'a/file/b'],
    ['../../etc/passwd', 'file/file/etc/passwd'],
    ['/etc/passwd', 'file/etc/passwd'],
    ['.ssh/config', 'ssh/config'],
    ['a/.git/.keep', 'a/.git/.keep'],
    ['a\\..\\b/c\\d', 'b/c_d'],
    ['a//b', 'a/file/b'],
    ['a/nul.txt/COM1', 'a/_nul.txt/_COM1'],
    ['C:/x', 'C_/x'],
    ['a/\u202e\u001b[31m', 'a/[31m'],
  ];
  for (const [asked, given] of cases)
    test(`${JSON.stringify(asked)} becomes ${given}`, () => assert.equal(safePath(asked), given));

  test('stays inside, whatever was asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('..')), { maxLength: 6 }),
        (names) => {
          const path = safePath(names.join('/'));
          assert.equal(join('/dir', path), `/dir/${path}`);
          for (const name of path.split('/')) assert.ok(name !== '.' && name !== '..' && name.length > 0);
          assert.ok(!path.startsWith('.'));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a manifest', () => {
  const hostile: Array<[why: string, text: string]> = [
    ['that is no JSON', '['],
    ['that is no list', '{}'],
    ['of nothing', '[]'],
    ['with a row that is none', '[1]'],
    ['with a negative size', '[["a",0,-1]]'],
    ['with half a byte', '[["a",0,0.5]]'],
    ['with a size beyond what a number can count', '[["a",0,9007199254740992]]'],
    ['whose sum is beyond what a number can count', '[["a",0,9007199254740991],["b",0,9007199254740991]]'],
    ['without a time', '[["a",null,1]]'],
    ['with a name that is none', '[[1,0,1]]'],
    ['with a path without end', JSON.stringify([['a'.repeat(4097), 0, 1]])],
    ['too deep', JSON.stringify([[Array(65).fill('a').join('/'), 0, 1]])],
    ['with two files of one name', '[["a",0,1],["a",0,1]]'],
    ['with two names that become one', '[["d/a?",0,1],["d/a*",0,1]]'],
    ['with a file that is a folder, too', '[["a",0,1],["a/b",0,1]]'],
  ];
  for (const [why, text] of hostile)
    test(`${why} is refused`, () => assert.throws(() => parseManifest(text)));

  test(`of ${MAX_ENTRIES} entries is taken, and one more is not`, () => {
    const entries = Array.from({ length: MAX_ENTRIES }, (_, i) => file(`d/${i}`));
    const text = writeManifest(entries);
    assert.equal(parseManifest(text).files, MAX_ENTRIES);
    assert.throws(() => writeManifest([...entries, file('one more')]), { message: /pack them first/ });
    assert.throws(() => parseManifest(`${text.slice(0, -1)},["one more",0,0]]`));
  });

  test('counts beyond 4 GiB', () => {
    const { bytes } = manifestOf(file('a', 2 ** 32 + 1), file('b', 2 ** 40), file('c', 7));
    assert.equal(bytes, 2 ** 32 + 2 ** 40 + 8);
  });
});

describe('a claim', () => {
  const entries = [file('a', 10), { ...file('d'), size: undefined }, file('b', 2 ** 33)];
  test('is what was written', () => {
    const claims = [
      { index: 0, bytes: 10, sha256: 'x' },
      { index: 2, bytes: 2 ** 33 - 1, sha256: 'y' },
    ];
    assert.deepEqual(parseClaims(writeClaims(claims), entries), claims);
  });
  for (const text of [
    '{}',
    '[1]',
    '[[0,11,"x"]]',
    '[[1,0,"x"]]',
    '[[3,0,"x"]]',
    '[[0,1,"x"],[0,1,"x"]]',
    '[[0,-1,"x"]]',
  ])
    test(`${text} is none`, () => assert.throws(() => parseClaims(text, entries)));
});

describe('a depot', () => {
  test('goes on behind 4 GiB', async (t) => {
    const directory = await temporary(t);
    const size = 2 ** 32 + 10;
    const manifest = manifestOf(file('big', size));
    const from = 2 ** 32 + 3;
    const first = await depotIn(directory, manifest);
    await first.begin(0, 0);
    await first.close();
    const parts = await readdir(directory, { recursive: true });
    const part = parts.find((name) => name.endsWith('.part'))!;
    await truncate(join(directory, part), from); // a hole: no disk block of it is used
    const again = await depotIn(directory, manifest);
    await again.begin(0, from, createHash('sha256'));
    assert.equal(again.expected, 7);
    await again.write([Buffer.from('1234'), Buffer.from('567')]);
    assert.equal(again.expected, 0);
    await again.close();
  });

  test('is for one receiver at a time; one that has died is followed', async (t) => {
    const directory = await temporary(t);
    const manifest = manifestOf(file('a', 1));
    const depot = await depotIn(directory, manifest);
    const lock = (await readdir(directory, { recursive: true })).find((name) => name.endsWith('lock'))!;
    await writeFile(join(directory, lock), '1'); // lives as long as the system
    await assert.rejects(depotIn(directory, manifest), {
      exitCode: EXIT.refused,
      message: /process 1 receives the same/,
    });
    for (const dead of ['', 'x', '4194999']) {
      await writeFile(join(directory, lock), dead);
      await (await depotIn(directory, manifest)).close();
      await mkdir(join(directory, lock, '..'), { recursive: true });
    }
    await depot.close();
    assert.deepEqual(await readdir(directory), []);
  });

  test('takes nothing that was not announced', async (t) => {
    const depot = await depotIn(
      await temporary(t),
      manifestOf(file('a', 1), { ...file('d'), size: undefined }),
    );
    await depot.claims();
    await depot.settle(new Set());
    for (const [index, from] of [
      [1, 0],
      [2, 0],
      [0, 1],
    ] as const)
      await assert.rejects(depot.begin(index, from), /what it should not/);
    await depot.begin(0, 0);
    await assert.rejects(depot.begin(0, 0), /what it should not/);
    await assert.rejects(depot.finish(), /less than it announced/);
    await depot.close();
  });
});

describe('a parcel', () => {
  test('of which a part was left behind goes on with it, and starts again if the part is another', async (t) => {
    const directory = await temporary(t);
    await writeFile(join(directory, 'x'), 'a'.repeat(5000) + 'b'.repeat(5000));
    const parcel = await collect([join(directory, 'x')]);
    for (const [left, bytes] of [
      ['a'.repeat(5000), 5000],
      ['c'.repeat(5000), 10_000],
      ['a'.repeat(10_001), 10_000],
      [await readFile(join(directory, 'x'), 'utf8'), 0],
    ] as const) {
      const to = join(directory, `to ${left[0]} ${left.length} ${bytes}`);
      const parts = join(to, `.millrace-${sha256('x').slice(0, 32)}`);
      await mkdir(parts, { recursive: true });
      await writeFile(join(parts, `${sha256('x').slice(0, 32)}.part`), left);
      const [a, b] = memoryChannels();
      const sentBytes = (): number =>
        a.sent.reduce((sum, each) => sum + (typeof each === 'string' ? 0 : each.byteLength), 0);
      await Promise.all([send(a, parcel), receive(b, to)]);
      assert.deepEqual(await readdir(to), ['x']);
      assert.equal(await readFile(join(to, 'x'), 'utf8'), await readFile(join(directory, 'x'), 'utf8'));
      const documents = writeManifest(parcel.entries).length + 3; // and [0]
      assert.ok(Math.abs(sentBytes() - bytes - documents) <= 1, `${sentBytes()} bytes for ${bytes}`);
    }
  });

  test('of a folder has all but names that are no UTF-8, which are counted', async (t) => {
    const directory = await temporary(t);
    await writeFile(join(directory, 'x'), 'x');
    const odd = Buffer.concat([Buffer.from(join(directory, 'odd ')), Buffer.of(0xff)]);
    const there = await writeFile(odd, 'y').then(
      () => 1,
      () => 0, // this system has no such names
    );
    const { entries, skipped } = await collect([directory]);
    assert.deepEqual([entries.length, skipped], [2, there]);
  });

  test('in which a byte changes on the way ends with 4 on both sides, and the file is not there', async (t) => {
    const directory = await temporary(t);
    await writeFile(join(directory, 'x'), 'x'.repeat(5000));
    const parcel = await collect([join(directory, 'x')]);
    const [a, b] = memoryChannels();
    let isFile = false;
    a.change = (message) => {
      if (typeof message === 'string') isFile = message.includes('"file"');
      if (typeof message === 'string' || !isFile) return message;
      const bytes = new Uint8Array(message);
      bytes[0]! ^= 1;
      return bytes.buffer;
    };
    const outcomes = await Promise.allSettled([send(a, parcel), receive(b, join(directory, 'to'))]);
    for (const outcome of outcomes)
      assert.equal((outcome as PromiseRejectedResult).reason.exitCode, EXIT.corrupt);
    assert.deepEqual(await readdir(join(directory, 'to')), []);
  });

  test('that changes while it is sent fails on both sides', async (t) => {
    const directory = await temporary(t);
    for (const [size, why] of [
      [999, /has shrunk/],
      [1001, /has grown/],
    ] as const) {
      await writeFile(join(directory, 'x'), 'x'.repeat(1000));
      const parcel = await collect([join(directory, 'x')]);
      await writeFile(join(directory, 'x'), 'x'.repeat(size));
      const [a, b] = memoryChannels();
      const outcomes = await Promise.allSettled([send(a, parcel), receive(b, join(directory, 'to'))]);
      for (const outcome of outcomes) assert.match((outcome as PromiseRejectedResult).reason.message, why);
    }
  });

  const opening = (entries: string): Array<string | Uint8Array> => [
    JSON.stringify({ type: 'manifest', bytes: entries.length }),
    Buffer.from(entries),
    '{"type":"accepted","bytes":2}',
    Buffer.from('[]'),
  ];
  const start = '{"type":"file","index":0,"from":0}';
  const one = opening('[["a",0,3]]');
  const hostile: Array<[why: string, messages: Array<string | Uint8Array>, failure: RegExp]> = [
    ['more bytes than announced', [...one, start, Buffer.from('1234')], /more than it announced/],
    ['fewer', [...one, start, Buffer.from('12'), '{"type":"end"}'], /less than it announced/],
    ['nothing at all', [...one, '{"type":"done"}'], /less than it announced/],
    ['bytes of no file', [...one, Buffer.from('1')], /does not speak/],
    ['the end of no file', [...one, '{"type":"end"}'], /does not speak/],
    ['a file of no number', [...one, '{"type":"file","index":-1,"from":0}'], /does not speak/],
    ['a file from the middle', [...one, '{"type":"file","index":0,"from":1}'], /what it should not/],
    ['a manifest without end', ['{"type":"manifest","bytes":33554433}'], /does not speak/],
    ['a manifest longer than it is', ['{"type":"manifest","bytes":1}', Buffer.from('[]')], /does not speak/],
    ['words inside a manifest', ['{"type":"manifest","bytes":2}', '[]'], /does not speak/],
    ['claims accepted that were not made', [...one.slice(0, 3), Buffer.from('x')], /does not speak/],
  ];
  for (const [why, messages, failure] of hostile)
    test(`with ${why} is refused, and nothing of it is there`, async (t) => {
      const directory = await temporary(t);
      const [a, b] = memoryChannels();
      const receiving = receive(b, directory);
      for (const message of messages) a.send(message);
      if (why.startsWith('claims')) a.send(Buffer.from('y'));
      await assert.rejects(receiving, failure);
      assert.deepEqual(
        (await readdir(directory)).filter((name) => !name.startsWith('.millrace')),
        [],
      );
    });
});
