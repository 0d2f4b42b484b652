// Hot in one method (`isVerified`, for every datagram of data): the ICE agent, which hands what comes to the
// procedures beside it and writes what they have queued.
// RFC 8445 (full agent, one stream, one component), RFC 8838, RFC 7675, RFC 8863. Left out, each with a place:
// freezing (nothing to share with one component), asking STUN and TURN servers (whoever owns the sockets does, and
// hands in what they say), TCP, restart (a second `IceSession`), being a lite agent.
import { type Core, type DropCounts, type Millis, NEVER } from '@millrace/sans-io';
import {
  canonicalAddress,
  METHOD_BINDING,
  parseMessage,
  shortTermKey,
  type TransportAddress,
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
  releaseEarly,
  type ServerReflexiveInit,
} from './candidates.ts';
import { settle } from './conclusion.ts';
import {
  checksDeadline,
  expireChecks,
  nextOrdinary,
  nextTriggered,
  writeCheck,
  writeResend,
} from './connectivity.ts';
import { consentDeadline, expireConsent, onConsentSent, probeConsent } from './consent.ts';
import { checkParameters } from './credentials.ts';
import { bestValid } from './nomination.ts';
import { writeReply } from './replies.ts';
import { onRequest } from './requests.ts';
import { onResponse } from './responses.ts';
import { assumeRole } from './roles.ts';
import { IceSession, type IceState } from './session.ts';

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

const NOWHERE: Route = { socket: -1, remote: { address: '0.0.0.0', port: 0 } };

export class IceAgent implements Core<IceSink, Route> {
  readonly #session: IceSession;
  #route: Route = NOWHERE;
  #lastVerified: CheckPair | undefined;
  /** `deadline` and the next ordinary pair, kept until something changes. */
  #isStale = true;
  #deadline: Millis = NEVER;
  #ordinary: CheckPair | undefined;

  constructor(options: IceAgentOptions) {
    this.#session = new IceSession(options);
  }

  /** Where the datagram that `transmit` has just written goes. */
  get route(): Route {
    return this.#route;
  }

  get role(): IceRole {
    return this.#session.role;
  }

  get state(): IceState {
    return this.#session.state;
  }

  get localParameters(): IceParameters {
    return this.#session.local;
  }

  get remoteParameters(): RemoteIceParameters | undefined {
    return this.#session.remote;
  }

  /** The nominated pair in use. */
  get selectedPair(): CandidatePair | undefined {
    return this.#session.selected;
  }

  /** Where application datagrams go. */
  get selectedRoute(): Route | undefined {
    return this.#session.selected?.route;
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
      requestsSent: session.requestsSent,
      requestsReceived: session.requestsReceived,
      responsesSent: session.responsesSent,
      responsesReceived: session.responsesReceived,
      drops: session.drops.counts,
      pairs: session.checklist.pairs,
      localCandidates: [...session.bases, ...session.reflexive],
      remoteCandidates: session.remotes,
    };
  }

  /** RFC 8445 §6.1.1: who controls follows from the offer, and is settled before checks begin. */
  setRole(role: IceRole): void {
    const session = this.#open();
    if (role === session.role) return;
    if (session.requestsSent + session.requestsReceived > 0) throw new IceError('CHECKS_BEGUN');
    assumeRole(session, role);
    this.#isStale = true;
  }

  /** The peer's description has come; checks begin. */
  setRemoteParameters(parameters: RemoteIceParameters, now: Millis): void {
    const session = this.#open();
    checkParameters(parameters);
    const { usernameFragment, password, lite = false } = parameters;
    if (session.remote !== undefined) {
      const isSame =
        session.remote.usernameFragment === usernameFragment && session.remote.password === password;
      if (isSame) return;
      throw new IceError('REMOTE_PARAMETERS_SET');
    }
    session.remote = { usernameFragment, password, lite };
    session.remoteKey = shortTermKey(password);
    // RFC 8445 §6.1.1: facing a lite agent, the full one controls.
    if (lite) assumeRole(session, 'controlling');
    releaseEarly(session);
    // RFC 8863 §3: the timer starts once both sides can check, with or without candidates.
    session.patienceUntil = now + session.tunables.patience;
    this.#settle(now);
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

  /** No further local candidate will come. RFC 8838 §13 */
  endLocalCandidates(now: Millis): void {
    this.#session.localEnded = true;
    this.#settle(now);
  }

  /** A signalled candidate; one that cannot be used is dropped and counted. */
  addRemoteCandidate(candidate: Candidate, now: Millis): void {
    const drop = this.#session.isOver ? 'closed' : addRemoteCandidate(this.#session, candidate);
    if (drop !== undefined) this.#session.drops.count(drop);
    this.#settle(now);
  }

  /** The peer says that no further candidate will come. RFC 8838 §14 */
  endRemoteCandidates(now: Millis): void {
    this.#session.remoteEnded = true;
    this.#settle(now);
  }

  /** Whether integrity-checked STUN has come from there: only then is other data worth looking at. */
  isVerified(route: Route): boolean {
    const { socket, remote } = route;
    const last = this.#lastVerified;
    // Compared field by field: the driver may reuse its route object.
    if (
      last?.verified &&
      last.route.socket === socket &&
      last.route.remote.port === remote.port &&
      last.route.remote.address === remote.address
    )
      return true;
    const pair = this.#find(route);
    if (!pair?.verified) return false;
    if (pair.route.remote.address === remote.address) this.#lastVerified = pair;
    return true;
  }

  /** The network says that `route` leads nowhere (ICMP, or an error of the socket). RFC 8445 §7.2.5.2.2 */
  onUnreachable(route: Route, now: Millis): void {
    const session = this.#session;
    const pair = this.#find(route);
    if (session.isOver || pair === undefined) return;
    // An ICMP error is not authenticated: it ends a check that nobody has answered, which the peer's own check
    // revives, and of a pair in use it only raises doubts.
    if (pair === session.consentPair) {
      probeConsent(session, now);
    } else if (pair.state === 'in-progress') {
      if (pair.check !== undefined) pair.check.transaction.cancel(now);
      pair.check = undefined;
      pair.state = 'failed';
    }
    this.#settle(now);
  }

  /** Ends everything; nothing is sent any more. */
  close(_now: Millis): void {
    const session = this.#session;
    if (session.state === 'closed') return;
    session.select(undefined);
    session.setState('closed');
    session.silence();
    this.#isStale = true;
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): void {
    const drop = this.#take(bytes, at, end, now, route);
    if (drop !== undefined) this.#session.drops.count(drop);
  }

  #take(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): IceDrop | undefined {
    const session = this.#session;
    if (session.isOver) return 'closed';
    const message = parseMessage(bytes, at, end);
    if (message === undefined) return 'malformed';
    // RFC 8445 §7.1: every message has a FINGERPRINT. It is cheap, so it goes before the HMAC.
    if (!verifyFingerprint(message)) return 'bad-fingerprint';
    if (message.method !== METHOD_BINDING) return 'unexpected-method';
    // RFC 8445 §11: an indication keeps a path alive and asks for nothing.
    if (message.messageClass === 'indication') return undefined;
    const base = session.baseOf(route.socket);
    if (base === undefined) return 'unknown-socket';
    const from = this.#canonical(route);
    if (from === undefined) return 'bad-address';
    const drop =
      message.messageClass === 'request'
        ? onRequest(session, message, base, from, now)
        : onResponse(session, message, base.socket, from, now);
    this.#settle(now);
    return drop;
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    const session = this.#session;
    if (session.isOver) return 0;
    const length = this.#writeNext(out, at, end, now);
    if (length > 0) this.#isStale = true;
    return length;
  }

  deadline(): Millis {
    this.#refresh();
    return this.#deadline;
  }

  expire(now: Millis): void {
    const session = this.#session;
    if (session.isOver || now < this.deadline()) return;
    expireChecks(session, now);
    expireConsent(session, now);
    if (now >= session.patienceUntil) {
      session.patienceUntil = NEVER;
      session.impatient = true;
    }
    this.#settle(now);
  }

  drain(sink: IceSink): boolean {
    const { events } = this.#session;
    if (events.length === 0) return false;
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      if (event.kind === 'state') sink.onStateChange(event.state);
      else if (event.kind === 'role') sink.onRoleChange(event.role);
      else sink.onSelectedPair(event.pair);
    }
    return true;
  }

  /** Answers first, then what is overdue, then what the peer has prompted; ordinary checks at their pace. */
  #writeNext(out: Uint8Array, at: number, end: number, now: Millis): number {
    const session = this.#session;
    const reply = session.replies.at(0);
    if (reply !== undefined) {
      const length = writeReply(session, reply, out, at, end);
      if (length > 0) session.replies.shift();
      return this.#towards(reply.route, length);
    }
    for (let check = session.resends.at(0); check !== undefined; check = session.resends.at(0)) {
      // Answered, replaced or forgotten since it was queued.
      if (session.checks.get(check.transaction.key) !== check || check.pair.check !== check) {
        check.resend = false;
        session.resends.shift();
        continue;
      }
      const length = writeResend(session, check, out, at, end, now);
      if (length > 0) session.resends.shift();
      return this.#towards(check.pair.route, length);
    }
    const triggered = nextTriggered(session);
    if (triggered !== undefined) return this.#check(triggered, out, at, end, now);
    const { consentPair } = session;
    if (session.consentDue && consentPair !== undefined) {
      const length = writeCheck(session, consentPair, 'consent', out, at, end, now);
      if (length > 0) onConsentSent(session, consentPair, now);
      return this.#towards(consentPair.route, length);
    }
    if (now < session.nextCheckAt) return 0;
    this.#refresh();
    if (this.#ordinary === undefined) return 0;
    return this.#check(this.#ordinary, out, at, end, now);
  }

  // RFC 8445 §6.1.4.2 paces triggered checks too. Deviation: here the peer's pace, which brings them about, is
  // theirs, as in libwebrtc; the next ordinary check still keeps its distance.
  #check(pair: CheckPair, out: Uint8Array, at: number, end: number, now: Millis): number {
    const length = writeCheck(this.#session, pair, 'connectivity', out, at, end, now);
    if (length === 0) return 0;
    if (pair.triggered && this.#session.triggered.at(0) === pair) {
      this.#session.triggered.shift();
      pair.triggered = false;
    }
    this.#session.nextCheckAt = now + this.#session.tunables.checkInterval;
    return this.#towards(pair.route, length);
  }

  #towards(route: Route, length: number): number {
    if (length > 0) this.#route = route;
    return length;
  }

  #settle(now: Millis): void {
    settle(this.#session, now);
    this.#isStale = true;
  }

  #refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const session = this.#session;
    this.#ordinary = nextOrdinary(session);
    this.#deadline = NEVER;
    if (session.isOver) return;
    const timers = Math.min(consentDeadline(session), session.patienceUntil, session.nominateAt);
    this.#deadline = checksDeadline(session, timers);
    if (this.#ordinary !== undefined) this.#deadline = Math.min(this.#deadline, session.nextCheckAt);
  }

  #pairInUse(): CheckPair | undefined {
    const session = this.#session;
    return session.isOver ? undefined : (session.selected ?? bestValid(session));
  }

  #find(route: Route): CheckPair | undefined {
    const { socket, remote } = route;
    const pair = this.#session.checklist.find(socket, remote.address, remote.port);
    // A zone id is the only thing by which a socket's text differs from ours.
    if (pair !== undefined || !remote.address.includes('%')) return pair;
    return this.#session.checklist.find(socket, canonicalAddress(remote.address) ?? '', remote.port);
  }

  #canonical(route: Route): TransportAddress | undefined {
    const known = this.#find(route);
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
