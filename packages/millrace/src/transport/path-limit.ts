// How large a datagram a path may carry, as far as this machine can tell: where path MTU discovery (RFC 8899) ends its
// search. Datagrams longer than the interface's own MTU would be cut up by the kernel, and discovery would find what
// no router has to carry whole.
import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { isIpv6 } from '@millrace/stun';
import { recentInterfaces } from './local-addresses.ts';

export interface PathLimit {
  /** Longest UDP payload that leaves this machine in one piece. */
  readonly bytes: number;
  /** Both ends are on this machine: no router, no tunnel, the limit is certain. */
  readonly isLocal: boolean;
}

/** Of Ethernet, where the system does not say. */
const USUAL_MTU = 1500;
/** What UDP can carry. */
const MOST_BYTES = 65_507;

/** The limit between two addresses in the canonical text form that ICE has. */
export function pathLimit(
  local: string,
  remote: string,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = recentInterfaces(),
  mtuOf: (interfaceName: string) => number | undefined = recentMtu,
): PathLimit {
  const names = (wanted: string): string | undefined =>
    Object.keys(interfaces).find((name) => interfaces[name]?.some(({ address }) => address === wanted));
  // What is sent to an address of this machine goes by loopback, whatever interface the address belongs to.
  const isLocal = isLoopback(remote) || names(remote) !== undefined;
  const overhead = isIpv6(remote) ? 48 : 28;
  const name = isLocal ? loopbackName(interfaces) : names(local);
  const mtu = (name === undefined ? undefined : mtuOf(name)) ?? (isLocal ? MOST_BYTES : USUAL_MTU);
  return { bytes: Math.min(mtu - overhead, MOST_BYTES), isLocal };
}

/**
 * Over a relay, to whose ends nothing leads but the relay: Ethernet's MTU less the headers of IPv6 and UDP, and what
 * wrapping adds; path MTU discovery finds out about the rest.
 */
export function relayedPathLimit(overheadBytes: number): PathLimit {
  return { bytes: USUAL_MTU - 48 - overheadBytes, isLocal: false };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function loopbackName(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string | undefined {
  return Object.keys(interfaces).find((name) => interfaces[name]?.some(({ internal }) => internal));
}

/** What was read since the interfaces were asked for: a file costs a tenth of a millisecond. */
const mtus = new Map<string, number | undefined>();
let mtusAreOf: object | undefined;

function recentMtu(interfaceName: string): number | undefined {
  const interfaces = recentInterfaces();
  if (mtusAreOf !== interfaces) {
    mtusAreOf = interfaces;
    mtus.clear();
  }
  if (!mtus.has(interfaceName)) mtus.set(interfaceName, readMtu(interfaceName));
  return mtus.get(interfaceName);
}

/** Linux tells in a file; elsewhere nobody does. */
function readMtu(interfaceName: string): number | undefined {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${interfaceName}/mtu`, 'latin1'));
    return mtu >= 576 ? mtu : undefined;
  } catch {
    return undefined;
  }
}
