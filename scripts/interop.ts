// npm run interop: the scenarios of interop/ against the implementations that are installed here, two at a time, with a
// table of what came out. Exits with 1 if a test failed or a required peer is missing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { readResults } from '../interop/harness/results.ts';
import { table } from '../interop/harness/table.ts';
import { readArguments } from './arguments.ts';

/** Who takes part in the scenarios; those who take longest first, so that nobody is waited for alone at the end. */
const SCENARIO_PEERS = ['chromium', 'firefox', 'aiortc', 'node-datachannel', 'werift', 'wrtc'];
/** Those with cases of their own. They know of no turns, and so come when nothing is measured any more. */
const OTHER_PEERS = [
  'nat',
  'doctor',
  'media',
  'coturn',
  'browser-drop',
  'recording',
  'openssl',
  'gnutls',
  'gstreamer',
  'ffmpeg',
];
const PEERS = [...SCENARIO_PEERS, ...OTHER_PEERS];

const USAGE = `npm run interop -- [options]
  --only PEERS      only these peers, separated by commas: ${PEERS.join(', ')}
  --scenario TEXT   only scenarios with this in their title
  --packet-path     only scenarios in which it matters how packets are sealed, sent and received
  --jobs COUNT      so many peers at a time (2); what claims or measures a speed has the machine to itself all the same
  --quick           less data where a peer is slow, fewer connections in a row
  --require PEERS   fail if one of these is not installed (otherwise it is skipped, and the reason shown)
  --subject NAME    what takes millrace's place: node-datachannel, werift or wrtc (also INTEROP_SUBJECT)
  --help`;

async function main(): Promise<void> {
  const { values } = readArguments({
    options: {
      only: { type: 'string', default: PEERS.join(',') },
      scenario: { type: 'string', default: '' },
      'packet-path': { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
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
  const jobs = Number(values.jobs);
  if (!(Number.isInteger(jobs) && jobs > 0)) {
    console.error(`--jobs takes a whole number above 0\n${USAGE}`);
    process.exit(2);
  }
  const directory = mkdtempSync(join(tmpdir(), 'millrace-interop-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const results = join(directory, 'results.jsonl');
  // node:test runs every file in a process of its own, which inherits these.
  process.env.INTEROP_SUBJECT = values.subject;
  process.env.INTEROP_SCENARIO = values.scenario;
  process.env.INTEROP_PACKET_PATH = values['packet-path'] ? '1' : '';
  process.env.INTEROP_QUICK = values.quick ? '1' : '';
  process.env.INTEROP_REQUIRE = required.join(',');
  process.env.INTEROP_RESULTS = results;
  const started = performance.now();
  const only = known(values.only);
  for (const peers of [SCENARIO_PEERS, OTHER_PEERS])
    await meet(
      peers.filter((peer) => only.includes(peer)),
      jobs,
    );
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`\n${table(values.subject, readResults(results))}\n\n${seconds} s`);
}

async function meet(peers: readonly string[], concurrency: number): Promise<void> {
  if (peers.length === 0) return;
  const files = peers.map((peer) =>
    fileURLToPath(new URL(`../interop/${peer}/${peer}.test.ts`, import.meta.url)),
  );
  const stream = run({
    files,
    concurrency, // most of the time somebody waits for a timer
    execArgv: ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:fail', () => {
    process.exitCode = 1;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
}

function known(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !PEERS.includes(name));
  if (unknown.length === 0) return names;
  console.error(`There is no peer ${unknown.join(', ')}.\n${USAGE}`);
  process.exit(2);
}

await main();
