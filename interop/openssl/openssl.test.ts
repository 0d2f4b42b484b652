// @millrace/dtls alone against the openssl command. The scenarios need data channels, which it has not; its cases
// count as claims in the table, with the side that is the DTLS client in the place of the one that offers.

import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { interopOptions } from '../harness/options.ts';
import { record } from '../harness/results.ts';
import { type Case, cases } from './cases.ts';
import { makeCertificates } from './certificates.ts';
import { run } from './run.ts';

const PEER = 'openssl';
const CASE_PATIENCE = 30_000; // ms

/** What the command says it is; LibreSSL goes by the same name and takes other arguments. */
function opensslVersion(): string | undefined {
  try {
    const printed = execFileSync('openssl', ['version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /^OpenSSL (\d+(?:\.\w+)+)/.exec(printed)?.[1];
  } catch {
    return undefined;
  }
}

const options = interopOptions();
const version = opensslVersion();
const reason =
  options.subject === 'millrace'
    ? version === undefined
      ? 'the openssl command of OpenSSL is not installed'
      : undefined
    : `its cases are for the DTLS of millrace, not of ${options.subject}`;

if (reason !== undefined) {
  record(options.results, { kind: 'missing', peer: PEER, reason });
  test(`${PEER} is here`, options.require.includes(PEER) ? {} : { skip: reason }, () => {
    throw new Error(`${PEER} is required here, but ${reason}`);
  });
} else {
  record(options.results, { kind: 'version', peer: PEER, version: version! });
  describe(`${PEER} ${version}`, () => {
    const certificates = makeCertificates();
    const wanted = cases().filter(({ title }) => title.includes(options.scenario));
    for (const role of ['client', 'server'] as const) {
      describe(`${role === 'client' ? 'millrace' : PEER} is the client`, () => {
        for (const each of wanted.filter((one) => one.role === role))
          test(each.title, { timeout: CASE_PATIENCE }, () => recorded(each, run(each, certificates)));
      });
    }
  });
}

async function recorded(each: Case, running: Promise<void>): Promise<void> {
  const claim = { kind: 'claim', peer: PEER, part: each.role === 'client' ? 'subject' : 'peer' } as const;
  try {
    await running;
    record(options.results, { ...claim, claim: 'dtls', says: each.title, outcome: 'holds' });
  } catch (error) {
    record(options.results, { ...claim, claim: 'dtls', says: each.title, outcome: 'fails' });
    throw error;
  }
}
