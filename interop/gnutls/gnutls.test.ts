// @millrace/dtls alone against GnuTLS's commands, with DTLS 1.2: it knows no later one. As with openssl, cases count as claims.

import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { makeCertificates } from '../openssl/certificates.ts';
import { cases } from './cases.ts';
import { run } from './run.ts';

const PEER = 'gnutls';
const CASE_PATIENCE = 240_000; // ms

/** What a command prints first, or nothing if it is not there. */
function versionOf(command: string, argument: string): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return /\d+(?:\.\d+)+/.exec(execFileSync(command, [argument], { encoding: 'utf8', stdio }))?.[0];
  } catch {
    return undefined;
  }
}

const options = interopOptions();
const version = versionOf('gnutls-cli', '--version');

function whyNot(): string | undefined {
  if (options.subject !== 'millrace')
    return `its cases are for the DTLS of millrace, not of ${options.subject}`;
  if (version === undefined || versionOf('gnutls-serv', '--version') === undefined)
    return 'gnutls-cli and gnutls-serv are not installed (apt-get install gnutls-bin)';
  return versionOf('openssl', 'version') === undefined
    ? 'the openssl command, which makes the certificates, is not installed'
    : undefined;
}

withPeer(PEER, version, whyNot(), () =>
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
