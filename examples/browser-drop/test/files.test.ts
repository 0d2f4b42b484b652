import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { numbered, prepareFolder, Received } from '../src/folder.ts';
import { printable } from '../src/ledger.ts';
import { lookAtFiles } from '../src/offered.ts';
import { buildSite } from '../src/site.ts';
import { MAX_OFFERS } from '../src/wire/greeting.ts';

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function receive(folder: string, name: string, text: string): Promise<string> {
  const received = await Received.open(folder, name, text.length);
  await received.write([Buffer.from(text)]);
  await received.commit();
  return received.path;
}

describe('received files', () => {
  test('never take the place of another, also when they come at the same time', async (t) => {
    const folder = await temporary(t);
    await writeFile(join(folder, 'a.txt'), 'old');
    const paths = await Promise.all(['1', '2', '3'].map((text) => receive(folder, 'a.txt', text)));
    assert.deepEqual((await readdir(folder)).sort(), ['a (1).txt', 'a (2).txt', 'a (3).txt', 'a.txt']);
    assert.equal(await readFile(join(folder, 'a.txt'), 'utf8'), 'old');
    assert.deepEqual(await Promise.all(paths.map((path) => readFile(path, 'utf8'))), ['1', '2', '3']);
  });

  test('stay in their folder whatever they are called', async (t) => {
    const folder = await temporary(t);
    for (const name of [
      '../../up',
      '/etc/passwd',
      'C:\\x',
      '..',
      '',
      '\u0000',
      'con',
      '.bashrc',
      'x'.repeat(9999),
    ])
      assert.equal(dirname(await receive(folder, name, 'x')), folder);
    for (const name of await readdir(folder)) assert.doesNotMatch(name, /^\./);
  });

  test('leave nothing when they are discarded or do not fit', async (t) => {
    const folder = await temporary(t);
    const received = await Received.open(folder, 'a', 1);
    await received.write([Buffer.from('x')]);
    await received.discard();
    await assert.rejects(Received.open(folder, 'a', Number.MAX_SAFE_INTEGER), /not enough room/);
    assert.deepEqual(await readdir(folder), []);
  });

  test('are numbered before their extension', () => {
    const names = ['a.txt', 'a', '.a', 'a.tar.gz', `a.${'x'.repeat(17)}`].map((name) => numbered(name, 2));
    assert.deepEqual(names, ['a (2).txt', 'a (2)', '.a (2)', 'a.tar (2).gz', `a.${'x'.repeat(17)} (2)`]);
    assert.equal(numbered('a.txt', 0), 'a.txt');
  });

  test('need a folder', async (t) => {
    const folder = await temporary(t);
    await prepareFolder(join(folder, 'deep', 'er'));
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(prepareFolder(join(folder, 'file')), /is not a folder/);
  });
});

describe('offered files', () => {
  test('are files that are there, and not too many', async (t) => {
    const folder = await temporary(t);
    const path = join(folder, 'a');
    await writeFile(path, 'abc');
    assert.deepEqual(await lookAtFiles([path]), [{ id: 0, path, name: 'a', size: 3 }]);
    await assert.rejects(lookAtFiles([folder]), /is not a file/);
    await assert.rejects(lookAtFiles([join(folder, 'b')]), /does not exist/);
    await assert.rejects(lookAtFiles(Array(MAX_OFFERS + 1).fill(path)), /100 files at most/);
  });
});

test('names on the terminal move nothing', () => {
  assert.equal(printable('a\u001b[2Jb\u202ec\nd'), 'ab\ufffdc\ufffdd');
});

describe('the page', () => {
  test('has all that it refers to, and nothing but JavaScript that stands alone', async () => {
    const site = await buildSite();
    const text = (path: string): string => new TextDecoder().decode(site.get(path));
    const html = text('/index.html');
    for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g))
      assert.ok(site.has(`/${path}`), path);
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| on\w+=| style=/);
    const scripts = [...site.keys()].filter((path) => path.endsWith('.js'));
    assert.ok(scripts.length > 10);
    for (const path of scripts) {
      const code = text(path);
      for (const [, specifier = ''] of code.matchAll(/^(?:import|export)\b[^'"(;]*?from '([^']+)'/gm))
        assert.ok(site.has(posix.join(posix.dirname(path), specifier)), `${path} imports ${specifier}`);
      assert.doesNotMatch(code, /innerHTML|insertAdjacentHTML|document\.write|\beval\(/);
      assert.doesNotMatch(code, /^import type|\binterface \w+ \{$/m);
    }
  });
});
