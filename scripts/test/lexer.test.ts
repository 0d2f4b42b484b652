import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findImports, maskSource } from '../layers/lexer.ts';

const imports = (source: string): string[] =>
  findImports(source, maskSource(source)).map(
    (found) => `${found.line} ${found.kind}${found.typeOnly ? ' type' : ''} ${found.specifier}`,
  );

describe('the lexer behind the layer check', () => {
  test('finds every form of import and export', () => {
    const source = [
      `import a from 'a';`,
      `import { b, type B } from "b";`,
      `import * as c from './c.ts';`,
      `import type { D } from '../d.ts';`,
      `import 'e';`,
      `import f, { type F } from 'f';`,
      `export { g } from 'g';`,
      `export * from 'h';`,
      `export * as i from 'i';`,
      `export type { J } from 'j';`,
      `const k = await import('k');`,
      `import {`,
      `  l,`,
      `  m,`,
      `} from 'l';`,
      `import type from 'n';`,
    ].join('\n');
    assert.deepEqual(imports(source), [
      '1 import a',
      '2 import b',
      '3 import ./c.ts',
      '4 import type ../d.ts',
      '5 import e',
      '6 import f',
      '7 export g',
      '8 export-star h',
      '9 export i',
      '10 export type j',
      '11 dynamic k',
      '12 import l',
      '16 import n',
    ]);
  });

  test('sees no import in comments, strings, templates and regular expressions', () => {
    const source = [
      `// import { a } from 'a';`,
      `/* import 'b'; */`,
      `const c = "import 'c'";`,
      "const d = `import 'd' ${1} import 'd'`;",
      `const e = /import 'e'/;`,
      `export const f = 'from';`,
      `export function g(): void {}`,
      `const h = { import: 'h', from: 'h' };`,
    ].join('\n');
    assert.deepEqual(imports(source), []);
  });

  test('keeps the code inside a template and what follows it', () => {
    const masked = maskSource('const a = `x ${f({ y: `deep ${z}` })} w`; Date.now();');
    assert.match(masked, /f\(\{ y: `\s+\$\{z\}` \}\)/);
    assert.match(masked, /Date\.now\(\)/);
    assert.doesNotMatch(masked, /deep|x/);
  });

  test('keeps the length and the lines of what it masks', () => {
    const source = `/* one\ntwo */ 'it''s' /* three */\n"a\\"b" // end`;
    const masked = maskSource(source);
    assert.equal(masked.length, source.length);
    assert.equal(masked.split('\n').length, source.split('\n').length);
  });

  test('tells a division from a regular expression', () => {
    assert.match(maskSource(`const a = b / c; const d = 'e' / f;`), /b \/ c;/);
    assert.doesNotMatch(maskSource(`const a = (x: string) => /Date/.test(x);`), /Date/);
    assert.doesNotMatch(maskSource(`return /[/'"]Date/u.test(x);`), /Date/);
  });
});
