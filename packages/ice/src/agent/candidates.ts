// Candidates come in, from our sockets, from signalling or from the peer's checks, and become pairs at once.
// RFC 8445 §5.1 (ours), §6.1.2 (pairs), §7.3.1.3 (peer-reflexive); RFC 8838 §10 and §11 (trickled, redundant);
// RFC 6544 §4 to §7 for TCP, but for simultaneous-open candidates: no browser has them, and few NATs let them through.
import { canonicalAddress, isIpv6, type TransportAddress } from '@millrace/stun';
import {
  type Candidate,
  type CandidateTransport,
  candidatePriority,
  DISCARD_PORT,
  type LocalCandidate,
  MAX_LOCAL_PREFERENCE,
  type TcpType,
  tcpLocalPreference,
} from '../candidate.ts';
import { canPair } from '../checklist.ts';
import type { IceDrop } from '../drops.ts';
import { IceError } from '../errors.ts';
import { CheckPair } from '../pair.ts';
import type { IceSession } from './session.ts';

/** What `addLocalCandidate` needs to know of a bound socket, or of an allocation at a TURN server. */
export interface LocalCandidateInit {
  /** A number of the driver's; an allocation has one of its own. */
  readonly socket: number;
  readonly address: string;
  readonly port: number;
  /** Default `host`. */
  readonly type?: 'host' | 'relay' | undefined;
  /**
   * Of a socket that connects to passive candidates over TCP (`active`), or takes connections (`passive`); by default it
   * is a UDP socket. An active one may leave its port as 0.
   */
  readonly tcpType?: Exclude<TcpType, 'so'> | undefined;
  /** RFC 8445 §5.1.2.1 local preference, 0 to 65535; by default the earlier candidate is preferred. */
  readonly preference?: number | undefined;
  /** Of a relayed candidate: how the server sees us (RFC 8839 §5.1). */
  readonly related?: TransportAddress | undefined;
  /** Of a relayed candidate: which server, for the foundation (RFC 8445 §5.1.1.3). */
  readonly server?: string | undefined;
}

/** What `addServerReflexive` needs to know. */
export interface ServerReflexiveInit {
  /** Of the host candidate that the server was asked from. */
  readonly socket: number;
  /** As the server sees us. */
  readonly mapped: TransportAddress;
  /** Which server, for the foundation (RFC 8445 §5.1.1.3). */
  readonly server: string;
  /** Tells the peer nothing of the host's own addresses. Default false. */
  readonly hidesBase?: boolean | undefined;
}

const COMPONENT = 1;

// Canonical text of what no peer can be at: this network, multicast and broadcast, the unspecified address. RFC
// 8445 §5.1.1.1 leaves out IPv4 in the form of IPv6 as well.
const NO_DESTINATION = /^(?:0\.|2(?:2[4-9]|[345]\d)\.|::$|::ffff:|ff[0-9a-f]{2}:)/;

/** A base: what datagrams are really sent from, by us or by the relay in our place. */
export function addBase(session: IceSession, init: LocalCandidateInit): LocalCandidate {
  const address = canonicalAddress(init.address);
  const { socket, type = 'host', related, server = '', tcpType } = init;
  const transport: CandidateTransport = tcpType === undefined ? 'udp' : 'tcp';
  const port = tcpType === 'active' ? DISCARD_PORT : init.port;
  if (address === undefined || !isPort(port))
    throw new IceError('BAD_ADDRESS', `${init.address} port ${port}`);
  const known = session.baseOf(socket);
  // RFC 8445 §5.1.3: a redundant candidate is eliminated.
  if (known?.address === address && known.port === port) return known;
  if (known !== undefined) throw new IceError('SOCKET_IN_USE', `socket ${socket}`);
  if (session.bases.length >= session.tunables.maxLocalCandidates) throw new IceError('TOO_MANY_CANDIDATES');
  const preference = init.preference ?? MAX_LOCAL_PREFERENCE - session.bases.length;
  if (!(Number.isInteger(preference) && preference >= 0 && preference <= MAX_LOCAL_PREFERENCE))
    throw new IceError('BAD_OPTION', `preference ${preference}`);
  const localPreference = tcpType === undefined ? preference : tcpLocalPreference(tcpType, preference);
  const base: LocalCandidate = {
    socket,
    foundation: session.foundationOf(`${type} ${server}${tcpType ?? ''}`, address),
    component: COMPONENT,
    transport,
    priority: candidatePriority(type, localPreference, COMPONENT, transport),
    address,
    port,
    type,
    ...(tcpType === undefined ? {} : { tcpType }),
    ...(related === undefined ? {} : { relatedAddress: related.address, relatedPort: related.port }),
    usernameFragment: session.local.usernameFragment,
  };
  session.bases = session.bases.concat(base);
  if (formsChecklist(session))
    for (const remote of session.remotes.all) formPair(session, base, remote, false);
  return base;
}

/**
 * RFC 8445 §5.1.1.2: a server sees one of our sockets at `mapped`. Such a candidate forms no pairs of its own, since
 * checks are sent from its base (§6.1.2.4). `undefined` if the address is the base's own, known, or can't be.
 */
export function addServerReflexive(
  session: IceSession,
  init: ServerReflexiveInit,
): LocalCandidate | undefined {
  const { socket, mapped, server, hidesBase = false } = init;
  const base = session.baseOf(socket);
  const address = canonicalAddress(mapped.address);
  if (base?.transport !== 'udp' || address === undefined || !isPort(mapped.port)) return undefined;
  if (NO_DESTINATION.test(address) || isIpv6(address) !== isIpv6(base.address)) return undefined;
  // RFC 8445 §5.1.3: without a NAT in between, or behind one that another server has shown already.
  const isThere = (each: LocalCandidate): boolean =>
    each.address === address && each.port === mapped.port && each.transport === 'udp';
  if (session.bases.some(isThere) || session.reflexive.some(isThere)) return undefined;
  if (session.bases.length + session.reflexive.length >= session.tunables.maxLocalCandidates)
    return undefined;
  const preference = (base.priority >>> 8) & MAX_LOCAL_PREFERENCE;
  // RFC 8445 §5.1.1.1 and RFC 8828 §5: an address that is to stay private is replaced by the unspecified one.
  const hidden = isIpv6(base.address) ? '::' : '0.0.0.0';
  const candidate: LocalCandidate = {
    socket,
    foundation: session.foundationOf(`srflx ${server}`, base.address),
    component: COMPONENT,
    transport: 'udp',
    priority: candidatePriority('srflx', preference, COMPONENT),
    address,
    port: mapped.port,
    type: 'srflx',
    relatedAddress: hidesBase ? hidden : base.address,
    relatedPort: hidesBase ? 9 : base.port,
    usernameFragment: session.local.usernameFragment,
  };
  session.reflexive.push(candidate);
  return candidate;
}

/** RFC 8838 §11: takes a signalled candidate, before or after the peer's credentials. */
export function addRemoteCandidate(session: IceSession, candidate: Candidate): IceDrop | undefined {
  const address = canonicalAddress(candidate.address);
  // Further components are nobody's here; names are resolved before they come here.
  if (
    address === undefined ||
    NO_DESTINATION.test(address) ||
    !isPort(candidate.port) ||
    !isTransportKnown(candidate) ||
    candidate.component !== COMPONENT ||
    candidate.priority >>> 0 !== candidate.priority
  )
    return 'unusable-candidate';
  if (!isOfGeneration(session, candidate)) return 'other-generation';
  const usable = { ...candidate, address };
  const known = session.remotes.at(address, candidate.port, candidate.transport);
  if (known !== undefined && !session.learned.has(known)) return undefined;
  if (session.remotes.all.length - session.learned.size >= session.tunables.maxRemoteCandidates)
    return 'too-many-remote-candidates';
  if (known !== undefined) {
    // RFC 8838 §11: signalled after it was learned: what was signalled holds from now on.
    replaceRemote(session, known, usable);
    return undefined;
  }
  session.remotes.add(usable);
  if (formsChecklist(session)) for (const base of session.bases) formPair(session, base, usable, false);
  return undefined;
}

/** RFC 8445 §6.1.2: a lite agent forms no checklist; its pairs are those that requests come on, or two lite ones'. */
function formsChecklist(session: IceSession): boolean {
  return !session.lite || session.remote?.lite === true;
}

/** The peer of a lite agent has turned out to be lite: what is known of its candidates makes pairs. */
export function pairLites(session: IceSession): void {
  if (!formsChecklist(session)) return;
  for (const base of session.bases)
    for (const remote of session.remotes.all) formPair(session, base, remote, false);
}

/** RFC 6544 §4.5: a TCP candidate says how it connects; simultaneous open is not ours. */
function isTransportKnown({ transport, tcpType }: Candidate): boolean {
  return transport === 'udp' || tcpType === 'active' || tcpType === 'passive';
}

/** RFC 8838 §13: a candidate that names a username fragment belongs to that generation alone. */
function isOfGeneration(session: IceSession, candidate: Candidate): boolean {
  return (
    session.remote === undefined ||
    candidate.usernameFragment === undefined ||
    candidate.usernameFragment === session.remote.usernameFragment
  );
}

function replaceRemote(session: IceSession, known: Candidate, signalled: Candidate): void {
  session.remotes.replace(known, signalled);
  session.learned.delete(known);
  for (const pair of session.checklist.pairs) if (pair.remote === known) pair.remote = signalled;
  session.checklist.prioritise(session.role);
  if (!formsChecklist(session)) return;
  for (const base of session.bases)
    if (session.checklist.find(base.socket, signalled.address, signalled.port) === undefined)
      formPair(session, base, signalled, false);
}

/** The peer's credentials have come: candidates and checks that came before them are sorted out. */
export function releaseEarly(session: IceSession): void {
  for (const remote of session.remotes.all.filter((candidate) => !isOfGeneration(session, candidate))) {
    session.drops.count('other-generation');
    const pairs = session.checklist.pairs.filter((pair) => pair.remote === remote);
    removeRemote(session, remote, pairs);
  }
  for (const pair of session.checklist.pairs) if (pair.state === 'frozen') pair.state = 'waiting';
}

/**
 * The pair that a verified request belongs to, made if need be (RFC 8445 §7.3.1.3 and §7.3.1.4), or why there
 * is none: the peer has used up its peer-reflexive candidates, or there is no place for the pair.
 */
export function pairOfRequest(
  session: IceSession,
  base: LocalCandidate,
  from: TransportAddress,
  priority: number,
  usernameFragment: string,
): CheckPair | IceDrop {
  const { transport } = base;
  let remote = session.remotes.at(from.address, from.port, transport);
  if (remote === undefined) {
    if (session.learned.size >= session.tunables.maxPeerReflexive && !forgetLearned(session))
      return 'too-many-peer-reflexive';
    // RFC 8445 §7.3.1.3: its priority is the request's PRIORITY, its foundation like no other.
    remote = {
      foundation: session.newFoundation(),
      component: COMPONENT,
      transport,
      priority,
      address: from.address,
      port: from.port,
      type: 'prflx',
      // RFC 6544 §7.2: whoever has connected to us was active.
      ...(base.tcpType === undefined ? {} : { tcpType: base.tcpType === 'passive' ? 'active' : 'passive' }),
      usernameFragment,
    };
    session.remotes.add(remote);
    session.learned.add(remote);
  }
  return formPair(session, base, remote, true) ?? 'too-many-pairs';
}

/**
 * Forgets the oldest learned candidate that leads nowhere, so that a peer whose address changes again and again
 * is always found. False if there is none.
 */
function forgetLearned(session: IceSession): boolean {
  for (const remote of session.learned) {
    const pairs = session.checklist.pairs.filter((pair) => pair.remote === remote);
    if (!pairs.every((pair) => leadsNowhere(session, pair))) continue;
    removeRemote(session, remote, pairs);
    return true;
  }
  return false;
}

function leadsNowhere(session: IceSession, pair: CheckPair): boolean {
  // A lite agent never learns whether a pair still works: all but the one in use may be forgotten, oldest first.
  if (session.lite) return pair !== session.selected;
  return pair.state === 'failed' || (pair.state === 'waiting' && !pair.triggered);
}

/** RFC 8445 §7.2.5.3.1: the peer sees us at an address of which we have no candidate. */
export function learnReflexive(
  session: IceSession,
  pair: CheckPair,
  mapped: TransportAddress,
  priority: number,
): void {
  const { base } = pair;
  // RFC 6544 §4.1: an active candidate's port tells nothing, each of its connections has another.
  const isSamePort = mapped.port === base.port || base.tcpType === 'active';
  if (mapped.address === base.address && isSamePort) {
    pair.local = base;
    return;
  }
  const known = session.reflexive.find(
    (local) => local.socket === base.socket && local.address === mapped.address && local.port === mapped.port,
  );
  if (known !== undefined) {
    pair.local = known;
    return;
  }
  // Another socket of ours can look the same to the peer: then this is no new address of ours, only a new path.
  if (session.reflexive.length >= session.tunables.maxPeerReflexive) {
    session.drops.count('too-many-peer-reflexive');
    return;
  }
  pair.local = {
    socket: base.socket,
    foundation: session.foundationOf('prflx', base.address),
    component: COMPONENT,
    transport: base.transport,
    priority,
    address: mapped.address,
    port: mapped.port,
    type: 'prflx',
    ...(base.tcpType === undefined ? {} : { tcpType: base.tcpType }),
    relatedAddress: base.address,
    relatedPort: base.port,
    usernameFragment: session.local.usernameFragment,
  };
  session.reflexive.push(pair.local);
}

function formPair(
  session: IceSession,
  base: LocalCandidate,
  remote: Candidate,
  isAlive: boolean,
): CheckPair | undefined {
  const known = session.checklist.find(base.socket, remote.address, remote.port);
  if (known !== undefined) return known;
  if (!isAlive && !canPair(base, remote)) return undefined;
  if (!isAlive && !session.checklist.hasPlaceFor(base, remote, session.role)) {
    session.drops.count('too-many-pairs');
    return undefined;
  }
  // RFC 8838 §12: a new pair waits for no other; without the peer's password nothing can be checked.
  const state = session.remote === undefined ? 'frozen' : 'waiting';
  const pair = new CheckPair(base, remote, session.role, state);
  const victim = session.checklist.add(pair, isAlive);
  if (victim === undefined) return pair;
  // Whoever asked for a pair that is known to work counts the drop.
  if (victim === pair && isAlive) return undefined;
  session.drops.count('too-many-pairs');
  if (victim === pair) return undefined;
  forget(session, victim);
  return pair;
}

/** The socket is there no more. A pair in use stays until another takes its place: it is silent from now on. */
export function removeBase(session: IceSession, socket: number): void {
  const base = session.baseOf(socket);
  if (base === undefined) return;
  session.bases = session.bases.filter((each) => each !== base);
  session.serverRoundTrips.delete(socket);
  for (let i = session.reflexive.length - 1; i >= 0; i--)
    if (session.reflexive[i]!.socket === socket) session.reflexive.splice(i, 1);
  for (const pair of session.checklist.pairs.filter((each) => each.base === base)) {
    if (pair === session.selected) continue;
    session.checklist.remove(pair);
    forget(session, pair);
  }
}

function removeRemote(session: IceSession, remote: Candidate, pairs: readonly CheckPair[]): void {
  session.remotes.remove(remote);
  session.learned.delete(remote);
  for (const pair of pairs) {
    session.checklist.remove(pair);
    forget(session, pair);
  }
}

/** A removed pair may still stand in the triggered queue: its state keeps it from being checked. */
function forget(session: IceSession, pair: CheckPair): void {
  pair.state = 'failed';
  pair.verified = false;
  pair.check = undefined;
  if (session.heard === pair) session.heard = undefined;
  for (const [key, check] of session.checks) if (check.pair === pair) session.checks.delete(key);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}
