// Hot in one method (`find`, for every datagram): the pairs of one stream, in order of priority, and by route.
// RFC 8445 §6.1.2 (forming), §6.1.2.4 (pruning), §6.1.2.5 (the limit).
import { isIpv6 } from '@millrace/stun';
import type { Candidate, LocalCandidate } from './candidate.ts';
import type { IceRole } from './options.ts';
import type { CheckPair } from './pair.ts';

/** So many pairs, the usual number, are looked through; an index would take more memory than they do. */
const FEW = 8;

export class Checklist {
  readonly #limit: number;
  #pairs: CheckPair[] = [];
  /**
   * socket, then address: no key is built to look one up. Pairs of several ports hang on each other. Made when there are more
   * than a few pairs.
   */
  #routes: Map<number, Map<string, CheckPair>> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Highest priority first. */
  get pairs(): readonly CheckPair[] {
    return this.#pairs;
  }

  /** The pair of a socket and a remote address, of which there is at most one (RFC 8445 §6.1.2.4). */
  find(socket: number, address: string, port: number): CheckPair | undefined {
    if (this.#routes === undefined) {
      for (const each of this.#pairs) {
        const { remote } = each.route;
        if (each.route.socket === socket && remote.port === port && remote.address === address) return each;
      }
      return undefined;
    }
    let pair = this.#routes.get(socket)?.get(address);
    while (pair !== undefined && pair.route.remote.port !== port) pair = pair.ofOtherPort;
    return pair;
  }

  /**
   * Whether `add` would find a place for a pair of these candidates of which nothing is known yet. Most of a thousand
   * candidates' pairs have none, and need not be made to find that out.
   */
  hasPlaceFor(base: LocalCandidate, remote: Candidate, role: IceRole): boolean {
    if (this.#pairs.length < this.#limit) return true;
    const victim = this.#expendable();
    return victim?.isBelow(base, remote, role) ?? false;
  }

  /**
   * Adds a pair whose route is new. Where the list is full, the pair with the lowest priority that nothing is
   * known of gives way, which may be the new one; `isAlive` says that the new one is known to work.
   *
   * @returns the pair that had no place, if any
   */
  add(pair: CheckPair, isAlive: boolean): CheckPair | undefined {
    let victim: CheckPair | undefined;
    if (this.#pairs.length >= this.#limit) {
      victim = this.#expendable();
      if (victim === undefined || (!isAlive && pair.compare(victim) >= 0)) return pair;
      this.remove(victim);
    }
    this.#insert(pair);
    if (this.#routes !== undefined) this.#index(pair, this.#routes);
    else if (this.#pairs.length > FEW) {
      this.#routes = new Map();
      for (const each of this.#pairs) this.#index(each, this.#routes);
    }
    return victim;
  }

  #index(pair: CheckPair, routes: Map<number, Map<string, CheckPair>>): void {
    const { socket, remote } = pair.route;
    let byAddress = routes.get(socket);
    if (byAddress === undefined) routes.set(socket, (byAddress = new Map()));
    pair.ofOtherPort = byAddress.get(remote.address);
    byAddress.set(remote.address, pair);
  }

  remove(pair: CheckPair): void {
    const { socket, remote } = pair.route;
    this.#pairs.splice(this.#pairs.indexOf(pair), 1);
    if (this.#routes === undefined) return;
    const byAddress = this.#routes.get(socket);
    const first = byAddress?.get(remote.address);
    if (first === pair) {
      if (pair.ofOtherPort === undefined) byAddress?.delete(remote.address);
      else byAddress?.set(remote.address, pair.ofOtherPort);
    } else {
      let before = first;
      while (before !== undefined && before.ofOtherPort !== pair) before = before.ofOtherPort;
      if (before !== undefined) before.ofOtherPort = pair.ofOtherPort;
    }
    pair.ofOtherPort = undefined;
  }

  /** After priorities or the role have changed. */
  prioritise(role: IceRole): void {
    for (const pair of this.#pairs) pair.prioritise(role);
    this.#pairs.sort((a, b) => a.compare(b)); // stable: of equals, the older first
  }

  /** Behind all that are as good: of equals, the older first. */
  #insert(pair: CheckPair): void {
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pair.compare(this.#pairs[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    // A copy has room for no more than there are; of a few that is the cheaper way as well.
    if (this.#pairs.length > FEW) this.#pairs.splice(low, 0, pair);
    else this.#pairs = this.#pairs.toSpliced(low, 0, pair);
  }

  /** The last pair that has failed, or was neither verified nor is being checked. */
  #expendable(): CheckPair | undefined {
    for (let i = this.#pairs.length - 1; i >= 0; i--) {
      const pair = this.#pairs[i]!;
      if (pair.state === 'failed') return pair;
      if (!pair.verified && pair.state !== 'in-progress' && pair.state !== 'succeeded') return pair;
    }
    return undefined;
  }
}

/** RFC 8445 §6.1.2.2: one transport and address family, and link-local addresses among themselves. */
export function canPair(local: LocalCandidate, remote: Candidate): boolean {
  return (
    local.transport === remote.transport &&
    (local.transport === 'udp' || canConnect(local, remote)) &&
    isIpv6(local.address) === isIpv6(remote.address) &&
    (!isIpv6(remote.address) || isLinkLocal(local.address) === isLinkLocal(remote.address))
  );
}

// RFC 6544 §6.2: active goes with passive. The other way round the pair is pruned: whoever is passive waits for the
// peer to connect, and learns the pair from its check.
function canConnect(local: LocalCandidate, remote: Candidate): boolean {
  return local.tcpType === 'active' && remote.tcpType === 'passive';
}

/** fe80::/10, of canonical text. IPv4's 169.254/16 is left out: hosts on one link reach each other anyway. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}
