// The peer's candidates, in the order in which they came, and by their place: a peer that trickles a thousand must not
// have us compare each with all others.
import type { Candidate, CandidateTransport } from '../candidate.ts';

/** So many, the usual ones, are compared with each other; an index would take more memory than they do. */
const FEW = 8;

export class RemoteCandidates {
  #all: Candidate[] = [];
  /** Made when there are more than a few. */
  #byPlace: Map<string, Candidate> | undefined;

  get all(): readonly Candidate[] {
    return this.#all;
  }

  /** The one at this place, of which there is at most one (RFC 8838 §11). */
  at(address: string, port: number, transport: CandidateTransport): Candidate | undefined {
    if (this.#byPlace !== undefined) return this.#byPlace.get(placeOf(address, port, transport));
    for (const each of this.#all)
      if (each.address === address && each.port === port && each.transport === transport) return each;
    return undefined;
  }

  /** Its place is free. */
  add(candidate: Candidate): void {
    if (this.#all.length < FEW)
      this.#all = this.#all.concat(candidate); // which, unlike push, takes room for no more
    else this.#all.push(candidate);
    if (this.#byPlace !== undefined) this.#index(candidate);
    else if (this.#all.length > FEW) {
      this.#byPlace = new Map();
      for (const each of this.#all) this.#index(each);
    }
  }

  /** At the same place. */
  replace(known: Candidate, by: Candidate): void {
    this.#all = this.#all.with(this.#all.indexOf(known), by);
    this.#index(by);
  }

  remove(candidate: Candidate): void {
    this.#all = this.#all.toSpliced(this.#all.indexOf(candidate), 1);
    this.#byPlace?.delete(placeOf(candidate.address, candidate.port, candidate.transport));
  }

  #index(candidate: Candidate): void {
    this.#byPlace?.set(placeOf(candidate.address, candidate.port, candidate.transport), candidate);
  }
}

function placeOf(address: string, port: number, transport: CandidateTransport): string {
  return `${transport} ${address} ${port}`;
}
