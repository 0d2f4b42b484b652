// The peer's candidates on their way to the ICE agent: those that come before their description is settled wait for it,
// hidden names are resolved first (draft-ietf-mmusic-mdns-ice-candidates §3.2), and the end of candidates waits for both.
// A generation (RFC 8445 §9) is told by its username fragment.
import type { Candidate, IceAgent } from '@millrace/ice';
import { now } from '../transport/alarm.ts';
import type { Driver } from '../transport/driver.ts';
import { isHiddenName, resolveHiddenName } from '../transport/mdns.ts';

/** Candidates kept until the answer has been set. */
const MAX_EARLY_CANDIDATES = 256;

export class RemoteCandidates {
  readonly #agent: IceAgent;
  readonly #driver: Driver;
  readonly #onPassive: () => void;
  /** The generation that has been negotiated. */
  #generation: string | undefined;
  /** The generation of which the peer will not name further candidates. */
  #ended: string | undefined;
  #early: Candidate[] = [];
  /** Candidates with hidden names that are still being resolved. */
  #resolving = 0;
  /** Stops what is still being looked up when the session ends. */
  #lookups: AbortController | undefined;

  /** `onPassive`: the peer waits for connections over TCP (RFC 6544 §6.2). */
  constructor(agent: IceAgent, driver: Driver, onPassive: () => void) {
    this.#agent = agent;
    this.#driver = driver;
    this.#onPassive = onPassive;
  }

  /** The agent has the peer's parameters of `generation`: its candidates can be checked. */
  begin(generation: string): void {
    this.#generation = generation;
    for (const candidate of this.#early.splice(0)) this.add(candidate);
    if (this.#ended !== undefined) this.end(this.#ended);
  }

  /** Before the answer has been set the candidate is kept. */
  add(candidate: Candidate): void {
    if (!this.#isNegotiated(candidate.usernameFragment)) {
      if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
      else this.#driver.drops.count('too-early');
      return;
    }
    if (!isHiddenName(candidate.address)) {
      this.#check(candidate);
      return;
    }
    this.#resolving++;
    this.#lookups ??= new AbortController();
    void resolveHiddenName(candidate.address, this.#lookups.signal).then((addresses) => {
      this.#resolving--;
      for (const address of addresses) this.#check({ ...candidate, address });
      if (this.#ended !== undefined) this.end(this.#ended);
    });
  }

  /** The peer has no more candidates of `generation`, by default that which has been negotiated. */
  end(generation?: string): void {
    this.#ended = generation ?? this.#generation ?? '';
    if (!this.#isNegotiated(generation) || this.#resolving > 0 || this.#driver.isClosed) return;
    if (this.#agent.remoteParameters === undefined) return; // of a generation that is about to be replaced
    this.#agent.endRemoteCandidates(now());
    this.#driver.wake();
  }

  /** The description that the kept candidates belong to has been rolled back. */
  forget(): void {
    this.#early = [];
    if (!this.#isNegotiated(this.#ended)) this.#ended = undefined;
  }

  close(): void {
    this.#lookups?.abort();
  }

  #isNegotiated(generation: string | undefined): boolean {
    return this.#generation !== undefined && (generation === undefined || generation === this.#generation);
  }

  #check(candidate: Candidate): void {
    if (this.#driver.isClosed) return;
    if (candidate.tcpType === 'passive') this.#onPassive();
    this.#agent.addRemoteCandidate(candidate, now());
    this.#driver.wake();
  }
}
