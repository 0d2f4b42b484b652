// The peer's candidates, in the order in which they came, and by their place: a peer that trickles a thousand must not
// have us compare each with all others.
import type { Candidate, CandidateTransport } from '../candidate.ts';

export class RemoteCandidates {
  readonly #all: Candidate[] = [];
  readonly #byPlace = new Map<string, Candidate>();

  get all(): readonly Candidate[] {
    return this.#all;
  }

  /** The one at this place, of which there is at most one (RFC 8838 §11). */
  at(address: string, port: number, transport: CandidateTransport): Candidate | undefined {
    return this.#byPlace.get(placeOf(address, port, transport));
  }

  /** Its place is free. */
  add(candidate: Candidate): void {
    this.#all.push(candidate);
    this.#byPlace.set(placeOf(candidate.address, candidate.port, candidate.transport), candidate);
  }

  /** At the same place. */
  replace(known: Candidate, by: Candidate): void {
    this.#all[this.#all.indexOf(known)] = by;
    this.#byPlace.set(placeOf(by.address, by.port, by.transport), by);
  }

  remove(candidate: Candidate): void {
    this.#all.splice(this.#all.indexOf(candidate), 1);
    this.#byPlace.delete(placeOf(candidate.address, candidate.port, candidate.transport));
  }
}

function placeOf(address: string, port: number, transport: CandidateTransport): string {
  return `${transport} ${address} ${port}`;
}
