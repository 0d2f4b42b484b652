import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, readManifest, SOURCE_CONDITION } from '../workspace.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

const runModule = (source: string, cwd: string) =>
  spawnSync(process.execPath, [`--conditions=${SOURCE_CONDITION}`, '--input-type=module', '-'], {
    cwd,
    input: source,
    encoding: 'utf8',
    timeout: 30_000,
  });

describe('the README', () => {
  test('has a sample of 15 lines that runs as written and ends by itself', () => {
    const sample = /^```js\n([\s\S]*?)^```$/m.exec(readme)?.[1];
    assert.ok(sample, 'no js block');
    assert.equal(sample.trim().split('\n').length, 15);
    const { status, signal, stdout, stderr } = runModule(sample, ROOT);
    assert.equal(stdout, 'Hello yourself\n', stderr);
    assert.deepEqual([status, signal], [0, null], stderr);
  });

  test('names only npm scripts that exist', () => {
    const scripts = Object.keys((readManifest('.') as { scripts?: object }).scripts ?? {});
    for (const document of ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: ROOT })])
      for (const [, name] of readFileSync(join(ROOT, document), 'utf8').matchAll(/npm run ([\w-]+)/g))
        assert.ok(scripts.includes(name!), `${document} names npm run ${name}`);
  });
});

describe('the READMEs of packages', () => {
  test('that of sctp has a sample that runs as written', () => {
    const folder = join(ROOT, 'packages/sctp');
    const sample = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1];
    const { stdout, stderr } = runModule(sample ?? '', folder);
    assert.equal(stdout, 'hello\n', stderr);
  });
});

describe('the documents', () => {
  for (const document of globSync(['*.md', 'docs/*.md', 'packages/*/README.md', 'examples/*/README.md'], {
    cwd: ROOT,
  }))
    test(`${document} links to what exists`, () => {
      const text = readFileSync(join(ROOT, document), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
        assert.ok(existsSync(join(ROOT, dirname(document), target!)), `${document} links to ${target}`);
    });
});
