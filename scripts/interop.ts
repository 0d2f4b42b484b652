// npm run interop: the scenarios of interop/ against the implementations that are installed here, one after the
// other, with a table of what came out. Exits with 1 if a test failed or a required peer is missing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { readResults } from '../interop/harness/results.ts';
import { table } from '../interop/harness/table.ts';
import { readArguments } from './arguments.ts';

const PEERS = [
  'aiortc',
  'browser-drop',
  'chromium',
  'coturn',
  'doctor',
  'ffmpeg',
  'firefox',
  'gstreamer',
  'media',
  'nat',
  'node-datachannel',
  'openssl',
  'recording',
  'werift',
  'wrtc',
];

const USAGE = `npm run interop -- [options]
  --only PEERS      only these peers, separated by commas: ${PEERS.join(', ')}
  --scenario TEXT   only scenarios with this in their title
  --quick           less data where a peer is slow, fewer connections in a row
  --require PEERS   fail if one of these is not installed (otherwise it is skipped, and the reason shown)
  --subject NAME    what takes millrace's place: node-datachannel, werift or wrtc (also INTEROP_SUBJECT)
  --help`;

function main(): void {
  const { values } = readArguments({
    options: {
      only: { type: 'string', default: PEERS.join(',') },
      scenario: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      require: { type: 'string', default: process.env.INTEROP_REQUIRE ?? '' },
      subject: { type: 'string', default: process.env.INTEROP_SUBJECT || 'millrace' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const required = known(values.require);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-interop-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const results = join(directory, 'results.jsonl');
  // node:test runs every file in a process of its own, which inherits these.
  process.env.INTEROP_SUBJECT = values.subject;
  process.env.INTEROP_SCENARIO = values.scenario;
  process.env.INTEROP_QUICK = values.quick ? '1' : '';
  process.env.INTEROP_REQUIRE = required.join(',');
  process.env.INTEROP_RESULTS = results;
  const started = performance.now();
  const files = known(values.only).map((peer) =>
    fileURLToPath(new URL(`../interop/${peer}/${peer}.test.ts`, import.meta.url)),
  );
  const stream = run({
    files,
    concurrency: 1, // two ends already fill two cores
    execArgv: ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:fail', () => {
    process.exitCode = 1;
  });
  const shown = stream.compose(new spec());
  shown.pipe(process.stdout);
  shown.once('end', () => {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`\n${table(values.subject, readResults(results))}\n\n${seconds} s`);
  });
}

function known(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !PEERS.includes(name));
  if (unknown.length === 0) return names;
  console.error(`There is no peer ${unknown.join(', ')}.\n${USAGE}`);
  process.exit(2);
}

main();
