// A network for ICE agents in virtual time and from a seed: hosts with several addresses, paths that can be
// blocked at any moment, and the impairments of a Wire. There is no NAT: everyone sees everyone's own address.
import { type Millis, NEVER } from '@millrace/sans-io';
import { SeededRandom, Wire, type WireOptions } from '@millrace/sans-io/testing';
import type { TransportAddress } from '@millrace/stun';
import type { IceAgent, IceSink } from '../agent/agent.ts';
import type { IceState } from '../agent/session.ts';
import type { LocalCandidate } from '../candidate.ts';
import type { IceRole } from '../options.ts';
import type { CandidatePair } from '../pair.ts';

const SLOT_BYTES = 2048;
/** An agent that sends more datagrams than this at one instant, or wakes up more often, is stuck in a loop. */
const MAX_BURST = 10_000;

export interface VirtualNetworkOptions {
  readonly seed?: number;
  /** Every path is impaired like this; `VirtualNetwork.wire.options` can be changed later. */
  readonly wire?: WireOptions;
}

export interface Hop {
  readonly from: TransportAddress;
  readonly to: TransportAddress;
}

export interface HostOptions {
  /** Addresses of the host; the number of each is its socket. The first is preferred. */
  readonly addresses: readonly string[];
  /** Those of them that are relayed addresses, as if a server had given them: the numbers of their sockets. */
  readonly relayed?: readonly number[];
  /** Port of the first address, the next ones follow. Default: unique in the network. */
  readonly port?: number;
}

/** What an agent has said, as it said it. */
export type VirtualEvent =
  | { readonly at: Millis; readonly state: IceState }
  | { readonly at: Millis; readonly role: IceRole }
  | { readonly at: Millis; readonly selected: CandidatePair | undefined };

/** An agent with its sockets. */
export class VirtualHost implements IceSink {
  readonly agent: IceAgent;
  readonly sockets: readonly TransportAddress[];
  readonly candidates: readonly LocalCandidate[];
  readonly events: VirtualEvent[] = [];
  readonly #network: VirtualNetwork;

  constructor(
    network: VirtualNetwork,
    agent: IceAgent,
    sockets: readonly TransportAddress[],
    relayed: readonly number[] = [],
  ) {
    this.#network = network;
    this.agent = agent;
    this.sockets = sockets;
    this.candidates = sockets.map((at, socket) => {
      const type = relayed.includes(socket) ? 'relay' : 'host';
      return agent.addLocalCandidate({ ...at, socket, type, server: `${socket}` }, network.now);
    });
  }

  onStateChange(state: IceState): void {
    this.events.push({ at: this.#network.now, state });
  }

  onRoleChange(role: IceRole): void {
    this.events.push({ at: this.#network.now, role });
  }

  onSelectedPair(selected: CandidatePair | undefined): void {
    this.events.push({ at: this.#network.now, selected });
  }

  /** Every state so far, oldest first. */
  get states(): IceState[] {
    return this.events.flatMap((event) => ('state' in event ? [event.state] : []));
  }
}

/** Hosts, addresses and paths in virtual time, from a seed. */
export class VirtualNetwork {
  now: Millis = 0;
  readonly wire: Wire<Hop>;
  readonly hosts: VirtualHost[] = [];
  /** Whether datagrams from one address to another vanish. */
  blocked: (from: TransportAddress, to: TransportAddress) => boolean = () => false;
  /** Sees every datagram as it is sent, blocked or not. Borrowed for the call. */
  onDatagram: ((hop: Hop, bytes: Uint8Array, now: Millis) => void) | undefined;
  readonly #slot = new Uint8Array(SLOT_BYTES);
  #nextPort = 40_000;

  constructor(options: VirtualNetworkOptions = {}) {
    this.wire = new Wire<Hop>(new SeededRandom(options.seed ?? 1), options.wire);
  }

  /** Gives `agent` a host: a socket for each address, each of them a local candidate. */
  attach(agent: IceAgent, options: HostOptions): VirtualHost {
    const first = options.port ?? this.#nextPort;
    this.#nextPort = Math.max(this.#nextPort, first + options.addresses.length);
    const sockets = options.addresses.map((address, i) => ({ address, port: first + i }));
    const host = new VirtualHost(this, agent, sockets, options.relayed);
    this.hosts.push(host);
    return host;
  }

  /** Tells each agent of the other: parameters, candidates and their end, all at once. */
  introduce(a: VirtualHost, b: VirtualHost): void {
    for (const [to, from] of [
      [a, b],
      [b, a],
    ] as const) {
      const { localParameters, isLite } = from.agent;
      to.agent.setRemoteParameters({ ...localParameters, lite: isLite }, this.now);
      for (const candidate of from.candidates) to.agent.addRemoteCandidate(candidate, this.now);
      to.agent.endLocalCandidates(this.now);
      to.agent.endRemoteCandidates(this.now);
    }
  }

  /** Lets every agent act at this instant, until nothing more happens in it. */
  settle(): void {
    do for (const host of this.hosts) this.#flush(host);
    while (this.#deliver());
  }

  /** Runs for `duration` of virtual milliseconds, or until `until` says so. Returns whether it did. */
  run(duration: Millis, until?: () => boolean): boolean {
    const end = this.now + duration;
    let stuck = 0;
    for (;;) {
      this.settle();
      if (until?.()) return true;
      let next = this.wire.next();
      for (const { agent } of this.hosts) next = Math.min(next, agent.deadline());
      if (next > end || next === NEVER) {
        this.now = Math.max(this.now, end);
        return until?.() ?? false;
      }
      stuck = next > this.now ? 0 : stuck + 1;
      if (stuck > MAX_BURST) throw new Error(`an agent's deadline never moves on from ${this.now} ms`);
      this.now = Math.max(this.now, next);
      for (const { agent } of this.hosts) if (agent.deadline() <= this.now) agent.expire(this.now);
    }
  }

  /** Puts a datagram on the network that no agent has sent. */
  inject(bytes: Uint8Array, from: TransportAddress, to: TransportAddress): void {
    this.wire.send(bytes, 0, bytes.length, this.now, { from, to });
  }

  #deliver(): boolean {
    let any = false;
    for (let got = this.wire.take(this.now); got; got = this.wire.take(this.now)) {
      any = true;
      const { from, to } = got.tag;
      for (const host of this.hosts) {
        const socket = host.sockets.findIndex(
          ({ address, port }) => address === to.address && port === to.port,
        );
        if (socket < 0) continue;
        host.agent.receive(got.bytes, 0, got.bytes.length, this.now, { socket, remote: from });
        host.agent.drain(host);
      }
    }
    return any;
  }

  #flush(host: VirtualHost): void {
    const { agent } = host;
    agent.drain(host);
    for (let burst = 0; ; burst++) {
      if (burst > MAX_BURST) throw new Error(`an agent never stops sending at ${this.now} ms`);
      const length = agent.transmit(this.#slot, 0, SLOT_BYTES, this.now);
      if (length === 0) break;
      const from = host.sockets[agent.route.socket]!;
      const hop = { from, to: { ...agent.route.remote } };
      this.onDatagram?.(hop, this.#slot.subarray(0, length), this.now);
      if (!this.blocked(from, hop.to)) this.wire.send(this.#slot, 0, length, this.now, hop);
    }
    agent.drain(host);
  }
}
