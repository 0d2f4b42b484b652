// ICE candidates: their kinds, priorities and what of them is told to the peer.
// RFC 8445 §5.1.1 (candidates), §5.1.2 (priorities), RFC 6544 §4.2 (priorities of TCP candidates).
import type { TransportAddress } from '@millrace/stun';

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';
export type CandidateTransport = 'udp' | 'tcp';
/** RFC 6544 §4.5. */
export type TcpType = 'active' | 'passive' | 'so';

/** A name and value of RFC 8839's `cand-extension`, kept as it came. */
export interface CandidateExtension {
  readonly name: string;
  readonly value: string;
}

export interface Candidate {
  readonly foundation: string;
  /** 1 for RTP and data channels, which is all this agent checks. */
  readonly component: number;
  readonly transport: CandidateTransport;
  readonly priority: number;
  /** Canonical text of an IPv4 or IPv6 address, or (parsed, not yet resolved) a domain name. */
  readonly address: string;
  readonly port: number;
  readonly type: CandidateType;
  readonly relatedAddress?: string | undefined;
  readonly relatedPort?: number | undefined;
  readonly tcpType?: TcpType | undefined;
  /** The `ufrag` extension: which ICE generation the candidate belongs to (RFC 8838 §13). */
  readonly usernameFragment?: string | undefined;
  /** Every other extension, in order. */
  readonly extensions?: readonly CandidateExtension[] | undefined;
}

/** A candidate of our own, with the socket that datagrams to and from it use. */
export interface LocalCandidate extends Candidate {
  readonly socket: number;
}

/** A network path: which of our sockets, and which address of the peer. */
export interface Route {
  /** The driver's number for a local base. */
  readonly socket: number;
  readonly remote: TransportAddress;
}

// RFC 8445 §5.1.2.2: the recommended type preferences; a peer-reflexive address is worth more than a mapped one.
const TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = {
  host: 126,
  prflx: 110,
  srflx: 100,
  relay: 0,
};

// RFC 6544 §4.2: below UDP's, since data that may be lost is better off there; but above any relay. As libwebrtc has it.
const TCP_TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = {
  host: 90,
  prflx: 80,
  srflx: 70,
  relay: 0,
};

export const MAX_LOCAL_PREFERENCE = 65_535;

/** RFC 6544 §4.1: what an active candidate has for a port, as it has none before it connects. */
export const DISCARD_PORT = 9;

/** RFC 8445 §5.1.2.1: (2^24)(type preference) + (2^8)(local preference) + (256 - component). */
export function candidatePriority(
  type: CandidateType,
  localPreference: number,
  component: number,
  transport: CandidateTransport = 'udp',
): number {
  const typePreference = (transport === 'udp' ? TYPE_PREFERENCE : TCP_TYPE_PREFERENCE)[type];
  return typePreference * 2 ** 24 + localPreference * 2 ** 8 + (256 - component);
}

// RFC 6544 §4.2: an active candidate gets through more NATs than a passive one.
const DIRECTION_PREFERENCE: Readonly<Record<TcpType, number>> = { active: 6, passive: 4, so: 2 };
const OTHER_PREFERENCE_BITS = 13;

/** RFC 6544 §4.2: (2^13)(direction preference) + (other preference), of a host candidate. */
export function tcpLocalPreference(tcpType: TcpType, preference: number): number {
  const other = preference >>> (16 - OTHER_PREFERENCE_BITS);
  return DIRECTION_PREFERENCE[tcpType] * 2 ** OTHER_PREFERENCE_BITS + other;
}
