import type { Lacking, Trial } from '../harness/implementation.ts';
import type { Run } from '../harness/run.ts';

/** Something two implementations do together, written once and run against every peer in both roles. */
export interface Scenario {
  readonly title: string;
  /** After this many milliseconds both ends are taken for stuck, ended, and launched anew. */
  readonly patience: number;
  /** The peer puts mDNS names in the place of its addresses. Browsers use mDNS only then; `if-possible`: others do without. */
  readonly hiddenAddresses?: true | 'if-possible';
  /** Not run with a peer that lacks it. */
  readonly needs?: Lacking;
  /** Needs a peer that speaks DTLS 1.3, and millrace, which has to be told what to do with it. */
  readonly dtls13?: true;
  /** Browsers take any certificate of a TLS server's. */
  readonly anyCertificate?: true;
  /** Needs a peer that interleaves messages. */
  readonly interleaved?: true;
  /** Needs a peer with these trials, and the peer launched with them; only millrace can tell how it went. */
  readonly trials?: readonly Trial[];
  /** It matters how packets are sealed, sent and received: run once more without native speed. */
  readonly packetPath?: true;
  /** How fast something goes is claimed or measured: no other scenario runs meanwhile. */
  readonly alone?: true;
  readonly run: (run: Run) => Promise<void>;
}
