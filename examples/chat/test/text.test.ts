import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cleanName, cleanText, MAX_NAME, MAX_TEXT } from '../src/text.ts';

describe('what others wrote', () => {
  test('keeps letters, marks and emoji', () => {
    for (const text of ['Grüße', 'שלום', '日本語', '👩‍👩‍👧 ok', 'a\u0301'])
      assert.equal(cleanText(text), text);
  });

  test('loses what would move the cursor, colour the text or turn it around', () => {
    assert.equal(cleanText('\u001b[31mred\u001b[0m'), 'red');
    assert.equal(cleanText('\u001b]0;title\u0007x'), 'x');
    assert.equal(cleanText('one\r\ntwo\tthree\b'), 'one two three');
    assert.equal(cleanText('abc\u202edef\u2066g\u061ch'), 'abc def g h');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        assert.doesNotMatch(cleanText(text), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test('is cut at the limits', () => {
    assert.equal(cleanText('x'.repeat(MAX_TEXT + 1)).length, MAX_TEXT);
    assert.equal(cleanName('x'.repeat(MAX_NAME + 1)).length, MAX_NAME);
  });

  test('always gives a name', () => {
    assert.equal(cleanName(' Ada   Lovelace\n'), 'Ada Lovelace');
    for (const name of ['', '   ', '\u001b[2J']) assert.equal(cleanName(name), 'somebody');
  });
});
