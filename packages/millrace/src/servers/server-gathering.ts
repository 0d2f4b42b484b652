// Candidates that servers help to: server-reflexive ones from STUN, relayed ones from TURN. RFC 8445 §5.1.1.2.
// All servers are asked at once, from every socket that can reach them.
import { isIPv6 } from 'node:net';
import type { IceAgent, LocalCandidate, TransportAddress } from '@millrace/ice';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { TURN_ERROR, type TurnEnd } from '@millrace/turn';
import { now } from '../transport/alarm.ts';
import type { DatagramPort } from '../transport/datagram-port.ts';
import type { Driver } from '../transport/driver.ts';
import { random } from '../transport/random.ts';
import type { IceServer } from './ice-server.ts';
import { type Mapping, serverMappings } from './mapping-cache.ts';
import { serverNames } from './name-cache.ts';
import type { ServerLink } from './server-link.ts';
import { SERVER_PATIENCE, StunLink } from './stun-link.ts';
import { TurnLink } from './turn-link.ts';
import { DatagramTransport, StreamTransport, type TurnTransport } from './turn-transport.ts';

/** Where a candidate comes from (W3C webrtc-pc §4.8.1). */
export interface CandidateSource {
  readonly url: string;
  readonly relayProtocol?: 'udp' | 'tcp' | 'tls';
}

/** W3C webrtc-pc §4.8.3. */
export interface GatheringError {
  /** The local address that was asked from; `null` for a connection whose address the system chose. */
  readonly address: string | null;
  readonly port: number | null;
  readonly url: string;
  /** STUN's, or 701 if the server can't be reached. */
  readonly errorCode: number;
  readonly errorText: string;
}

export interface GatheringHost {
  readonly agent: IceAgent;
  readonly driver: Driver;
  readonly servers: readonly IceServer[];
  /** Only relayed candidates are made: RFC 8828 mode 4, W3C `iceTransportPolicy`. */
  readonly relayOnly: boolean;
  /** What servers have said before is not to be relied on. */
  readonly isDoubted: boolean;
  /** This host has an IPv4 address, and not only one for itself. */
  readonly hasIpv4: boolean;
  /** Whether the peer is to be told of an address; what is not told of is not kept. */
  mayTell(type: 'relay', address: TransportAddress, socket: number, url: string): boolean;
  /** Another socket at the address of `socket`, for a server alone. */
  openAnother(socket: number): Promise<Local | undefined>;
  /** The server at `url` is asked from one of our sockets, or it has been told why it can't be. */
  onReached(url: string): void;
  /** A server sees one of our sockets at `mapped`. */
  onMapped(socket: number, mapped: TransportAddress, url: string): void;
  onCandidate(candidate: LocalCandidate, source: CandidateSource): void;
  /**
   * `relay` is the socket of a relayed address, which the server at `url` was asked for from `socket`, or -1; `check` asks
   * whether it has the address still.
   */
  onRelay(relay: number, socket: number, url: string, check: () => Promise<boolean>): void;
  /** The server has taken the relayed address back, or does not answer any more. */
  onRelayLost(relay: number): void;
  onError(error: GatheringError): void;
}

/** W3C webrtc-pc §4.8.3: the server could not be reached. */
const UNREACHABLE = 701;
/** Questions to servers from one socket. */
const MAX_LINKS = 48;
/** RFC 8489 §10: how often one server may send us to another. */
const MAX_ALTERNATES = 2;

export interface Local {
  readonly socket: number;
  readonly address: TransportAddress;
  readonly preference: number;
}

/** At one allocation. */
interface Attempt {
  readonly family: 'ipv4' | 'ipv6';
  /** The server has refused the one that was asked for first. */
  readonly isOtherFamily: boolean;
  /** How often it was another server that we have been sent to. */
  readonly alternates: number;
  /** The socket in whose place it is asked for from another one. */
  readonly inPlaceOf?: Local;
}

export class ServerGathering {
  readonly #host: GatheringHost;
  readonly #addresses = new Map<string, Promise<readonly string[]>>();
  #links = 0;

  constructor(host: GatheringHost) {
    this.#host = host;
  }

  /** Asks every server that is asked by datagrams from this socket. Resolves when all have answered, or will not. */
  async from(local: Local): Promise<void> {
    const servers = this.#host.servers.filter(({ transport }) => transport === 'udp');
    await Promise.all(servers.map((server) => this.#askFrom(local, server)));
  }

  /** Asks the servers that want a connection of their own. */
  async overStreams(): Promise<void> {
    const servers = this.#host.servers.filter(
      ({ kind, transport }) => kind === 'turn' && transport !== 'udp',
    );
    await Promise.all(servers.map((server) => this.#askOverStream(server)));
  }

  async #askFrom(local: Local, server: IceServer): Promise<void> {
    if (server.kind === 'stun' && this.#host.relayOnly) return;
    const found = (await this.#resolve(server, local)).find(
      (address) =>
        isIPv6(address) === isIPv6(local.address.address) && canReach(local.address.address, address),
    );
    // A socket of one family has nothing to ask a server of the other.
    if (found === undefined) return;
    this.#host.onReached(server.url);
    const remote = { address: found, port: server.port };
    if (server.kind === 'stun') await this.#askStun(local, server, remote);
    else {
      const port = this.#host.driver.portOf(local.socket);
      if (port) await this.#allocate(local, server, remote, () => new DatagramTransport(port, remote));
    }
  }

  async #askStun(local: Local, server: IceServer, remote: TransportAddress): Promise<void> {
    const port = this.#host.driver.portOf(local.socket);
    if (!port || !this.#mayAsk()) return;
    const { isDoubted } = this.#host;
    const answer = await serverMappings.of(port.carrier ?? port, remote, isDoubted, () =>
      this.#query(local, port, remote),
    );
    if (answer === undefined || this.#host.driver.isClosed) return;
    if ('mapped' in answer) {
      this.#host.onMapped(local.socket, answer.mapped, server.url);
      return;
    }
    const { code = UNREACHABLE, reason = 'the STUN server does not answer' } = answer.error ?? {};
    this.#fail(local, server, code, reason);
  }

  /** `undefined`: the connection has been closed meanwhile. */
  #query({ socket }: Local, port: DatagramPort, remote: TransportAddress): Promise<Mapping | undefined> {
    return new Promise((resolve) => {
      const end = (answer: Mapping): void => {
        this.#host.driver.removeLink(link);
        resolve(answer);
      };
      const link = new StunLink(socket, port, remote, random, {
        onMapped: (mapped, roundTripTime) => {
          if (roundTripTime !== undefined) this.#host.agent.onServerRoundTrip(socket, roundTripTime);
          end({ mapped });
        },
        onFailed: (error) => end({ error }),
      });
      this.#begin(link, () => resolve(undefined));
    });
  }

  async #askOverStream(server: IceServer): Promise<void> {
    const addresses = await this.#resolve(server, undefined);
    const { host, port, transport } = server;
    const [address] = addresses;
    if (address === undefined || !this.#mayAsk()) return;
    const remote = { address, port };
    await this.#allocate(undefined, server, remote, (link, lose) => {
      const { driver } = this.#host;
      return new StreamTransport(host, addresses, port, transport === 'tls', {
        onConnected: () => {
          link().start();
          driver.wake();
        },
        onMessage: (bytes, at, end) => link().receive(bytes, at, end, now()),
        onBatchEnd: () => driver.endBatch(),
        onLost: lose,
      });
    });
  }

  /** One allocation, from `local` or over a connection of its own. */
  #allocate(
    local: Local | undefined,
    server: IceServer,
    remote: TransportAddress,
    transportFor: (link: () => TurnLink, lose: (reason: string) => void) => TurnTransport,
    attempt: Attempt = { family: this.#relayedFamily(local), isOtherFamily: false, alternates: 0 },
  ): Promise<void> {
    if (!this.#mayAsk()) return Promise.resolve();
    const { driver } = this.#host;
    const begun = now();
    const { family, isOtherFamily, alternates } = attempt;
    return new Promise((resolve) => {
      let relay = -1;
      const onEnd = (end: TurnEnd): void => {
        driver.removeLink(link);
        if (relay >= 0) this.#host.onRelayLost(relay);
        if (attempt.inPlaceOf && local && end.alternate === undefined) driver.closeSocket(local.socket);
        if (relay >= 0 || end.code === 'CLOSED') {
          resolve();
          return;
        }
        if (end.alternate !== undefined && local !== undefined && alternates < MAX_ALTERNATES) {
          const { alternate } = end;
          const port = driver.portOf(local.socket);
          if (port && canReach(local.address.address, alternate.address)) {
            const next = (): TurnTransport => new DatagramTransport(port, alternate);
            const again = { ...attempt, alternates: alternates + 1 };
            void this.#allocate(local, server, alternate, next, again).then(resolve);
            return;
          }
        }
        // RFC 8656 §7.1: the server relays for one family alone.
        if (end.errorCode === TURN_ERROR.ADDRESS_FAMILY_NOT_SUPPORTED && !isOtherFamily) {
          const other = family === 'ipv4' ? 'ipv6' : 'ipv4';
          const again = { ...attempt, family: other, isOtherFamily: true } as const;
          void this.#allocate(local, server, remote, transportFor, again).then(resolve);
          return;
        }
        // RFC 8656 §7.4: the server has an allocation of whoever was at this address and port before.
        if (end.errorCode === TURN_ERROR.ALLOCATION_MISMATCH && local && attempt.inPlaceOf === undefined) {
          void this.#allocateAnew(local, server, remote, attempt).then(resolve);
          return;
        }
        this.#fail(local, server, end.errorCode ?? UNREACHABLE, end.reason);
        resolve();
      };
      const lose = (reason: string): void => onEnd({ code: 'TIMEOUT', reason });
      const link: TurnLink = new TurnLink(
        local?.socket ?? -1,
        remote,
        transportFor(() => link, lose),
        {
          username: server.username,
          password: server.credential,
          crypto: nodeStunCrypto,
          random,
          family,
          rto: SERVER_PATIENCE.rto,
        },
        {
          onAllocated: (port, mapped) => {
            relay = this.#addRelayed(local, attempt.inPlaceOf, server, port, mapped, () => {
              const answer = link.check();
              driver.wake();
              return answer;
            });
            resolve();
            // RFC 8656 §7: refused, to learn realm and nonce, and then allocated; by TCP and TLS it takes longer.
            this.#host.agent.onServerRoundTrip(relay, (now() - begun) / 2);
            if (relay >= 0 || driver.isClosed) return;
            driver.removeLink(link);
            link.close(now());
          },
          onDatagram: (bytes, at, end, peer) => {
            if (relay >= 0) driver.onRelayed(bytes, at, end, relay, peer);
          },
          onEnd,
        },
      );
      if (local !== undefined) link.start();
      this.#begin(link, resolve);
    });
  }

  async #allocateAnew(
    local: Local,
    server: IceServer,
    remote: TransportAddress,
    attempt: Attempt,
  ): Promise<void> {
    const another = await this.#host.openAnother(local.socket);
    const port = another && this.#host.driver.portOf(another.socket);
    if (port) {
      const again = { ...attempt, inPlaceOf: local };
      await this.#allocate(another, server, remote, () => new DatagramTransport(port, remote), again);
    } else this.#fail(local, server, TURN_ERROR.ALLOCATION_MISMATCH, 'this port has an allocation already');
  }

  /**
   * That of the socket; but where IPv6 is all there is, relays are the way to those who have IPv4 alone, while those who have
   * IPv6 can be reached without.
   */
  #relayedFamily(local: Local | undefined): Attempt['family'] {
    return this.#host.hasIpv4 && isIPv6(local?.address.address ?? '') ? 'ipv6' : 'ipv4';
  }

  /** Returns the number of the relayed address's socket; -1 if it is not wanted. */
  #addRelayed(
    local: Local | undefined,
    inPlaceOf: Local | undefined,
    server: IceServer,
    port: DatagramPort,
    mapped: TransportAddress | undefined,
    check: () => Promise<boolean>,
  ): number {
    const { driver, agent, relayOnly } = this.#host;
    if (driver.isClosed) return -1;
    const from = local?.socket ?? -1;
    // The address by which another socket of ours is seen is of use for the relay alone.
    if (local !== undefined && inPlaceOf === undefined && mapped !== undefined && !relayOnly)
      this.#host.onMapped(from, mapped, server.url);
    if (!this.#host.mayTell('relay', port.local, from, server.url)) return -1;
    const socket = driver.addPort(port);
    // RFC 8839 §5.1: the related address is the mapped one; nothing of it is told where only relays may be seen.
    const hidden = isIPv6(port.local.address) ? '::' : '0.0.0.0';
    const related = relayOnly || mapped === undefined ? { address: hidden, port: 9 } : mapped;
    const init = {
      socket,
      address: port.local.address,
      port: port.local.port,
      type: 'relay',
      related,
      server: server.url,
      preference: relayPreference(server, local?.preference ?? 0),
    } as const;
    let candidate: LocalCandidate;
    try {
      candidate = agent.addLocalCandidate(init, now());
    } catch {
      driver.closeSocket(socket); // more candidates than there may be: those of before came sooner
      return -1;
    }
    this.#host.onRelay(socket, inPlaceOf?.socket ?? from, server.url, check);
    driver.wake();
    this.#host.onCandidate(candidate, { url: server.url, relayProtocol: server.transport });
    return socket;
  }

  #fail(local: Local | undefined, { url }: IceServer, errorCode: number, errorText: string): void {
    if (this.#host.driver.isClosed) return;
    const { address = null, port = null } = local?.address ?? {};
    this.#host.onError({ address, port, url, errorCode, errorText });
  }

  #mayAsk(): boolean {
    return !this.#host.driver.isClosed && this.#links++ < MAX_LINKS;
  }

  #begin(link: ServerLink, onClosed: () => void): void {
    this.#host.driver.addLink(link, onClosed);
  }

  /** A name that stands for nothing is told once. */
  #resolve(server: IceServer, local: Local | undefined): Promise<readonly string[]> {
    let found = this.#addresses.get(server.host);
    if (found === undefined) {
      found = serverNames.resolve(server.host).catch(({ message }: Error) => {
        this.#host.onReached(server.url);
        this.#fail(local, server, UNREACHABLE, message);
        return [];
      });
      this.#addresses.set(server.host, found);
    }
    return found;
  }
}

/** Loopback reaches nothing else. */
function canReach(local: string, server: string): boolean {
  const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
  return !isLoopback(local) || isLoopback(server);
}

/** Relays over UDP before those over TCP, and these before TLS: each layer adds its delays. RFC 8445 §5.1.2.1 */
function relayPreference({ transport }: IceServer, preference: number): number {
  const offset = { udp: 0x8000, tcp: 0x4000, tls: 0 }[transport];
  return offset + (preference >> 2);
}
