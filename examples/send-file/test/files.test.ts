import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Destination } from '../src/destination.ts';
import { EXIT } from '../src/failure.ts';
import { safeFileName } from '../src/file-name.ts';
import { openFile } from '../src/file-on-disk.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe('the name of a received file', () => {
  const cases: Array<[asked: string, given: string]> = [
    ['holiday.mp4', 'holiday.mp4'],
    ['Grüße aus Köln.txt', 'Grüße aus Köln.txt'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\windows\\system.ini', 'system.ini'],
    ['/etc/passwd', 'passwd'],
    ['C:\\x', 'x'],
    ['C:x', 'C_x'],
    ['..', 'file'],
    ['.', 'file'],
    ['', 'file'],
    ['dir/', 'file'],
    ['.bashrc', 'bashrc'],
    ['a\0b\n\u001b[31mc', 'ab[31mc'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['conout$', '_conout$'],
    ['COM¹.log', '_COM¹.log'],
    ['com10', 'com10'],
    ['trailing. . ', 'trailing'],
    [`${'x'.repeat(300)}.tar`, `${'x'.repeat(236)}.tar`],
    ['ü'.repeat(300), 'ü'.repeat(120)],
  ];
  for (const [asked, given] of cases)
    test(`${JSON.stringify(asked.slice(0, 30))} becomes ${JSON.stringify(given.slice(0, 30))}`, () =>
      assert.equal(safeFileName(asked), given));

  test('is always one plain name of a length every file system takes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.webPath(), fc.string({ maxLength: 600 })),
        (asked) => {
          const name = safeFileName(asked);
          assert.equal(basename(join('/dir', name)), name);
          assert.equal(join('/dir', name), `/dir/${name}`);
          assert.ok(name.length > 0 && Buffer.byteLength(name) <= 240 && !name.startsWith('.'));
          assert.doesNotMatch(name, /[\p{Cc}/\\]/u);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a destination', () => {
  test('shows the file only when it is complete', async (t) => {
    const directory = join(await temporary(t), 'made', 'as needed');
    const destination = await Destination.open(directory, '../a.txt', false);
    await destination.write([Buffer.from('one '), Buffer.alloc(0), Buffer.from('two')]);
    assert.equal((await readdir(directory)).includes('a.txt'), false);
    await destination.commit();
    assert.deepEqual(await readdir(directory), ['a.txt']);
    assert.equal(await readFile(destination.path, 'utf8'), 'one two');
  });

  test('refuses to replace a file unless forced, also one that appears meanwhile', async (t) => {
    const directory = await temporary(t);
    const late = await Destination.open(directory, 'a', false);
    await writeFile(join(directory, 'a'), 'old');
    await assert.rejects(Destination.open(directory, 'a', false), { exitCode: EXIT.refused });
    await assert.rejects(late.commit(), { exitCode: EXIT.refused });
    await late.discard();
    assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'old');
    const forced = await Destination.open(directory, 'a', true);
    await forced.write([Buffer.from('new')]);
    await forced.commit();
    assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'new');
    assert.deepEqual(await readdir(directory), ['a']);
  });

  test('refuses what is no file, forced or not', async (t) => {
    const directory = await temporary(t);
    await mkdir(join(directory, 'dir'));
    await symlink('/etc/passwd', join(directory, 'link'));
    for (const name of ['dir', 'link'])
      await assert.rejects(Destination.open(directory, name, true), { exitCode: EXIT.refused });
  });

  test('leaves nothing behind when it is discarded', async (t) => {
    const directory = await temporary(t);
    const destination = await Destination.open(directory, 'a', false);
    await destination.write([Buffer.from('half')]);
    await destination.discard();
    assert.deepEqual(await readdir(directory), []);
  });
});

describe('a file to be sent', () => {
  test('is read in order whatever its size', async (t) => {
    const directory = await temporary(t);
    for (const size of [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000]) {
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i >> 10) & 255));
      await writeFile(join(directory, 'x'), bytes);
      const file = await openFile(join(directory, 'x'));
      const blocks: Buffer[] = [];
      for await (const block of file.blocks) blocks.push(Buffer.from(block)); // the block itself is used again
      await file.close();
      assert.deepEqual([file.name, file.size], ['x', size]);
      assert.ok(Buffer.concat(blocks).equals(bytes));
    }
  });

  test('is a failure in one line if it is missing or no file', async (t) => {
    const directory = await temporary(t);
    await assert.rejects(openFile(join(directory, 'none')), {
      message: /'.*none' does not exist/,
      exitCode: 1,
    });
    await assert.rejects(openFile(directory), { message: /is not a file/ });
  });
});
