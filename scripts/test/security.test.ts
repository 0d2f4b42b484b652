// docs/security.md claims nothing without a test: each claim names at least one, and each that is named is there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../workspace.ts';

const NOTES = 'docs/security.md';
const notes = readFileSync(join(ROOT, NOTES), 'utf8');
const LINK = /\[([^\]]+)\]\((\.\.\/[^)\s]+\.test\.ts)\)/g;

/** A claim is an item of a list, with the lines that go on with it. */
const claims = notes.split(/^(?=- |#)/m).filter((part) => part.startsWith('- '));

describe('the security notes', () => {
  test('name a test for each claim', () => {
    assert.ok(claims.length > 20, `${claims.length} claims`);
    for (const claim of claims) assert.match(claim, new RegExp(LINK.source), claim);
  });

  for (const [, title = '', path = ''] of notes.matchAll(LINK)) {
    test(`${path.split('/').at(-1)}: ${title}`, () => {
      const file = normalize(join(ROOT, 'docs', path));
      assert.ok(existsSync(file), `${path} does not exist`);
      // A title in the notes is the whole name, or its beginning up to an ellipsis; ${...} stands as it is in the source.
      const wanted = title.endsWith('…') ? title.slice(0, -1).trimEnd() : title;
      const source = readFileSync(file, 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(wanted), `${path} has no test named '${wanted}'`);
    });
  }
});
