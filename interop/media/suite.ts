// The cases of a media program as tests, and as claims in the table. The side that sends counts as the one that offers.

import { describe, test } from 'node:test';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';

export interface MediaCase {
  readonly title: string;
  readonly sender: 'millrace' | 'peer';
  run(): Promise<void>;
}

const PATIENCE = 300_000; // ms

/** `missing`: what is not installed, if anything. */
export function mediaSuite(
  peer: string,
  version: string | undefined,
  missing: string | undefined,
  cases: () => readonly MediaCase[],
): void {
  const options = interopOptions();
  const reason =
    options.subject === 'millrace'
      ? missing
      : `its cases are for the SRTP of millrace, not of ${options.subject}`;
  withPeer(peer, version, reason, () =>
    describe(`${peer} ${version}`, () => {
      for (const each of cases().filter(({ title }) => title.includes(options.scenario))) {
        const part = each.sender === 'millrace' ? 'subject' : 'peer';
        const claim = { peer, part, claim: 'srtp', says: each.title } as const;
        test(each.title, { timeout: PATIENCE }, () => claimed(claim, () => each.run()));
      }
    }),
  );
}
