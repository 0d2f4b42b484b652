import type { Run } from '../harness/run.ts';

/** Something two implementations do together, written once and run against every peer in both roles. */
export interface Scenario {
  readonly title: string;
  /** After this many milliseconds both ends are taken for stuck, ended, and launched anew. */
  readonly patience: number;
  /** Needs a peer that puts mDNS names in the place of its addresses. */
  readonly hiddenAddresses?: true;
  /** Needs a peer that interleaves messages. */
  readonly interleaved?: true;
  readonly run: (run: Run) => Promise<void>;
}
