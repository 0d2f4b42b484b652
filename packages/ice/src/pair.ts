// A candidate pair as others may see it. RFC 8445 §6.1.2.
import type { Millis } from '@millrace/sans-io';
import type { Candidate, LocalCandidate, Route } from './candidate.ts';

/**
 * RFC 8445 §6.1.2.6. `frozen` here means only that the peer's credentials are not known yet: with one component
 * in one stream the freezing by foundation would delay checks and share nothing.
 */
export type PairState = 'frozen' | 'waiting' | 'in-progress' | 'succeeded' | 'failed';

/** A live view: the fields change as checks go on. */
export interface CandidatePair {
  readonly local: LocalCandidate;
  readonly remote: Candidate;
  readonly route: Route;
  /** RFC 8445 §6.1.2.3; below 2^63, rounded to a double. */
  readonly priority: number;
  readonly state: PairState;
  readonly nominated: boolean;
  /** Smoothed, from checks that were sent once (Karn); `undefined` before the first. */
  readonly roundTripTime: Millis | undefined;
  /** The latest sample. */
  readonly currentRoundTripTime: Millis | undefined;
  /** The sum of all samples. */
  readonly totalRoundTripTime: Millis;
  readonly requestsSent: number;
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly responsesReceived: number;
  readonly consentRequestsSent: number;
  /** When the last response to a check came; `undefined` before the first. */
  readonly lastResponseAt: Millis | undefined;
}
