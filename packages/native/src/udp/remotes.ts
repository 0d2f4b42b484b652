// Hot: the address objects of the peers that send to one socket. The same peer gives the same object, so that those
// above can compare it by identity, and no packet makes a new one. A hash table with linear probing, at most half
// full. Bounded: anyone can forge sender addresses, so a table that has too many begins anew.
import { MAX_REMOTES } from '../options.ts';
import { MAX_NAME_BYTES } from './addresses.ts';
import type { UdpAddress } from './port.ts';

/** Mostly there is one peer, or none on a socket that is of no use. */
const FIRST_CAPACITY = 2;
const NO_NAMES = new Uint8Array(0);
const NO_REMOTES: Array<UdpAddress | undefined> = [];

export class Remotes {
  readonly #read: (bytes: Uint8Array, at: number) => UdpAddress;
  readonly #nameBytes: number;
  #count = 0;
  /** A power of two, once there is something. */
  #capacity = 0;
  #names = NO_NAMES;
  #remotes = NO_REMOTES;
  #last = 0; // the place of the peer that sent last: mostly there is but one

  /** `read` makes the object of a socket address, which is told apart by its first `nameBytes`. */
  constructor(nameBytes: number, read: (bytes: Uint8Array, at: number) => UdpAddress) {
    this.#nameBytes = nameBytes;
    this.#read = read;
  }

  /** Objects kept. */
  get size(): number {
    return this.#count;
  }

  /** The object for the socket address at `at`. */
  find(bytes: Uint8Array, at: number): UdpAddress {
    if (this.#capacity === 0) this.#start(FIRST_CAPACITY);
    if (this.#isAt(this.#last, bytes, at)) return this.#remotes[this.#last]!;
    let place = this.#hash(bytes, at);
    while (this.#remotes[place] !== undefined) {
      if (this.#isAt(place, bytes, at)) {
        this.#last = place;
        return this.#remotes[place]!;
      }
      place = (place + 1) & (this.#capacity - 1);
    }
    const remote = this.#read(bytes, at);
    if (this.#count === MAX_REMOTES) this.#start(FIRST_CAPACITY);
    else if (this.#count * 2 === this.#capacity) this.#grow();
    this.#last = this.#add(bytes, at, remote);
    return remote;
  }

  #add(bytes: Uint8Array, at: number, remote: UdpAddress): number {
    let place = this.#hash(bytes, at);
    while (this.#remotes[place] !== undefined) place = (place + 1) & (this.#capacity - 1);
    for (let i = 0; i < this.#nameBytes; i++) this.#names[place * MAX_NAME_BYTES + i] = bytes[at + i]!;
    this.#remotes[place] = remote;
    this.#count++;
    return place;
  }

  #grow(): void {
    const [names, remotes] = [this.#names, this.#remotes];
    this.#start(this.#capacity * 2);
    for (let i = 0; i < remotes.length; i++)
      if (remotes[i] !== undefined) this.#add(names, i * MAX_NAME_BYTES, remotes[i]!);
  }

  #start(capacity: number): void {
    this.#count = 0;
    this.#last = 0;
    this.#capacity = capacity;
    this.#names = new Uint8Array(capacity * MAX_NAME_BYTES);
    this.#remotes = new Array(capacity).fill(undefined);
  }

  #isAt(place: number, bytes: Uint8Array, at: number): boolean {
    if (this.#remotes[place] === undefined) return false;
    const from = place * MAX_NAME_BYTES;
    // From behind: the family in front is always the same.
    for (let i = this.#nameBytes - 1; i >= 0; i--) if (this.#names[from + i] !== bytes[at + i]) return false;
    return true;
  }

  #hash(bytes: Uint8Array, at: number): number {
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 2; i < this.#nameBytes; i++) hash = Math.imul(hash ^ bytes[at + i]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#capacity - 1);
  }
}
