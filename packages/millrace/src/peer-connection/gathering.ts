// The local candidates of one connection: a socket for each local address (RFC 8445 §5.1.1.1), and what servers say
// of it (§5.1.1.2). Each ICE restart gathers anew, from the sockets that are there. A pool (W3C webrtc-pc §4.2.1,
// RFC 8829 §3.5.4) is the same, begun earlier and not told of yet; continual gathering is the same, gone on with.
import { isIPv4 } from 'node:net';
import type { Candidate, IceAgent, IceParameters, LocalCandidate, TransportAddress } from '@millrace/ice';
import { LeanMap, LeanSet, type Millis } from '@millrace/sans-io';
import type { IceServer } from '../servers/ice-server.ts';
import { type CandidateSource, type GatheringError, ServerGathering } from '../servers/server-gathering.ts';
import { watchAddresses } from '../transport/address-watch.ts';
import { now } from '../transport/alarm.ts';
import type { Driver } from '../transport/driver.ts';
import { isPresent } from '../transport/local-addresses.ts';
import type { LocalCandidateInfo } from './candidate-options.ts';
import { CandidatePolicy, type PolicyOptions } from './candidate-policy.ts';
import { TcpCandidates } from './tcp-candidates.ts';

interface LocalSocket {
  readonly socket: number;
  readonly address: TransportAddress;
  readonly interfaceName: string;
  readonly preference: number;
}

interface Relay {
  /** The number of the relayed address, and of the socket its server is asked from; -1 for a connection of its own. */
  readonly relay: number;
  readonly socket: number;
  readonly url: string;
  /** Asks the server whether the address is there still. */
  check(): Promise<boolean>;
}

export interface GatheringObserver {
  /** `source`: which server has helped to it. */
  onLocalCandidate(candidate: Candidate, source?: CandidateSource): void;
  /** One that has been told is withdrawn. */
  onLocalCandidateGone(candidate: Candidate): void;
  onGatheringError(error: GatheringError): void;
  /** Of the generation that `usernameFragment` names. */
  onGathered(usernameFragment: string): void;
}

interface GatheringTimings {
  gatheringStarted: Millis | undefined;
  gathered: Millis | undefined;
}

/** W3C webrtc-pc §4.8.3: not from a server. */
const NOT_REACHED = 701;

export class Gathering {
  readonly tcp: TcpCandidates;
  readonly #agent: IceAgent;
  readonly #driver: Driver;
  readonly #timings: GatheringTimings;
  readonly #policy: CandidatePolicy;
  readonly #observer: GatheringObserver;
  /** Sockets by the address they are bound to, also those that are being opened. */
  readonly #locals = new Map<string, Promise<LocalSocket | undefined>>();
  /** What is known of our candidates beyond themselves, for when a restart tells of them again. */
  readonly #sources = new LeanMap<string, CandidateSource>();
  /** Each restart gathers anew. */
  #generation = 0;
  /** Each pool that is discarded ends one: what was asked for it is not told any more. */
  #epoch = 0;
  /** The path was in trouble when the restart began: what servers have said may not hold any more. */
  #isDoubted = false;
  #hasBegun = false;
  #isDone = false;
  #wasDone = false;
  /** What was gathered for before candidates were asked for: its servers, its end, and what is to be told of it. */
  #pool: { readonly isOver: Promise<void>; readonly errors: GatheringError[] } | undefined;
  #servers: readonly IceServer[] = [];
  /** Of those the URLs that could be asked. */
  readonly #reached = new LeanSet<string>();
  #relayOnly = false;
  #sockets: LocalSocket[] = [];
  /** Sockets whose host candidate is kept to ourselves. */
  readonly #hidden = new LeanSet<number>();
  #relays: Relay[] = [];
  #stopWatching: (() => void) | undefined;

  constructor(
    agent: IceAgent,
    driver: Driver,
    timings: GatheringTimings,
    options: PolicyOptions,
    observer: GatheringObserver,
  ) {
    this.#agent = agent;
    this.#driver = driver;
    this.#timings = timings;
    this.#policy = new CandidatePolicy(options);
    this.#observer = observer;
    this.tcp = new TcpCandidates(agent, driver, this.#policy);
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** As the peer is told of them. RFC 8445 §5.3: peer-reflexive ones are not signaled. */
  get candidates(): readonly LocalCandidate[] {
    return this.#agent.stats.localCandidates
      .filter(({ type, socket }) => type !== 'prflx' && !(type === 'host' && this.#hidden.has(socket)))
      .map((candidate) => this.#policy.told(candidate));
  }

  /**
   * RFC 8445 §9: other credentials on the same sockets. `run` tells of the candidates. W3C webrtc-pc §4.4.1.6: from then on
   * it is relayed addresses alone, if `relayOnly`; what carries data until then goes on doing so.
   */
  restart(local: IceParameters, relayOnly: boolean): void {
    const { state } = this.#agent;
    this.#isDoubted = state === 'disconnected' || state === 'failed';
    const gone = this.#takeGone(this.#policy.addresses());
    const without = new Set(gone);
    if (relayOnly) {
      const isRelay = (socket: number): boolean => this.#relays.some(({ relay }) => relay === socket);
      for (const { socket } of this.#agent.stats.localCandidates) if (!isRelay(socket)) without.add(socket);
    }
    this.#agent.restart({ local, without }, now());
    this.#closeSockets(gone);
    this.#generation++;
    this.#pool = undefined;
    this.#hasBegun = false;
    this.#wasDone = this.#isDone;
    this.#isDone = false;
  }

  abandonRestart(): void {
    if (!this.#hasBegun) this.#isDone = this.#wasDone;
    this.#hasBegun = true;
  }

  /** W3C webrtc-pc §4.2.1 `iceCandidatePoolSize`: gathers already, and tells nobody until `run` is called. */
  prepare(servers: readonly IceServer[], relayOnly: boolean): void {
    if (this.#hasBegun || this.#driver.isClosed) return;
    this.discard();
    this.#servers = this.#policy.servers(servers);
    this.#relayOnly = relayOnly;
    this.#pool = { isOver: this.#collect(), errors: [] };
  }

  /** What `prepare` has gathered is of no use any more. */
  discard(): void {
    if (this.#hasBegun || this.#pool === undefined) return;
    this.#pool = undefined;
    this.#epoch++;
    this.#locals.clear();
    const all = new Set(this.#sockets.map(({ socket }) => socket));
    for (const { relay } of this.#relays) all.add(relay);
    for (const socket of this.tcp.takeGone(new Set())) all.add(socket);
    for (const socket of all) this.#agent.removeSocket(socket, now());
    this.#closeSockets(all);
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
    for (const candidate of this.candidates)
      this.#observer.onLocalCandidate(candidate, this.#sources.get(placeOf(candidate)));
    for (const error of this.#pool?.errors ?? []) this.#observer.onGatheringError(error);
    if (this.#policy.isContinual) this.watch();
    if (this.#pool) await this.#pool.isOver;
    else {
      this.#servers = this.#policy.servers(servers);
      this.#relayOnly = relayOnly;
      await this.#collect();
    }
    if (this.#driver.isClosed || generation !== this.#generation) return;
    this.#timings.gathered ??= now();
    if (this.#policy.isContinual) return;
    this.#isDone = true;
    this.#agent.endLocalCandidates(now());
    this.#driver.wake();
    this.#observer.onGathered(this.#agent.localParameters.usernameFragment);
  }

  /** From now on notices when addresses come and go. */
  watch(): void {
    this.#stopWatching ??= watchAddresses(() => this.#onAddresses());
  }

  close(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#policy.close();
  }

  /** As the peer is told of it. */
  told(candidate: LocalCandidate): LocalCandidate {
    return this.#policy.told(candidate);
  }

  /** The server that has helped to a candidate, as it is told; none for those of this host. */
  sourceOf(told: LocalCandidate): CandidateSource | undefined {
    return told.type === 'host' ? undefined : this.#sources.get(placeOf(told));
  }

  async #collect(): Promise<void> {
    const epoch = this.#epoch;
    const generation = this.#generation;
    this.#reached.clear();
    // An allocation outlives a restart: a second one from the same socket would be refused (RFC 8656 §7.2).
    const streams = this.#missing(-1);
    await Promise.all([
      this.#renew(-1, (servers) => this.#asking(servers).overStreams()),
      ...this.#policy
        .addresses()
        .map(({ address, interfaceName }, index) => this.#from(address, interfaceName, index)),
      ...(streams.length > 0 ? [this.#asking(streams).overStreams()] : []),
    ]);
    if (epoch === this.#epoch && generation === this.#generation) this.#tellUnreached();
  }

  /** A server of one family is out of reach for a host that has the other alone; and `stuns` is of no use to anybody. */
  #tellUnreached(): void {
    if (this.#driver.isClosed) return;
    for (const { kind, transport, url } of this.#servers) {
      if ((kind === 'turn' && transport !== 'udp') || (kind === 'stun' && this.#relayOnly)) continue;
      if (this.#reached.has(url) || this.#relays.some((each) => each.url === url)) continue;
      const errorText =
        transport === 'udp'
          ? 'no address of this host leads to the server'
          : 'STUN over TLS tells nothing of an address for UDP: it is not asked';
      this.#fail({ address: null, port: null, url, errorCode: NOT_REACHED, errorText });
    }
  }

  /** The path is in trouble: where a server has lost an address of ours, it is asked for another. */
  async #renew(from: number, ask: (servers: readonly IceServer[]) => Promise<void>): Promise<void> {
    if (!this.#isDoubted) return;
    const kept = this.#relays.filter(({ socket }) => socket === from);
    const again = async ({ url, check }: Relay): Promise<void> => {
      const isThere = await check();
      const servers = this.#servers.filter((server) => server.url === url);
      if (!isThere && !this.#driver.isClosed) await ask(servers);
    };
    await Promise.all(kept.map(again));
  }

  #missing(from: number): readonly IceServer[] {
    const isKept = (url: string): boolean =>
      this.#relays.some((each) => each.socket === from && each.url === url);
    return this.#servers.filter(({ url }) => !isKept(url));
  }

  async #from(address: string, interfaceName: string, index: number): Promise<void> {
    const isNew = !this.#locals.has(address);
    const opening = this.#locals.get(address) ?? this.#open(address, interfaceName, index);
    this.#locals.set(address, opening);
    const local = await opening;
    if (this.#locals.get(address) !== opening) {
      // Meanwhile the address has gone, or the pool it was for.
      if (isNew && local) this.#driver.closeSocket(local.socket);
      return;
    }
    if (!local) {
      this.#locals.delete(address);
      return;
    }
    let tcp: Promise<void> | undefined;
    if (isNew) this.#sockets.push(local);
    // Those of before may have been for relays alone.
    if (isNew || !this.#isBase(local.socket)) {
      this.#addHost(local);
      tcp = this.#addTcp(local);
    }
    const asked = this.#missing(local.socket);
    await Promise.all([
      this.#renew(local.socket, (servers) => this.#asking(servers).from(local)),
      ...(asked.length > 0 ? [this.#asking(asked).from(local)] : []),
    ]);
    await tcp;
  }

  #asking(servers: readonly IceServer[]): ServerGathering {
    const epoch = this.#epoch;
    return new ServerGathering({
      agent: this.#agent,
      driver: this.#driver,
      servers,
      relayOnly: this.#relayOnly,
      isDoubted: this.#isDoubted,
      hasIpv4: [...this.#locals.keys()].some((each) => isIPv4(each) && !each.startsWith('127.')),
      mayTell: (type, address, socket, url) =>
        epoch === this.#epoch && this.#mayTell(type, address, socket, url),
      openAnother: (socket) => this.#openAnother(socket),
      onReached: (url) => this.#reached.add(url),
      onMapped: (socket, mapped, url) => this.#addReflexive(socket, mapped, url),
      onCandidate: (candidate, source) => this.#tell(candidate, source),
      onRelay: (relay, socket, url, check) => this.#relays.push({ relay, socket, url, check }),
      onRelayLost: (relay) => this.#withdraw(new Set([relay])),
      onError: (error) => this.#fail(error),
    });
  }

  #tell(candidate: LocalCandidate, source?: CandidateSource): void {
    const told = this.#policy.told(candidate);
    if (source) this.#sources.set(placeOf(told), source);
    if (this.#hasBegun) this.#observer.onLocalCandidate(told, source);
  }

  #fail(error: GatheringError): void {
    if (this.#hasBegun) this.#observer.onGatheringError(error);
    else this.#pool?.errors.push(error);
  }

  #mayTell(
    type: LocalCandidateInfo['type'],
    { address, port }: TransportAddress,
    socket: number,
    url?: string,
    protocol: LocalCandidateInfo['protocol'] = 'udp',
  ): boolean {
    const local = this.#sockets.find((each) => each.socket === socket);
    const { interfaceName } = local ?? {};
    return this.#policy.mayTell({
      type,
      protocol,
      address,
      port,
      base: local?.address.address,
      interfaceName,
      url,
    });
  }

  async #open(address: string, interfaceName: string, index: number): Promise<LocalSocket | undefined> {
    const range = this.#policy.portRange;
    // An address that can't be bound (just removed, or not ours to use) gives no candidate; the others do.
    const opened = await this.#driver.openSocket(address, range).catch(({ code }) => {
      if (range === undefined || code === 'EADDRNOTAVAIL') return;
      const errorText = `no UDP port from ${range.min} to ${range.max} could be had (${code})`;
      this.#fail({ address, port: null, url: '', errorCode: NOT_REACHED, errorText });
    });
    if (!opened) return undefined;
    // RFC 8421 §4: the order in which the system lists its addresses stands in for their precedence.
    return { socket: opened.socket, address: opened.local, interfaceName, preference: 65_535 - index };
  }

  async #openAnother(socket: number): Promise<LocalSocket | undefined> {
    const epoch = this.#epoch;
    const like = this.#sockets.find((each) => each.socket === socket);
    if (!like) return undefined;
    const { address, interfaceName, preference } = like;
    const opened = await this.#open(address.address, interfaceName, 65_535 - preference);
    if (!opened) return undefined;
    if (epoch !== this.#epoch || !this.#sockets.includes(like)) {
      this.#driver.closeSocket(opened.socket);
      return undefined;
    }
    this.#sockets.push(opened);
    return opened;
  }

  #addHost(local: LocalSocket): void {
    if (this.#relayOnly || this.#driver.isClosed) return;
    const { socket, address } = local;
    const shown = this.#policy.shownAs(address.address);
    if (shown !== undefined && this.#mayTell('host', { address: shown, port: address.port }, socket))
      this.#tellBase(local);
    const added = this.#policy.additionTo(address.address);
    if (added !== undefined) this.#addReflexive(socket, { address: added, port: address.port }, undefined);
  }

  async #addTcp(local: LocalSocket): Promise<void> {
    if (this.#relayOnly || this.#driver.isClosed || !this.#policy.makes('host')) return;
    const { address } = local.address;
    const shown = this.#policy.shownAs(address);
    for (const candidate of await this.tcp.open(address, local.preference)) {
      const isTold =
        this.tcp.isTold &&
        shown !== undefined &&
        this.#mayTell('host', { ...candidate, address: shown }, local.socket, undefined, 'tcp');
      if (isTold) this.#tell(candidate);
      else this.#hidden.add(candidate.socket);
    }
  }

  /** The peer waits for connections over TCP. RFC 6544 §6.2 */
  onPassiveRemote(): void {
    if (this.#relayOnly || !this.#policy.makes('host')) return;
    for (const { socket } of this.tcp.want(this.#sockets)) this.#hidden.add(socket);
  }

  #tellBase(local: LocalSocket): void {
    const candidate = this.#addBase(local);
    if (candidate) this.#tell(candidate);
  }

  #addBase({ socket, address, preference }: LocalSocket): LocalCandidate | undefined {
    try {
      const candidate = this.#agent.addLocalCandidate(
        { socket, ...address, type: 'host', preference },
        now(),
      );
      this.#driver.wake();
      return candidate;
    } catch {
      return undefined; // more candidates than there may be: relays came first
    }
  }

  /** `url`: of the server that sees us there; without it a rule of the application says so. */
  #addReflexive(socket: number, mapped: TransportAddress, url: string | undefined): void {
    const local = this.#sockets.find((each) => each.socket === socket);
    if (!local || this.#driver.isClosed || !this.#mayTell('srflx', mapped, socket, url)) return;
    const replaced = this.#policy.replacementOf(local.address.address);
    // RFC 8445 §5.1.3: the host candidate has this address already.
    if (replaced === mapped.address && mapped.port === local.address.port) return;
    if (!this.#isBase(socket)) {
      this.#hidden.add(socket);
      this.#addBase(local);
    }
    const hidesBase = this.#hidden.has(socket) || replaced !== undefined || this.#policy.hidesHosts;
    const init = { socket, mapped, server: url ?? 'rewriting', hidesBase };
    const candidate = this.#agent.addServerReflexive(init, now());
    this.#driver.wake();
    if (candidate) this.#tell(candidate, url === undefined ? undefined : { url });
  }

  #isBase(socket: number): boolean {
    return this.#agent.stats.localCandidates.some((each) => each.type === 'host' && each.socket === socket);
  }

  #onAddresses(): void {
    const at = now();
    if (this.#driver.isClosed) return;
    if (!this.#policy.isContinual || !this.#hasBegun) {
      // A path from an address that has gone is `disconnected` now, not when the peer has been silent for a while.
      const socket = this.#agent.selectedRoute?.socket;
      const local = this.#sockets.find((each) => each.socket === socket);
      if (local && !isPresent(local.address.address)) this.#agent.onSocketLost(local.socket, at);
      this.#driver.wake();
      return;
    }
    const addresses = this.#policy.addresses();
    const gone = this.#takeGone(addresses);
    if (gone.size > 0) this.#withdraw(gone);
    for (const [index, { address, interfaceName }] of addresses.entries())
      if (!this.#locals.has(address)) void this.#from(address, interfaceName, index);
  }

  /** The sockets whose addresses are none of `addresses`, and the relays that are reached by them; no longer ours to reuse. */
  #takeGone(addresses: ReadonlyArray<{ readonly address: string }>): Set<number> {
    const present = new Set(addresses.map(({ address }) => address));
    const gone = new Set<number>();
    for (const { socket, address } of this.#sockets) if (!present.has(address.address)) gone.add(socket);
    for (const socket of this.tcp.takeGone(present)) gone.add(socket);
    for (const { relay, socket } of this.#relays) if (gone.has(socket)) gone.add(relay);
    for (const address of this.#locals.keys()) if (!present.has(address)) this.#locals.delete(address);
    return gone;
  }

  #withdraw(gone: ReadonlySet<number>): void {
    if (this.#driver.isClosed) return;
    const withdrawn = this.candidates.filter(({ socket }) => gone.has(socket));
    for (const socket of gone) this.#agent.removeSocket(socket, now());
    this.#closeSockets(gone);
    this.#driver.wake();
    if (this.#hasBegun) for (const candidate of withdrawn) this.#observer.onLocalCandidateGone(candidate);
  }

  #closeSockets(gone: ReadonlySet<number>): void {
    this.#sockets = this.#sockets.filter(({ socket }) => !gone.has(socket));
    this.#relays = this.#relays.filter(({ relay }) => !gone.has(relay));
    for (const socket of gone) {
      this.#hidden.delete(socket);
      this.#driver.closeSocket(socket);
    }
  }
}

function placeOf({ address, port }: TransportAddress): string {
  return `${address} ${port}`;
}
