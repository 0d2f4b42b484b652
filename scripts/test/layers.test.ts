import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLayers, type WorkspaceFiles } from '../layers/rules.ts';

interface Fixture {
  readonly name?: string;
  readonly declared?: readonly string[];
  readonly published?: boolean;
  readonly files: Readonly<Record<string, string>>;
}

const ALL = ['sans-io', 'crypto', 'stun', 'ice', 'dtls']
  .map((name) => `@millrace/${name}`)
  .concat('millrace');

/** What the check says about one package among the usual ones, as `file:line rule`. */
function check({ name = '@millrace/ice', declared = [], published = true, files }: Fixture): string[] {
  const others = ALL.filter((other) => other !== name).map(
    (other): WorkspaceFiles => ({
      name: other,
      folder: `packages/${other}`,
      declared: [],
      declaredForTests: [],
      published: true,
      files: new Map(),
    }),
  );
  const folder = name === '.' ? '.' : `packages/${name.replace('@millrace/', '')}`;
  const one = {
    name,
    folder,
    declared,
    declaredForTests: ['fast-check'],
    published,
    files: new Map(Object.entries(files)),
  };
  return checkLayers([one, ...others]).map(
    (found) => `${found.file.replace(`${folder}/`, '')}:${found.line} ${found.rule}`,
  );
}

describe('the layer check catches', () => {
  test('an import against the direction, also of a type and also in a test', () => {
    const declared = ['@millrace/dtls', '@millrace/stun'];
    const files = {
      'src/a.ts': `import { isStun } from '@millrace/stun';\nimport type { DtlsConnection } from '@millrace/dtls';`,
      'test/a.test.ts': `import { DtlsConnection } from '@millrace/dtls';`,
    };
    assert.deepEqual(check({ declared, files }), ['src/a.ts:2 direction', 'test/a.test.ts:1 direction']);
  });

  test('what a test may use, as soon as the source does it', () => {
    const files = {
      'src/a.ts': `import { srtpCryptos } from '@millrace/crypto';`,
      'test/a.test.ts': `import { srtpCryptos } from '@millrace/crypto';`,
    };
    assert.deepEqual(check({ name: '@millrace/srtp', declared: ['@millrace/crypto'], files }), [
      'src/a.ts:1 direction',
    ]);
  });

  test('a lower layer that reaches for a higher one', () => {
    const files = { 'src/a.ts': `export { IceAgent } from '@millrace/ice';` };
    assert.deepEqual(check({ name: '@millrace/stun', declared: ['@millrace/ice'], files }), [
      'src/a.ts:1 direction',
    ]);
  });

  test('a dependency that the manifest does not declare', () => {
    const files = {
      'src/a.ts': `import { u16 } from '@millrace/sans-io';\nimport parse from 'sdp-transform/lib/parser.js';`,
    };
    assert.deepEqual(check({ declared: [], files }), ['src/a.ts:1 undeclared', 'src/a.ts:2 undeclared']);
  });

  test('a dependency that nothing imports, or only a test', () => {
    const declared = ['@millrace/sans-io', '@millrace/stun'];
    const files = {
      'src/a.ts': `import { u16 } from '@millrace/sans-io';`,
      'test/a.test.ts': `import { isStun } from '@millrace/stun';`,
    };
    assert.deepEqual(check({ declared, files }), ['package.json:1 unused']);
    assert.deepEqual(check({ declared, files, published: false }), []);
  });

  test('a tool for tests that is used in the source', () => {
    const files = {
      'src/a.ts': `import fc from 'fast-check';`,
      'test/a.test.ts': `import fc from 'fast-check';`,
    };
    assert.deepEqual(check({ files }), ['src/a.ts:1 undeclared']);
  });

  test("another package's source by relative path, and source outside src", () => {
    const files = {
      'src/a.ts': `import { parse } from '../../stun/src/message.ts';\nimport { pair } from '../test/pair.ts';`,
      'test/a.test.ts': `import { b } from '../src/b.ts';\nimport { c } from '../../sctp/src/c.ts';`,
    };
    assert.deepEqual(check({ files }), [
      'src/a.ts:1 foreign-source',
      'src/a.ts:2 foreign-source',
      'test/a.test.ts:2 foreign-source',
    ]);
  });

  test('what the root takes out of a package, but for the test material that fuzz targets are fed with', () => {
    const files = {
      'fuzz/a.fuzz.ts': `import { a } from '../packages/ice/test/a.ts';\nimport { b } from '../packages/ice/src/b.ts';`,
      'scripts/a.ts': `import { a } from '../packages/ice/test/a.ts';`,
    };
    assert.deepEqual(check({ name: '.', published: false, files }), [
      'fuzz/a.fuzz.ts:2 foreign-source',
      'scripts/a.ts:1 foreign-source',
    ]);
  });

  test('a package that imports itself by name', () => {
    const files = {
      'src/a.ts': `import { b } from '@millrace/ice';`,
      'test/a.test.ts': `import { b } from '@millrace/ice';`,
    };
    assert.deepEqual(check({ files }), ['src/a.ts:1 foreign-source']);
  });

  test('the simulated network in what ships, except in what ships for tests', () => {
    const files = {
      'src/a.ts': `import { Pair } from '@millrace/sans-io/testing';`,
      'src/testing/pair.ts': `import { Pair } from '@millrace/sans-io/testing';`,
    };
    assert.deepEqual(check({ declared: ['@millrace/sans-io'], files }), ['src/a.ts:1 testing-in-source']);
  });

  for (const [what, code] of [
    ['a timer', 'setTimeout(() => {}, 5);'],
    ['a timer by reference', 'const later = setImmediate;'],
    ['the wall clock', 'const now = Date.now();'],
    ['a new Date', 'const now = new Date();'],
    ['the monotonic clock', 'const now = performance.now();'],
    ['randomness', 'const x = Math.random();'],
    ['the global crypto', 'crypto.getRandomValues(bytes);'],
    ['the console', "console.log('hello');"],
    ['the process', 'process.nextTick(f);'],
    ['a global by the back door', "globalThis['Date'].now();"],
    ['a Buffer', 'const b = Buffer.alloc(4);'],
    ['a promise', 'new Promise(() => {});'],
    ['an async function', 'async function f(): unknown { return 1; }'],
    ['an async arrow', 'const f = async () => 1;'],
    ['an await', 'await f();'],
    ['Node by prefix', "import { createSocket } from 'node:dgram';"],
    ['Node without prefix', "import { createHash } from 'crypto';"],
    ['Node as a type', "import type { Socket } from 'node:dgram';"],
    ['an import that waits', "const m = import('./b.ts');"],
  ] as const) {
    test(`${what} in a protocol package, but not in the front package`, () => {
      const files = { 'src/a.ts': `// line 1\n${code}\n` };
      assert.deepEqual([...new Set(check({ files }))], ['src/a.ts:2 platform']);
      assert.deepEqual(check({ name: 'millrace', files }), []);
    });
  }

  test('a sleep and a socket in the test of a protocol package', () => {
    const files = {
      'test/a.test.ts': `import net from 'node:net';\nsetTimeout(() => {}, 5);\nconst t = performance.now();`,
    };
    assert.deepEqual(check({ files }), ['test/a.test.ts:1 platform', 'test/a.test.ts:2 platform']);
  });

  test('anything but node:crypto in the one file that may touch Node', () => {
    const files = {
      'src/node-crypto.ts': `import { createHmac } from 'node:crypto';\nimport fs from 'node:fs';\nBuffer.from(x);`,
      'src/crypto.ts': `import { createHmac } from 'node:crypto';`,
    };
    assert.deepEqual(check({ files }), ['src/node-crypto.ts:2 platform', 'src/crypto.ts:1 platform']);
  });

  test('export *', () => {
    assert.deepEqual(check({ files: { 'src/index.ts': `export * from './a.ts';` } }), [
      'src/index.ts:1 export-star',
    ]);
  });

  test('a file of more than 600 lines', () => {
    assert.deepEqual(check({ files: { 'src/a.ts': 'x;\n'.repeat(600) } }), []);
    assert.deepEqual(check({ files: { 'src/a.ts': 'x;\n'.repeat(601) } }), ['src/a.ts:600 file-length']);
  });

  test('a file without a subject', () => {
    const files = { 'src/utils.ts': '', 'src/packet/types.ts': '', 'src/datatypes.ts': '' };
    assert.deepEqual(check({ files }), ['src/utils.ts:1 file-name', 'src/packet/types.ts:1 file-name']);
  });

  test('files that import each other, unless only types cross', () => {
    const files = {
      'src/a.ts': `import { b } from './rx/b.ts';`,
      'src/rx/b.ts': `import { c } from '../c.ts';`,
      'src/c.ts': `import { a } from './a.ts';`,
      'src/d.ts': `import { e } from './e.ts';`,
      'src/e.ts': `import type { d } from './d.ts';`,
    };
    assert.deepEqual(check({ files }), ['src/c.ts:1 cycle']);
  });

  test('a published package that has no place yet', () => {
    assert.deepEqual(check({ name: '@millrace/new', files: {} }), ['package.json:1 unknown-package']);
    assert.deepEqual(check({ name: '@millrace/new', published: false, files: {} }), []);
  });
});

describe('the layer check lets pass', () => {
  test('the words in comments, strings, keys, members and types of its own', () => {
    const source = `
      // setTimeout, Date, process.env and import 'node:net' are only talked about
      const text = "Date.now() " + \`console.log(\${1}) await x\`;
      const options = { Date: 1, setTimeout: 2, crypto: 3, Promise: 4 };
      options.Date; options.crypto.seal(); this.#process.run(); a?.performance.now();
      interface Clock { performance: number; Buffer?: never }
    `;
    assert.deepEqual(check({ files: { 'src/a.ts': source } }), []);
  });

  test('a parameter or field that is named like a global', () => {
    const source = `
      class Agent {
        constructor(crypto: StunCrypto, random: RandomSource) { crypto.hmacSha1(a, b); }
      }
    `;
    assert.deepEqual(check({ files: { 'src/a.ts': source } }), []);
  });
});
