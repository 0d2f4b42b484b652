// The local candidates of one connection: a socket for each local address (RFC 8445 §5.1.1.1), and what servers say
// of it (§5.1.1.2). Each ICE restart gathers anew, from the sockets that are there.
import type { Candidate, IceAgent, IceParameters, TransportAddress } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import type { IceServer } from '../servers/ice-server.ts';
import { type CandidateSource, type GatheringError, ServerGathering } from '../servers/server-gathering.ts';
import { queueTask } from '../task-queue.ts';
import { now } from '../transport/alarm.ts';
import type { Driver } from '../transport/driver.ts';
import { isPresent, type LocalAddress, localAddresses } from '../transport/local-addresses.ts';
import type { MillraceConfiguration } from './configuration.ts';

interface LocalSocket {
  readonly socket: number;
  readonly address: TransportAddress;
  readonly preference: number;
}

export interface GatheringObserver {
  /** `source`: which server has helped to it. */
  onLocalCandidate(candidate: Candidate, source?: CandidateSource): void;
  onGatheringError(error: GatheringError): void;
  /** Of the generation that `usernameFragment` names. */
  onGathered(usernameFragment: string): void;
}

interface GatheringTimings {
  gatheringStarted: Millis | undefined;
  gathered: Millis | undefined;
}

export class Gathering {
  readonly #agent: IceAgent;
  readonly #driver: Driver;
  readonly #timings: GatheringTimings;
  readonly #options: Pick<MillraceConfiguration, 'loopback' | 'addressFilter'>;
  readonly #observer: GatheringObserver;
  /** Sockets by the address they are bound to, also those that are being opened. */
  readonly #locals = new Map<string, Promise<LocalSocket | undefined>>();
  /** What is known of our candidates beyond themselves, for when a restart tells of them again. */
  readonly #sources = new Map<string, CandidateSource>();
  /** Each restart gathers anew. */
  #generation = 0;
  #hasBegun = false;
  #isDone = false;
  #wasDone = false;
  #sockets: LocalSocket[] = [];
  /** Relayed addresses, by the number of each and of the socket its server is asked from. */
  readonly #relays: Array<{ readonly relay: number; readonly socket: number; readonly url: string }> = [];

  constructor(
    agent: IceAgent,
    driver: Driver,
    timings: GatheringTimings,
    options: Pick<MillraceConfiguration, 'loopback' | 'addressFilter'>,
    observer: GatheringObserver,
  ) {
    this.#agent = agent;
    this.#driver = driver;
    this.#timings = timings;
    this.#options = options;
    this.#observer = observer;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** RFC 8445 §9: other credentials on the same sockets. `run` tells of the candidates. */
  restart(local: IceParameters): void {
    const present = new Set(this.#addresses().map(({ address }) => address));
    const without = new Set<number>();
    this.#sockets = this.#sockets.filter(({ socket, address }) => {
      if (!present.has(address.address)) without.add(socket);
      return !without.has(socket);
    });
    for (const address of this.#locals.keys()) if (!present.has(address)) this.#locals.delete(address);
    for (const { relay, socket } of this.#relays) if (without.has(socket)) without.add(relay);
    this.#agent.restart({ local, without }, now());
    for (const socket of without) this.#driver.closeSocket(socket);
    this.#generation++;
    this.#hasBegun = false;
    this.#wasDone = this.#isDone;
    this.#isDone = false;
  }

  abandonRestart(): void {
    if (!this.#hasBegun) this.#isDone = this.#wasDone;
    this.#hasBegun = true;
  }

  /**
   * Opens a socket on every local address and makes it a host candidate, unless only relayed ones may be seen; asks
   * all servers from all sockets. Over when every one has answered, or will not. After a restart what there is is told
   * of again, and only what is missing is opened and asked for.
   */
  async run(servers: readonly IceServer[], relayOnly: boolean): Promise<void> {
    if (this.#hasBegun || this.#driver.isClosed) return;
    this.#hasBegun = true;
    this.#timings.gatheringStarted ??= now();
    const generation = this.#generation;
    const tell = (candidate: Candidate, source?: CandidateSource): void => {
      if (source) this.#sources.set(`${candidate.address} ${candidate.port}`, source);
      this.#observer.onLocalCandidate(candidate, source);
    };
    for (const candidate of this.#agent.stats.localCandidates)
      if (candidate.type !== 'prflx')
        tell(candidate, this.#sources.get(`${candidate.address} ${candidate.port}`));
    const gathering = (asked: readonly IceServer[]): ServerGathering =>
      new ServerGathering({
        agent: this.#agent,
        driver: this.#driver,
        servers: asked,
        relayOnly,
        onCandidate: tell,
        onRelay: (relay, socket, url) => this.#relays.push({ relay, socket, url }),
        onError: (error) => this.#observer.onGatheringError(error),
      });
    // An allocation outlives a restart: a second one from the same socket would be refused (RFC 8656 §7.2).
    const isKept = new Set(this.#relays.map(({ socket, url }) => `${socket} ${url}`));
    const all = gathering(servers);
    const from = async (address: string, index: number): Promise<void> => {
      const isNew = !this.#locals.has(address);
      const opening = this.#locals.get(address) ?? this.#open(address, index);
      this.#locals.set(address, opening);
      const local = await opening;
      if (!local) {
        this.#locals.delete(address);
        return;
      }
      if (isNew) this.#addHost(local, relayOnly, tell);
      const asked = servers.filter(({ url }) => !isKept.has(`${local.socket} ${url}`));
      if (asked.length > 0) await (asked.length === servers.length ? all : gathering(asked)).from(local);
    };
    const streams = servers.filter(({ url }) => !isKept.has(`-1 ${url}`));
    await Promise.all([
      ...this.#addresses().map(({ address }, index) => from(address, index)),
      ...(streams.length > 0 ? [gathering(streams).overStreams()] : []),
    ]);
    if (this.#driver.isClosed || generation !== this.#generation) return;
    this.#timings.gathered ??= now();
    this.#isDone = true;
    this.#agent.endLocalCandidates(now());
    this.#driver.wake();
    this.#observer.onGathered(this.#agent.localParameters.usernameFragment);
  }

  /** A path from an address that has gone is `disconnected` now, not when the peer has been silent for a while. */
  checkAddresses(at: Millis): void {
    const socket = this.#agent.selectedRoute?.socket;
    const local = this.#sockets.find((each) => each.socket === socket);
    if (local && !isPresent(local.address.address)) this.#agent.onSocketLost(local.socket, at);
  }

  #addresses(): LocalAddress[] {
    return localAddresses(this.#options.loopback ?? false, (address, name) => this.#mayUse(address, name));
  }

  /** A filter that throws is a listener that throws: reported as such, and the address stays private. */
  #mayUse(address: string, interfaceName: string): boolean {
    try {
      return this.#options.addressFilter?.(address, interfaceName) ?? true;
    } catch (error) {
      queueTask(rethrow, error);
      return false;
    }
  }

  async #open(address: string, index: number): Promise<LocalSocket | undefined> {
    // An address that can't be bound (just removed, or not ours to use) gives no candidate; the others do.
    const opened = await this.#driver.openSocket(address).catch(() => undefined);
    if (!opened) return undefined;
    // RFC 8421 §4: the order in which the system lists its addresses stands in for their precedence.
    const local = { socket: opened.socket, address: opened.local, preference: 65_535 - index };
    this.#sockets.push(local);
    return local;
  }

  #addHost(
    { socket, address, preference }: LocalSocket,
    relayOnly: boolean,
    tell: (candidate: Candidate) => void,
  ): void {
    if (relayOnly || this.#driver.isClosed) return;
    const candidate = this.#agent.addLocalCandidate({ socket, ...address, type: 'host', preference }, now());
    this.#driver.wake();
    tell(candidate);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
