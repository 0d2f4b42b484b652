// The cases of a media program as tests, and as claims in the table. The side that sends counts as the one that offers.

import { describe, test } from 'node:test';
import { interopOptions } from '../harness/options.ts';
import { record } from '../harness/results.ts';

export interface MediaCase {
  readonly title: string;
  readonly sender: 'millrace' | 'peer';
  run(): Promise<void>;
}

const PATIENCE = 40_000; // ms

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
  if (reason !== undefined) {
    record(options.results, { kind: 'missing', peer, reason });
    test(`${peer} is here`, options.require.includes(peer) ? {} : { skip: reason }, () => {
      throw new Error(`${peer} is required here, but ${reason}`);
    });
    return;
  }
  record(options.results, { kind: 'version', peer, version: version ?? 'of an unknown version' });
  describe(`${peer} ${version}`, () => {
    for (const each of cases().filter(({ title }) => title.includes(options.scenario)))
      test(each.title, { timeout: PATIENCE }, async () => {
        const part = each.sender === 'millrace' ? 'subject' : 'peer';
        const claim = { kind: 'claim', peer, part, claim: 'srtp', says: each.title } as const;
        try {
          await each.run();
          record(options.results, { ...claim, outcome: 'holds' });
        } catch (error) {
          record(options.results, { ...claim, outcome: 'fails' });
          throw error;
        }
      });
  });
}
