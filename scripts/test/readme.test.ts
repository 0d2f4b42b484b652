import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, readManifest, readPublicPackages, SOURCE_CONDITION } from '../workspace.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

const runModule = (source: string, cwd: string) =>
  spawnSync(process.execPath, [`--conditions=${SOURCE_CONDITION}`, '--input-type=module-typescript', '-'], {
    cwd,
    input: source,
    encoding: 'utf8',
    timeout: 200_000,
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
  for (const { name, folder } of readPublicPackages())
    test(`the first sample in that of ${name} runs as written and prints what its comments say`, () => {
      const text = readFileSync(join(ROOT, folder, 'README.md'), 'utf8');
      const sample = /^```(?:ts|js)\n([\s\S]*?)^```$/m.exec(text)?.[1];
      assert.ok(sample, 'no sample');
      const { status, stdout, stderr } = runModule(sample, join(ROOT, folder));
      assert.equal(status, 0, stderr);
      const promised = [...sample.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
      if (promised.length > 0) assert.deepEqual(stdout.trimEnd().split('\n'), promised);
    });
});

describe('the documents', () => {
  for (const document of globSync(['*.md', 'docs/*.md', 'packages/*/README.md', 'examples/*/README.md'], {
    cwd: ROOT,
  }))
    test(`${document} links to what exists`, () => {
      const text = withoutSamples(readFileSync(join(ROOT, document), 'utf8'));
      for (const [, target, heading] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)/g)) {
        const path = target === '' ? join(ROOT, document) : join(ROOT, dirname(document), target!);
        assert.ok(existsSync(path), `${document} links to ${target}`);
        if (heading === undefined || !path.endsWith('.md')) continue;
        assert.ok(anchorsOf(path).includes(heading), `${document} links to ${target}#${heading}`);
      }
    });
});

function withoutSamples(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '');
}

/** What GitHub makes of a document's headings, to be linked to. */
function anchorsOf(path: string): string[] {
  const headings = withoutSamples(readFileSync(path, 'utf8')).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
