// Cases of a peer's own, beside the scenarios, as claims in the table.

import { interopOptions } from './options.ts';
import { record } from './results.ts';

const options = interopOptions();

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
