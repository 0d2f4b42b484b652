// Hot in one method (`isVerified`, for every datagram of data): the ICE agent, which hands what comes to the
// procedures beside it and writes what they have queued.
// RFC 8445 (full agent, one stream, one component), RFC 8838, RFC 7675, RFC 8863. Left out, each with a place:
// freezing (nothing to share with one component), asking STUN and TURN servers (whoever owns the sockets does, and
// hands in what they say), simultaneous-open TCP. A restart (§9) is generations.ts's, being a lite agent lite.ts's.
import { type Core, type DropCounts, type Millis, NEVER } from '@millrace/sans-io';
import {
  canonicalAddress,
  METHOD_BINDING,
  parseMessage,
  type StunMessage,
  shortTermKey,
  type TransportAddress,
  USERNAME,
  verifyFingerprint,
} from '@millrace/stun';
import type { Candidate, LocalCandidate, Route } from '../candidate.ts';
import type { IceDrop } from '../drops.ts';
import { IceError } from '../errors.ts';
import type { IceAgentOptions, IceParameters, IceRole, RemoteIceParameters } from '../options.ts';
import type { CandidatePair, CheckPair } from '../pair.ts';
import {
  addBase,
  addRemoteCandidate,
  addServerReflexive,
  type LocalCandidateInit,
  pairLites,
  releaseEarly,
  removeBase,
  type ServerReflexiveInit,
} from './candidates.ts';
import { expireChecks } from './connectivity.ts';
import { expireConsent, losePath, loseSocket, probeConsent } from './consent.ts';
import { checkParameters } from './credentials.ts';
import { Generations, type RestartOptions } from './generations.ts';
import { expireLite } from './lite-consent.ts';
import { bestValid } from './nomination.ts';
import { expireBackups } from './renomination.ts';
import { onRequest } from './requests.ts';
import { onResponse } from './responses.ts';
import { assumeRole } from './roles.ts';
import { sessionDeadline, writeNext } from './schedule.ts';
import type { IceSession, IceState } from './session.ts';

export interface IceSink {
  onStateChange(state: IceState): void;
  /** Application datagrams go another way from now on; `undefined` when there is none left. */
  onSelectedPair(pair: CandidatePair | undefined): void;
  onRoleChange(role: IceRole): void;
}

export interface IceStats {
  readonly requestsSent: number;
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly responsesReceived: number;
  readonly drops: DropCounts<IceDrop>;
  readonly pairs: readonly CandidatePair[];
  readonly localCandidates: readonly LocalCandidate[];
  readonly remoteCandidates: readonly Candidate[];
}

/** No check is longer, whatever rides on it; checksums over 64 KiB are not to be had for nothing. */
const MAX_MESSAGE_BYTES = 4_096;

const NOWHERE: Route = { socket: -1, remote: { address: '0.0.0.0', port: 0 } };

/** One side of an ICE session. */
export class IceAgent implements Core<IceSink, Route> {
  readonly #generations: Generations;
  #route: Route = NOWHERE;
  #lastVerified: CheckPair | undefined;
  /** `deadline`, kept until something changes. */
  #isStale = true;
  #deadline: Millis = NEVER;

  constructor(options: IceAgentOptions) {
    this.#generations = new Generations(options);
  }

  get #session(): IceSession {
    return this.#generations.newest;
  }

  /** Where the datagram that `transmit` has just written goes. */
  get route(): Route {
    return this.#route;
  }

  get role(): IceRole {
    return this.#session.role;
  }

  /** Whether it answers checks and sends none. RFC 8445 §2.5 */
  get isLite(): boolean {
    return this.#session.lite;
  }

  get state(): IceState {
    return this.#generations.state;
  }

  /** Of the newest generation: those that a restart has been begun with, if one has. */
  get localParameters(): IceParameters {
    return this.#session.local;
  }

  /** Our username fragments that the peer may still use: beside the newest those that a restart replaces. */
  get localFragments(): string[] {
    return this.#generations.live.map(({ local }) => local.usernameFragment);
  }

  /** Of the newest generation, as `localParameters`: `undefined` until the peer has answered. */
  get remoteParameters(): RemoteIceParameters | undefined {
    return this.#session.remote;
  }

  /** The nominated pair in use. */
  get selectedPair(): CandidatePair | undefined {
    return this.#generations.selected;
  }

  /** Where application datagrams go. */
  get selectedRoute(): Route | undefined {
    return this.#generations.selected?.route;
  }

  /** The selected route or, before there is one, the best that works: DTLS can begin there. */
  get usableRoute(): Route | undefined {
    return this.#pairInUse()?.route;
  }

  /** Smoothed over the checks of the pair in use. */
  get roundTripTime(): Millis | undefined {
    return this.#pairInUse()?.roundTripTime;
  }

  get stats(): IceStats {
    const session = this.#session;
    return {
      ...this.#generations.counts,
      drops: session.drops.counts,
      pairs: session.checklist.pairs,
      localCandidates: [...session.bases, ...session.reflexive],
      remoteCandidates: session.remotes.all,
    };
  }

  /** RFC 8445 §6.1.1: who controls follows from the offer, and is settled before checks begin. */
  setRole(role: IceRole): void {
    const session = this.#open();
    if (role === session.role) return;
    if (session.requestsSent + session.requestsReceived > 0) throw new IceError('CHECKS_BEGUN');
    assumeRole(session, role);
    this.#generations.collect();
    this.#isStale = true;
  }

  /** The peer's description has come; checks begin. */
  setRemoteParameters(parameters: RemoteIceParameters, now: Millis): void {
    const session = this.#open();
    checkParameters(parameters);
    const { usernameFragment, password, lite = false, renomination = false } = parameters;
    if (session.remote !== undefined) {
      const isSame =
        session.remote.usernameFragment === usernameFragment && session.remote.password === password;
      if (isSame) return;
      throw new IceError('REMOTE_PARAMETERS_SET');
    }
    session.remote = { usernameFragment, password, lite, renomination };
    session.remoteKey = shortTermKey(password);
    // RFC 8445 §6.1.1: of a full and a lite agent the full one controls; two lite ones keep to what `setRole` has said.
    if (session.lite !== lite) assumeRole(session, lite ? 'controlling' : 'controlled');
    if (session.lite) pairLites(session);
    releaseEarly(session);
    // RFC 8863 §3: the timer starts once both sides can check, with or without candidates.
    session.patienceUntil = now + session.tunables.patience;
    this.#generations.commit();
    this.#settle(now);
  }

  /**
   * RFC 8445 §9: begins a new generation on the same sockets, with new credentials. What has been selected goes on
   * carrying data until the new generation has selected a pair. The peer's new parameters are set as the first were.
   */
  restart(options: RestartOptions, now: Millis): void {
    this.#open();
    this.#generations.restart(options);
    this.#settle(now);
  }

  /** Takes `restart` back, as long as the peer's parameters have not been set since. Returns whether it could. */
  abandonRestart(now: Millis): boolean {
    if (!this.#generations.abandon()) return false;
    this.#settle(now);
    return true;
  }

  /** A socket is bound, or a relay ready, and can be used. Returns the candidate to be signalled. */
  addLocalCandidate(init: LocalCandidateInit, now: Millis): LocalCandidate {
    const candidate = addBase(this.#open(), init);
    this.#settle(now);
    return candidate;
  }

  /** A STUN server has seen one of our sockets. Returns the candidate to be signalled, if it tells anything new. */
  addServerReflexive(init: ServerReflexiveInit, now: Millis): LocalCandidate | undefined {
    const candidate = addServerReflexive(this.#open(), init);
    this.#settle(now);
    return candidate;
  }

  /** A server has answered what was sent to it from the socket, or by way of the relayed address that it stands for. */
  onServerRoundTrip(socket: number, roundTripTime: Millis): void {
    const { serverRoundTrips } = this.#session;
    if (this.#session.baseOf(socket) === undefined) return;
    serverRoundTrips.set(socket, Math.min(roundTripTime, serverRoundTrips.get(socket) ?? NEVER));
  }

  /** No further local candidate will come. RFC 8838 §13 */
  endLocalCandidates(now: Millis): void {
    this.#session.localEnded = true;
    this.#settle(now);
  }

  /** A signalled candidate; one that cannot be used is dropped and counted. */
  addRemoteCandidate(candidate: Candidate, now: Millis): void {
    const session = this.#generations.ofRemote(candidate.usernameFragment);
    const drop = session.isOver ? 'closed' : addRemoteCandidate(session, candidate);
    if (drop !== undefined) session.drops.count(drop);
    this.#settle(now);
  }

  /** The peer says that no further candidate will come. RFC 8838 §14 */
  endRemoteCandidates(now: Millis): void {
    this.#session.remoteEnded = true;
    this.#settle(now);
  }

  /** Whether integrity-checked STUN has come from there: only then is other data worth looking at. */
  isVerified(route: Route): boolean {
    return this.#verified(route) !== undefined;
  }

  #verified(route: Route): CheckPair | undefined {
    const { socket, remote } = route;
    const last = this.#lastVerified;
    // Compared field by field: the driver may reuse its route object.
    if (
      last?.verified &&
      last.route.socket === socket &&
      last.route.remote.port === remote.port &&
      last.route.remote.address === remote.address
    )
      return last;
    for (const session of this.#generations.live) {
      const pair = this.#find(session, route);
      if (!pair?.verified) continue;
      if (pair.route.remote.address === remote.address) this.#lastVerified = pair;
      return pair;
    }
    return undefined;
  }

  /** `bytes` of data have come by `route`: `isVerified`, and where the peer sends from is taken note of. */
  onData(route: Route, bytes: number, now: Millis): boolean {
    const before = this.#lastVerified;
    const pair = this.#verified(route);
    if (pair === undefined) return false;
    pair.packetsReceived++;
    pair.bytesReceived += bytes;
    if (pair === before || pair !== this.#lastVerified) return true;
    for (const session of this.#generations.live)
      if (session.checklist.find(route.socket, route.remote.address, route.remote.port) === pair)
        session.heard = pair;
    this.#settle(now);
    return true;
  }

  /** Datagrams of data have been sent by the route in use. */
  onDataSent(packets: number, bytes: number): void {
    const pair = this.#pairInUse();
    if (pair === undefined) return;
    pair.packetsSent += packets;
    pair.bytesSent += bytes;
  }

  /** The network says that `route` leads nowhere (ICMP, or an error of the socket). RFC 8445 §7.2.5.2.2 */
  onUnreachable(route: Route, now: Millis): void {
    for (const session of this.#generations.live) {
      const pair = this.#find(session, route);
      if (session.isOver || pair === undefined) continue;
      // An ICMP error is not authenticated: it ends a check that nobody has answered, which the peer's own check
      // revives, and of a pair in use it only raises doubts.
      if (pair === session.consentPair) {
        probeConsent(session, now);
      } else if (pair.state === 'in-progress') {
        if (pair.check !== undefined) pair.check.transaction.cancel(now);
        pair.check = undefined;
        pair.state = 'failed';
      }
    }
    this.#settle(now);
  }

  /** The TCP connection of `route` could not be made, or is no more. RFC 6544 §7.1 */
  onConnectionLost(route: Route, now: Millis): void {
    for (const session of this.#generations.live) {
      const pair = this.#find(session, route);
      if (!session.isOver && pair !== undefined) losePath(session, pair, now);
    }
    this.#settle(now);
  }

  /**
   * The address of `socket` has vanished from this host: what was selected there is `disconnected` at once, and every
   * other pair gets a new chance.
   */
  onSocketLost(socket: number, now: Millis): void {
    for (const session of this.#generations.live) loseSocket(session, socket, now);
    this.#settle(now);
  }

  /**
   * `socket` is closed, or its relay gone: its candidates and their pairs are withdrawn. What was selected there is
   * `disconnected` at once, as with `onSocketLost`, until another pair takes over.
   */
  removeSocket(socket: number, now: Millis): void {
    for (const session of this.#generations.live) {
      loseSocket(session, socket, now);
      removeBase(session, socket);
    }
    this.#settle(now);
  }

  /** Ends everything; nothing is sent any more. */
  close(_now: Millis): void {
    this.#generations.close();
    this.#isStale = true;
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): void {
    const drop = this.#take(bytes, at, end, now, route);
    if (drop !== undefined) this.#session.drops.count(drop);
  }

  #take(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): IceDrop | undefined {
    if (this.#generations.isOver) return 'closed';
    if (end - at > MAX_MESSAGE_BYTES) return 'malformed';
    const message = parseMessage(bytes, at, end);
    if (message === undefined) return 'malformed';
    // RFC 8445 §7.1: every message has a FINGERPRINT. It is cheap, so it goes before the HMAC.
    if (!verifyFingerprint(message)) return 'bad-fingerprint';
    if (message.method !== METHOD_BINDING) return 'unexpected-method';
    // RFC 8445 §11: an indication keeps a path alive and asks for nothing.
    if (message.messageClass === 'indication') return undefined;
    const session = this.#generationOf(message);
    const base = session.baseOf(route.socket);
    if (base === undefined) return 'unknown-socket';
    const from = this.#canonical(session, route);
    if (from === undefined) return 'bad-address';
    const drop =
      message.messageClass === 'request'
        ? onRequest(session, message, base, from, now)
        : onResponse(session, message, base.socket, from, now);
    this.#settle(now);
    return drop;
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    for (const session of this.#generations.live) {
      if (session.isOver) continue;
      const length = writeNext(session, out, at, end, now);
      if (length === 0) continue;
      this.#route = session.route;
      this.#isStale = true;
      return length;
    }
    return 0;
  }

  deadline(): Millis {
    if (this.#isStale) {
      this.#isStale = false;
      this.#deadline = NEVER;
      for (const session of this.#generations.live)
        this.#deadline = Math.min(this.#deadline, sessionDeadline(session));
    }
    return this.#deadline;
  }

  expire(now: Millis): void {
    if (this.#generations.isOver || now < this.deadline()) return;
    for (const session of this.#generations.live) {
      if (session.isOver) continue;
      expireChecks(session, now);
      if (session.lite) expireLite(session, now);
      else expireConsent(session, now);
      expireBackups(session, now);
      if (now < session.patienceUntil) continue;
      session.patienceUntil = NEVER;
      session.impatient = true;
    }
    this.#settle(now);
  }

  drain(sink: IceSink): boolean {
    const { events } = this.#generations;
    if (events.length === 0) return false;
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      if (event.kind === 'state') sink.onStateChange(event.state);
      else if (event.kind === 'role') sink.onRoleChange(event.role);
      else sink.onSelectedPair(event.pair);
    }
    return true;
  }

  #settle(now: Millis): void {
    this.#generations.settle(now);
    this.#isStale = true;
  }

  #pairInUse(): CheckPair | undefined {
    const { isOver, selected, newest } = this.#generations;
    return isOver ? undefined : (selected ?? bestValid(newest));
  }

  /** RFC 8445 §9: during a restart a request belongs to the session of its username, a response to that of its request. */
  #generationOf(message: StunMessage): IceSession {
    const { live, newest } = this.#generations;
    if (live.length === 1) return newest;
    if (message.messageClass === 'request') {
      const username = message.get(USERNAME) ?? '';
      for (const session of live)
        if (username.startsWith(`${session.local.usernameFragment}:`)) return session;
    } else {
      for (const session of live) if (session.checks.has(message.transactionKey)) return session;
    }
    return newest;
  }

  #find(session: IceSession, { socket, remote }: Route): CheckPair | undefined {
    const pair = session.checklist.find(socket, remote.address, remote.port);
    // A zone id is the only thing by which a socket's text differs from ours.
    if (pair !== undefined || !remote.address.includes('%')) return pair;
    return session.checklist.find(socket, canonicalAddress(remote.address) ?? '', remote.port);
  }

  #canonical(session: IceSession, route: Route): TransportAddress | undefined {
    const known = this.#find(session, route);
    if (known !== undefined) return known.route.remote;
    const { remote } = route;
    const address = canonicalAddress(remote.address);
    const isPort = Number.isInteger(remote.port) && remote.port > 0 && remote.port < 65_536;
    return address === undefined || !isPort ? undefined : { address, port: remote.port };
  }

  #open(): IceSession {
    if (this.#session.state === 'closed') throw new IceError('CLOSED');
    return this.#session;
  }
}
