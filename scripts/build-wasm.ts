// `npm run wasm [-- --check]`: builds the WebAssembly modules from their AssemblyScript sources and writes each as
// base64 into a TypeScript file beside its user. The same sources and compiler give the same bytes: with --check
// nothing is written, and it fails if a file differs from what the sources give.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { ROOT } from './workspace.ts';

interface Module {
  readonly source: string;
  readonly output: string;
  /** The constant in `output`. */
  readonly name: string;
  /** Where data of the compiler's own would go, if there were any: behind what the source lays out itself. */
  readonly memoryBase: number;
  readonly features: readonly string[];
}

const MODULES: readonly Module[] = [
  {
    source: 'packages/crypto/wasm/chacha20-poly1305.ts',
    output: 'packages/crypto/src/wasm/chacha20-poly1305.wasm.ts',
    name: 'CHACHA20_POLY1305_WASM',
    memoryBase: 0x2000,
    features: ['simd'],
  },
  {
    source: 'packages/crypto/wasm/aes-gcm.ts',
    output: 'packages/crypto/src/wasm/aes-gcm.wasm.ts',
    name: 'AES_GCM_WASM',
    memoryBase: 0x2000,
    features: ['simd', 'relaxed-simd'],
  },
  {
    source: 'packages/crypto/wasm/aes-block.ts',
    output: 'packages/crypto/src/wasm/aes-block.wasm.ts',
    name: 'AES_BLOCK_WASM',
    memoryBase: 0x14800,
    features: ['simd'],
  },
  {
    source: 'packages/crypto/wasm/crc32c.ts',
    output: 'packages/crypto/src/wasm/crc32c.wasm.ts',
    name: 'CRC32C_WASM',
    memoryBase: 0x14300,
    features: ['simd', 'relaxed-simd'],
  },
  {
    source: 'packages/crypto/wasm/hmac-sha1.ts',
    output: 'packages/crypto/src/wasm/hmac-sha1.wasm.ts',
    name: 'HMAC_SHA1_WASM',
    memoryBase: 0x14780,
    features: ['simd'],
  },
  {
    source: 'packages/signaling/wasm/base64.ts',
    output: 'packages/signaling/src/records/base64.wasm.ts',
    name: 'BASE64_WASM',
    memoryBase: 0xf000,
    features: ['simd'],
  },
  {
    source: 'examples/tunnel/wasm/json-scan.ts',
    output: 'examples/tunnel/src/request-shape/json-scan.wasm.ts',
    name: 'JSON_SCAN_WASM',
    memoryBase: 0xff00,
    features: ['simd'],
  },
];

const { values } = readArguments({ options: { check: { type: 'boolean', default: false } } });
const scratch = mkdtempSync(join(tmpdir(), 'wasm-'));
let failures = 0;
try {
  for (const module of MODULES) build(module);
} finally {
  rmSync(scratch, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;

function build(module: Module): void {
  const binary = join(scratch, 'module.wasm');
  const run = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/assemblyscript/bin/asc.js'),
      module.source,
      ...[
        '--outFile',
        binary,
        '--runtime',
        'stub',
        '--optimizeLevel',
        '3',
        '--shrinkLevel',
        '0',
        '--converge',
      ],
      ...['--noAssert', '--importMemory', '--use', 'abort=', '--memoryBase', String(module.memoryBase)],
      ...module.features.flatMap((feature) => ['--enable', feature]),
    ],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (run.status !== 0) {
    failures++;
    console.error(`${module.source} does not compile:\n${run.stdout}${run.stderr}`);
    return;
  }
  const bytes = readFileSync(binary);
  const text = render(module, bytes);
  const path = join(ROOT, module.output);
  if (values.check && text !== readOrEmpty(path)) {
    failures++;
    console.error(`${module.output} is not what ${module.source} gives: run npm run wasm and commit it`);
  } else if (!values.check) writeFileSync(path, text);
  console.log(`wasm: ${module.source}, ${bytes.length} bytes`);
}

function render({ source, name }: Module, bytes: Buffer): string {
  return [
    `// Generated from ${source.split('/').slice(2).join('/')} by npm run wasm; do not edit. WebAssembly in base64, ${bytes.length} bytes.`,
    '',
    '// biome-ignore format: one line',
    `export const ${name}: string = '${bytes.toString('base64')}';`,
    '',
  ].join('\n');
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
