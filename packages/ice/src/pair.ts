// Candidate pairs. RFC 8445 §6.1.2.3 (priority), §6.1.2.6 (states).
import type { Millis } from '@millrace/sans-io';
import type { Check } from './agent/check.ts';
import type { Candidate, LocalCandidate, Route } from './candidate.ts';
import type { IceRole } from './options.ts';

/**
 * RFC 8445 §6.1.2.6. `frozen` here means only that the peer's credentials are not known yet: with one component
 * in one stream, freezing by foundation would delay checks and share nothing.
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
  /** Smoothed, from checks that were sent once (Karn); until there was one, the longest that it can be; `undefined` before the first. */
  readonly roundTripTime: Millis | undefined;
  /** The latest sample. */
  readonly currentRoundTripTime: Millis | undefined;
  /** The sum of all samples. */
  readonly totalRoundTripTime: Millis;
  /** However often each was sent. */
  readonly requestsSent: number;
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly responsesReceived: number;
  readonly consentRequestsSent: number;
  /** Of the application's datagrams. */
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** When the last response to a check came; `undefined` before the first. */
  readonly lastResponseAt: Millis | undefined;
}

// The share of the past in the smoothed round trip. Samples are seconds apart, so the past counts less than in
// RFC 6298's 7/8.
const ROUND_TRIP_MEMORY = 3 / 4;

export class CheckPair implements CandidatePair {
  /** The candidate whose socket the pair uses. RFC 8445 §5.1.1: its base. */
  readonly base: LocalCandidate;
  /** The base, or the peer-reflexive candidate that the peer sees in its place. */
  local: LocalCandidate;
  remote: Candidate;
  readonly route: Route;
  state: PairState;
  nominated = false;
  /** The controlling peer has nominated the pair; it counts once our own check has succeeded. RFC 8445 §7.3.1.5 */
  useCandidateReceived = false;
  /** We are nominating the pair: its checks carry USE-CANDIDATE. */
  nominating = false;
  /** The number of the nomination that counts for us, and of those the peer has sent and we have; 0: without one. */
  nomination = 0;
  nominationReceived = 0;
  nominationSent = 0;
  /** In reserve: how many probes in a row have been answered, and how many wait for an answer. */
  probesAnswered = 0;
  probesAsked = 0;
  /** It waits in the triggered-check queue. */
  triggered = false;
  /** Integrity-checked STUN has come from its remote address. */
  verified = false;
  /** The check whose failure would be the pair's. */
  check: Check | undefined = undefined;
  /** The flight of another protocol that its checks and responses carry, and how many datagrams of it they have. */
  carriedFlight = -1;
  carried = 0;
  roundTripTime: Millis | undefined = undefined;
  currentRoundTripTime: Millis | undefined = undefined;
  /**
   * From the first sending of its first check that was answered to that answer: a round trip, and what losses have added. Alike
   * pairs are compared by it; it never changes, so nothing goes to and fro.
   */
  answeredAfter: Millis | undefined = undefined;
  totalRoundTripTime: Millis = 0;
  requestsSent = 0;
  requestsReceived = 0;
  responsesSent = 0;
  responsesReceived = 0;
  consentRequestsSent = 0;
  packetsSent = 0;
  packetsReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  lastResponseAt: Millis | undefined = undefined;
  /** The next pair of the same socket and remote address. The checklist's. */
  ofOtherPort: CheckPair | undefined = undefined;
  #isBound = false;
  /** Of the priorities of both candidates: what RFC 8445 §6.1.2.3 makes of them, in parts that stay exact. */
  #lesser = 0;
  #greater = 0;
  #controllingIsGreater: 0 | 1 = 0;

  constructor(base: LocalCandidate, remote: Candidate, role: IceRole, state: PairState) {
    this.base = base;
    this.local = base;
    this.remote = remote;
    this.route = { socket: base.socket, remote: { address: remote.address, port: remote.port } };
    this.state = state;
    this.prioritise(role);
  }

  /** Takes the candidates' priorities into account, as they are now and for our role. */
  prioritise(role: IceRole): void {
    const controlling = role === 'controlling' ? this.base.priority : this.remote.priority;
    const controlled = role === 'controlling' ? this.remote.priority : this.base.priority;
    this.#lesser = Math.min(controlling, controlled);
    this.#greater = Math.max(controlling, controlled);
    this.#controllingIsGreater = controlling > controlled ? 1 : 0;
  }

  get priority(): number {
    return 2 ** 32 * this.#lesser + 2 * this.#greater + this.#controllingIsGreater;
  }

  /**
   * Negative if this pair goes first. RFC 8445 §6.1.2.3, kept exact: the formula needs 63 bits, a double has 53.
   */
  compare(other: CheckPair): number {
    return (
      other.#lesser - this.#lesser ||
      other.#greater - this.#greater ||
      other.#controllingIsGreater - this.#controllingIsGreater
    );
  }

  /** Whether a pair of these candidates would go first: what `compare` says, without making one. */
  isBelow(base: LocalCandidate, remote: Candidate, role: IceRole): boolean {
    const lesser = Math.min(base.priority, remote.priority);
    if (lesser !== this.#lesser) return lesser > this.#lesser;
    const greater = Math.max(base.priority, remote.priority);
    if (greater !== this.#greater) return greater > this.#greater;
    const isBaseGreater = base.priority > remote.priority;
    const controllingIsGreater =
      isBaseGreater === (role === 'controlling') && base.priority !== remote.priority;
    return Number(controllingIsGreater) > this.#controllingIsGreater;
  }

  /** Of both candidates' types and transport, so that only local preferences make a difference to the priority. */
  isLike(other: CheckPair): boolean {
    return (
      this.base.type === other.base.type &&
      this.remote.type === other.remote.type &&
      this.base.transport === other.base.transport
    );
  }

  /**
   * A check that was sent more than once has been answered, nobody knows which time: no round trip was longer than this.
   * Until there is a sample that is better than nothing to set timers by.
   */
  onRoundTripWithin(bound: Millis): void {
    if (this.roundTripTime !== undefined) return;
    this.roundTripTime = bound;
    this.#isBound = true;
  }

  onRoundTrip(sample: Millis): void {
    this.currentRoundTripTime = sample;
    this.totalRoundTripTime += sample;
    const isFirst = this.roundTripTime === undefined || this.#isBound;
    this.#isBound = false;
    this.roundTripTime = isFirst
      ? sample
      : this.roundTripTime! * ROUND_TRIP_MEMORY + sample * (1 - ROUND_TRIP_MEMORY);
  }
}
