// Candidates over TCP beside those over UDP. RFC 6544 §5.1. Active ones cost nothing until they connect, which they do
// once the peer has a passive one; passive ones are open ports, so they are only there if the application wants them.
import type { IceAgent, LocalCandidate, TransportAddress } from '@millrace/ice';
import { Drops } from '@millrace/sans-io';
import { now } from '../transport/alarm.ts';
import type { Driver } from '../transport/driver.ts';
import { openWithin } from '../transport/port-range.ts';
import { random } from '../transport/random.ts';
import { TCP_DROPS, type TcpDrop } from '../transport/tcp-connection.ts';
import { connectTcp, listenTcp, type TcpHandlers } from '../transport/tcp-port.ts';
import type { CandidatePolicy } from './candidate-policy.ts';

export type IceTcpPolicy = 'off' | 'active' | 'all';

interface Opened {
  readonly socket: number;
  readonly address: string;
}

export class TcpCandidates {
  readonly drops: Drops<TcpDrop> = new Drops(TCP_DROPS);
  readonly #agent: IceAgent;
  readonly #driver: Driver;
  readonly #policy: CandidatePolicy;
  #active: Opened[] = [];
  #passive: Opened[] = [];
  /** The peer has a passive candidate. */
  #isWanted = false;

  constructor(agent: IceAgent, driver: Driver, policy: CandidatePolicy) {
    this.#agent = agent;
    this.#driver = driver;
    this.#policy = policy;
  }

  /** Whether the peer is told of them, unless a filter says no. */
  get isTold(): boolean {
    return this.#policy.iceTcp === 'all';
  }

  /** A local address is used. Returns the candidates it has been given. */
  async open(address: string, preference: number): Promise<LocalCandidate[]> {
    const active = this.isTold || this.#isWanted ? this.#openActive(address, preference) : undefined;
    const passive = this.isTold ? await this.#openPassive(address, preference) : undefined;
    return [active, passive].filter((candidate) => candidate !== undefined);
  }

  /** The peer has a passive candidate: it is connected to from all of our addresses. Returns the candidates for it. */
  want(
    locals: ReadonlyArray<{ readonly address: TransportAddress; readonly preference: number }>,
  ): LocalCandidate[] {
    if (this.#policy.iceTcp === 'off' || this.#isWanted) return [];
    this.#isWanted = true;
    return locals
      .map(({ address, preference }) => this.#openActive(address.address, preference))
      .filter((candidate) => candidate !== undefined);
  }

  /** The sockets of addresses that are not in `present`, which are forgotten. */
  takeGone(present: ReadonlySet<string>): number[] {
    const gone = [...this.#active, ...this.#passive].filter(({ address }) => !present.has(address));
    this.#active = this.#active.filter(({ address }) => present.has(address));
    this.#passive = this.#passive.filter(({ address }) => present.has(address));
    return gone.map(({ socket }) => socket);
  }

  #openActive(address: string, preference: number): LocalCandidate | undefined {
    if (this.#driver.isClosed || this.#active.some((each) => each.address === address)) return undefined;
    const route = { socket: -1, remote: { address: '', port: 0 } };
    const port = connectTcp(address, this.drops, this.#handlers(route));
    route.socket = this.#driver.addPort(port);
    this.#active.push({ socket: route.socket, address });
    return this.#add({ socket: route.socket, address, port: port.local.port, preference, tcpType: 'active' });
  }

  async #openPassive(address: string, preference: number): Promise<LocalCandidate | undefined> {
    if (this.#passive.some((each) => each.address === address)) return undefined;
    const route = { socket: -1, remote: { address: '', port: 0 } };
    // An address at which nobody may listen gives no candidate; the others do.
    const port = await openWithin(this.#policy.portRange, random, (port) =>
      listenTcp(address, port, this.drops, this.#handlers(route)),
    ).catch(() => undefined);
    if (port === undefined) return undefined;
    if (this.#driver.isClosed) {
      port.close();
      return undefined;
    }
    route.socket = this.#driver.addPort(port);
    this.#passive.push({ socket: route.socket, address });
    return this.#add({ socket: route.socket, ...port.local, preference, tcpType: 'passive' });
  }

  #add(init: Parameters<IceAgent['addLocalCandidate']>[0]): LocalCandidate | undefined {
    try {
      const candidate = this.#agent.addLocalCandidate(init, now());
      this.#driver.wake();
      return candidate;
    } catch {
      this.#driver.closeSocket(init.socket); // more candidates than there may be: UDP's came first
      return undefined;
    }
  }

  /** `route` is one for the port's life, so that no datagram costs an object. */
  #handlers(route: { socket: number; remote: TransportAddress }): TcpHandlers {
    const set = (remote: TransportAddress): typeof route => {
      route.remote = remote;
      return route;
    };
    return {
      onDatagram: (bytes, at, end, remote) => this.#driver.onArrived(bytes, at, end, set(remote)),
      onBatchEnd: () => this.#driver.endBatch(),
      onWritable: () => this.#driver.wake(),
      isVerified: (remote) => this.#agent.isVerified(set(remote)),
      onConnectionLost: (remote) => {
        if (this.#driver.isClosed) return;
        this.#agent.onConnectionLost(set(remote), now());
        this.#driver.wake();
      },
    };
  }
}
