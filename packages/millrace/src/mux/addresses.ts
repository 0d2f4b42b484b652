// Hot in one method (`find`, for every datagram of data): which connection a remote address belongs to, on one socket.
// Only addresses that a connection's agent has verified come in here, and each connection has a bounded number of them.
import type { TransportAddress } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';

export interface BoundAddress<Owner> {
  readonly address: string;
  readonly port: number;
  owner: Owner;
  /** When its last check came. */
  heardAt: Millis;
}

export class AddressTable<Owner extends { readonly addresses: Set<BoundAddress<Owner>> }> {
  /** Address, then port: no key is built to look one up. */
  readonly #byAddress = new Map<string, Map<number, BoundAddress<Owner>>>();
  readonly #maxPerOwner: number;
  readonly #hold: Millis;
  #size = 0;

  constructor(maxPerOwner: number, hold: Millis) {
    this.#maxPerOwner = maxPerOwner;
    this.#hold = hold;
  }

  get size(): number {
    return this.#size;
  }

  find(remote: TransportAddress): Owner | undefined {
    return this.#byAddress.get(remote.address)?.get(remote.port)?.owner;
  }

  /**
   * `owner` has been shown to be at `remote`, by a check that came just now. False if the address is another's, whose
   * peer has checked from there too and not long ago: sender addresses can be forged, and no connection is to take
   * away another's datagrams.
   */
  bind(remote: TransportAddress, owner: Owner, now: Millis): boolean {
    const known = this.#byAddress.get(remote.address)?.get(remote.port);
    if (known !== undefined) {
      if (known.owner !== owner) {
        if (now - known.heardAt < this.#hold) return false;
        known.owner.addresses.delete(known);
        known.owner = owner;
        this.#makeRoom(owner);
      } else owner.addresses.delete(known); // to the end
      known.heardAt = now;
      owner.addresses.add(known);
      return true;
    }
    this.#add(remote, owner, now);
    return true;
  }

  /** Nothing has shown that `owner` is at `remote`: it is, until a check shows something else, if nobody else is. */
  claim(remote: TransportAddress, owner: Owner): void {
    if (this.find(remote) === undefined) this.#add(remote, owner, Number.NEGATIVE_INFINITY);
  }

  #add({ address, port }: TransportAddress, owner: Owner, heardAt: Millis): void {
    this.#makeRoom(owner);
    const bound = { address, port, owner, heardAt };
    let byPort = this.#byAddress.get(address);
    if (byPort === undefined) this.#byAddress.set(address, (byPort = new Map()));
    byPort.set(port, bound);
    owner.addresses.add(bound);
    this.#size++;
  }

  /** The connection has gone. */
  release(owner: Owner): void {
    for (const bound of owner.addresses) this.#remove(bound);
    owner.addresses.clear();
  }

  #makeRoom(owner: Owner): void {
    if (owner.addresses.size < this.#maxPerOwner) return;
    for (const oldest of owner.addresses) {
      owner.addresses.delete(oldest);
      this.#remove(oldest);
      return;
    }
  }

  #remove({ address, port }: BoundAddress<Owner>): void {
    const byPort = this.#byAddress.get(address);
    byPort?.delete(port);
    if (byPort?.size === 0) this.#byAddress.delete(address);
    this.#size--;
  }
}
