// @millrace/dtls alone against the openssl command. The scenarios need data channels, which it has not; its cases
// count as claims in the table, with the side that is the DTLS client in the place of the one that offers.

import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { cases } from './cases.ts';
import { makeCertificates } from './certificates.ts';
import { run } from './run.ts';

const PEER = 'openssl';
const CASE_PATIENCE = 240_000; // ms

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

withPeer(PEER, version, reason, () =>
  describe(`${PEER} ${version}`, () => {
    const certificates = makeCertificates();
    const wanted = cases().filter(({ title }) => title.includes(options.scenario));
    for (const role of ['client', 'server'] as const) {
      const part = role === 'client' ? 'subject' : 'peer';
      describe(`${role === 'client' ? 'millrace' : PEER} is the client`, () => {
        for (const each of wanted.filter((one) => one.role === role)) {
          const claim = { peer: PEER, part, claim: 'dtls', says: each.title } as const;
          test(each.title, { timeout: CASE_PATIENCE }, () => claimed(claim, () => run(each, certificates)));
        }
      });
    }
  }),
);
