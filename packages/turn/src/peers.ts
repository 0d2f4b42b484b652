// The peers of one allocation, each with a channel of its own. RFC 8656 §12: a binding holds ten minutes and makes
// a permission of five, so it is renewed for the permission's sake. A number is never given to another peer.
import { type Millis, NEVER, ownCopy } from '@millrace/sans-io';
import type { TransportAddress } from '@millrace/stun';
import { FIRST_CHANNEL } from './options.ts';
import type { Request } from './request.ts';

/** `idle`: nothing has been sent for a while, or the server has not answered; what is sent next binds the channel anew. */
export type PeerState = 'binding' | 'bound' | 'idle' | 'refused';

export class Peer {
  readonly address: TransportAddress;
  readonly channel: number;
  state: PeerState = 'binding';
  request: Request | undefined;
  /** When the binding is renewed. */
  renewAt: Millis = NEVER;
  /** Whether anything has been sent to it since the binding was last asked for. */
  isUsed = true;
  /** Datagrams from before the channel was bound, oldest first; kept in case the request is lost or refused. */
  readonly held: Uint8Array[] = [];
  /** The first so many of them have followed the request as Send indications. */
  hurried = 0;

  constructor(address: TransportAddress, channel: number) {
    this.address = address;
    this.channel = channel;
  }

  /** Keeps at most `most`: one that has been sent gives way. False: there is no place for it. */
  hold(bytes: Uint8Array, at: number, end: number, most: number): boolean {
    if (this.held.length >= most) {
      if (this.hurried === 0) return false;
      this.held.shift();
      this.hurried--;
    }
    this.held.push(ownCopy(bytes, at, end));
    return true;
  }
}

export class Peers {
  readonly #all: Peer[] = [];
  readonly #byAddress = new Map<string, Map<number, Peer>>();
  /** The peer last asked for: most datagrams go to the same one. */
  #last: Peer | undefined;

  get all(): readonly Peer[] {
    return this.#all;
  }

  find(remote: TransportAddress): Peer | undefined {
    const last = this.#last;
    const { address, port } = remote;
    if (last !== undefined && last.address.port === port && last.address.address === address) return last;
    const found = this.#byAddress.get(address)?.get(port);
    if (found !== undefined) this.#last = found;
    return found;
  }

  /** The peer of a channel. */
  on(channel: number): Peer | undefined {
    return this.#all[channel - FIRST_CHANNEL];
  }

  add({ address, port }: TransportAddress): Peer {
    const peer = new Peer({ address, port }, FIRST_CHANNEL + this.#all.length);
    this.#all.push(peer);
    let ports = this.#byAddress.get(address);
    if (ports === undefined) this.#byAddress.set(address, (ports = new Map()));
    ports.set(port, peer);
    return peer;
  }

  clear(): void {
    this.#all.length = 0;
    this.#byAddress.clear();
    this.#last = undefined;
  }
}
