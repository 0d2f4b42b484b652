// One connectivity check under way: the request's bytes, which its retransmissions repeat, and what it said.
import type { Millis } from '@millrace/sans-io';
import type { ClientTransaction } from '@millrace/stun';
import type { IceRole } from '../options.ts';
import type { CheckPair } from '../pair.ts';

export interface Check {
  readonly transaction: ClientTransaction;
  readonly pair: CheckPair;
  /** Consent checks fail for nobody: silence is judged over several of them. Nor do those that only carry something. */
  readonly purpose: 'connectivity' | 'consent' | 'carriage';
  readonly role: IceRole;
  readonly useCandidate: boolean;
  /** The NOMINATION it carried; 0: none. */
  readonly nomination: number;
  /** The PRIORITY it carried: that of the peer-reflexive candidate it may reveal. */
  readonly priority: number;
  /** The request as it was sent first. RFC 8489 §6.2.1: a retransmission is the same message. */
  bytes: Uint8Array;
  /** The peer's own check has come through since: unless this one is answered by then, another takes its place. */
  replaceAt: Millis;
  /** It waits for `transmit` to send it again. */
  resend: boolean;
}
