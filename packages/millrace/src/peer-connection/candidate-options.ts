// Which candidates a connection makes of its addresses, and what of them it tells: options and their validation.
import { isIP } from 'node:net';
import type { PortRange } from '../transport/port-range.ts';
import type { IceTcpPolicy } from './tcp-candidates.ts';

/** A candidate that is about to be told, as `candidateFilter` judges it. */
export interface LocalCandidateInfo {
  readonly type: 'host' | 'srflx' | 'relay';
  readonly protocol: 'udp' | 'tcp';
  /** As the peer would see it. */
  readonly address: string;
  readonly port: number;
  /** The local address behind it; `undefined` for a relay that is reached over TCP or TLS. */
  readonly base: string | undefined;
  /** Of `base`, where it is known. */
  readonly interfaceName: string | undefined;
  /** Of the server that has helped to it. */
  readonly url: string | undefined;
}

/** One rule for a host behind a 1:1 NAT, such as a cloud's machine with a public address of its own. */
export interface AddressRewrite {
  /** The public address, IPv4 or IPv6. The NAT has to keep port numbers. */
  readonly to: string;
  /** The local address behind it. Default every local address of the family of `to`. */
  readonly from?: string;
  /**
   * `replace`: host candidates have the public address in place of the local one. `add`: they are told as they are,
   * and a server-reflexive one beside each. Default `replace`.
   */
  readonly mode?: 'replace' | 'add';
}

export interface CandidateOptions {
  /** Offer loopback addresses as candidates too, for peers on one machine. Default false: only when there is no other. */
  readonly loopback?: boolean;
  /** Names of the network interfaces to use, as the system has them, such as `eth0`. Default all of them. */
  readonly interfaces?: readonly string[];
  /** Which local addresses to use. Default all of them. What it refuses no socket is bound to. */
  readonly addressFilter?: (address: string, interfaceName: string) => boolean;
  /**
   * Ports of UDP sockets, and of TCP ones that take connections, both included. Default: the system chooses. Without a free one there is no candidate of that
   * address, and an `icecandidateerror` event with code 701 says so.
   */
  readonly portRange?: PortRange;
  /**
   * Candidates over TCP (RFC 6544), for where UDP does not get through. `active`: connections are made to peers that take
   * them. `all`: we take them too, at a port for each address, and say so in our candidates. Default `active`.
   */
  readonly iceTcp?: IceTcpPolicy;
  /**
   * Tell a random name that ends in `.local` in place of each local address, as browsers do for pages without camera
   * or microphone: peers in the same local network resolve it by multicast DNS, others learn nothing. Default false.
   */
  readonly hideHostAddresses?: boolean;
  /** Types of candidates to make (RFC 8445 §5.1.1). Default all. What is not made is not asked for either. */
  readonly candidateTypes?: ReadonlyArray<'host' | 'srflx' | 'relay'>;
  /**
   * Judges every other rule: a candidate that it refuses is not told to the peer. An address of which neither the host
   * candidate nor a server-reflexive one is told sends no checks. Default: all are told.
   */
  readonly candidateFilter?: (candidate: LocalCandidateInfo) => boolean;
  /** Public addresses of a 1:1 NAT. The first rule that fits an address holds for it. Default none. */
  readonly addressRewriting?: readonly AddressRewrite[];
  /**
   * Watch the network interfaces after gathering too: candidates of a new address are told by `icecandidate` events in
   * the same ICE generation and checked, those of an address that has gone are withdrawn, and data moves over without
   * signaling where a pair is left. `iceGatheringState` stays `gathering` then and there is no end of candidates, as
   * with libwebrtc's continual gathering. Default false: candidates are gathered once, and again at an ICE restart.
   */
  readonly continualGathering?: boolean;
}

const TYPES: readonly unknown[] = ['host', 'srflx', 'relay'];
const TCP_POLICIES: readonly unknown[] = [undefined, 'off', 'active', 'all'];
const MODES: readonly unknown[] = [undefined, 'replace', 'add'];
/** More than any host has, and few enough to try one after the other. */
const MAX_RULES = 64;

/** @throws {TypeError} that names the option */
export function checkCandidateOptions(options: CandidateOptions): void {
  const { interfaces, portRange, candidateTypes, addressRewriting, iceTcp } = options;
  require(TCP_POLICIES.includes(iceTcp), 'iceTcp', `must be off, active or all; got ${iceTcp}`);
  for (const name of ['addressFilter', 'candidateFilter'] as const)
    require(options[name] === undefined || typeof options[name] === 'function', name, 'must be a function');
  if (interfaces !== undefined) {
    const isRight =
      Array.isArray(interfaces) && interfaces.every((name) => typeof name === 'string' && name !== '');
    require(isRight, 'interfaces', 'must be an array of names');
  }
  if (portRange !== undefined) checkPortRange(portRange);
  if (candidateTypes !== undefined) {
    const isRight = Array.isArray(candidateTypes) && candidateTypes.every((type) => TYPES.includes(type));
    require(isRight && candidateTypes.length > 0, 'candidateTypes', 'must hold some of host, srflx, relay');
  }
  if (addressRewriting === undefined) return;
  const isRight = Array.isArray(addressRewriting) && addressRewriting.length <= MAX_RULES;
  require(isRight, 'addressRewriting', `must be an array of at most ${MAX_RULES} rules`);
  for (const rule of addressRewriting) checkRule(rule);
}

function checkPortRange(range: PortRange): void {
  const { min, max } = range ?? {};
  const isPort = (port: unknown): boolean =>
    Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;
  const isRight = isPort(min) && isPort(max) && min <= max;
  require(isRight, 'portRange', `must have whole numbers 1 <= min <= max <= 65535; got ${min} to ${max}`);
}

function checkRule(rule: AddressRewrite): void {
  const { from, to, mode } = rule ?? {};
  const family = typeof to === 'string' ? isIP(to) : 0;
  require(family !== 0, 'addressRewriting[].to', `must be an IP address; got ${String(to)}`);
  const isSameFamily = from === undefined || (typeof from === 'string' && isIP(from) === family);
  require(isSameFamily, 'addressRewriting[].from', `must be an IP address of the family of ${to}; got ${from}`);
  require(MODES.includes(mode), 'addressRewriting[].mode', `must be replace or add; got ${mode}`);
}

function require(isRight: boolean, name: string, demand: string): void {
  if (!isRight) throw new TypeError(`millrace.${name} ${demand}`);
}
