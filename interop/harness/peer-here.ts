// Whether a peer is here: its tests are defined, or one that says why not.

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
