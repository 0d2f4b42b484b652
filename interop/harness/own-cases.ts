// Peers with cases of their own beside the scenarios: whether they are here, and what holds, for the table.

import { test } from 'node:test';
import { interopOptions } from './options.ts';
import { record } from './results.ts';

const options = interopOptions();

/** Defines `cases`; where something is `missing`, one test that says so instead, and fails if the peer is required. */
export function withPeer(
  peer: string,
  version: string | undefined,
  missing: string | undefined,
  cases: () => void,
): void {
  if (missing === undefined) {
    record(options.results, { kind: 'version', peer, version: version ?? 'of an unknown version' });
    cases();
    return;
  }
  record(options.results, { kind: 'missing', peer, reason: missing });
  test(`${peer} is here`, options.require.includes(peer) ? {} : { skip: missing }, () => {
    throw new Error(`${peer} is required here, but ${missing}`);
  });
}

export interface OwnClaim {
  readonly peer: string;
  /** Who does what is claimed. In the table it stands where those who offer do. */
  readonly part: 'subject' | 'peer';
  readonly claim: string;
  readonly says: string;
}

/** Runs a case, and records whether its claim holds. */
export async function claimed(claim: OwnClaim, run: () => Promise<void> | void): Promise<void> {
  let outcome: 'holds' | 'fails' = 'fails';
  try {
    await run();
    outcome = 'holds';
  } finally {
    record(options.results, { kind: 'claim', ...claim, outcome });
  }
}
