// The addresses host candidates are made of (RFC 8445 §5.1.1.1, RFC 8421, RFC 8828).
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Millis } from '@millrace/sans-io';
import { now } from './alarm.ts';

export interface LocalAddress {
  readonly address: string;
  readonly interfaceName: string;
}

/** More addresses than this cost more in checks than they can win. */
const MAX_LOCAL_ADDRESSES = 16;

/**
 * The addresses to gather from: every address of every interface that `accepts` takes, except link-local IPv6 (it
 * needs a zone that the peer does not know). Loopback is left out unless `loopback` asks for it or there is nothing
 * else.
 */
export function localAddresses(
  loopback: boolean,
  accepts: (address: string, interfaceName: string) => boolean = () => true,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = recentInterfaces(),
): LocalAddress[] {
  const outer: LocalAddress[] = [];
  const inner: LocalAddress[] = [];
  for (const [interfaceName, infos] of Object.entries(interfaces)) {
    for (const { address, family, internal } of infos ?? []) {
      if (family === 'IPv6' && /^fe[89ab]/i.test(address)) continue;
      (internal ? inner : outer).push({ address, interfaceName });
    }
  }
  const all = outer.length === 0 ? inner : loopback ? [...outer, ...inner] : outer;
  return all
    .filter(({ address, interfaceName }) => accepts(address, interfaceName))
    .slice(0, MAX_LOCAL_ADDRESSES);
}

/** Asking the system costs about half a millisecond, so an answer serves all connections made within a second. */
const FRESH_FOR: Millis = 1000;
let recent: NodeJS.Dict<NetworkInterfaceInfo[]> = {};
let askedAt: Millis = Number.NEGATIVE_INFINITY;

let present: ReadonlySet<string> = new Set();
let text = '';

export function recentInterfaces(): NodeJS.Dict<NetworkInterfaceInfo[]> {
  if (now() - askedAt >= FRESH_FOR) refreshInterfaces();
  return recent;
}

/** Asks the system now. Returns all addresses with their interfaces as one text, to be compared with another. */
export function refreshInterfaces(): string {
  recent = networkInterfaces();
  askedAt = now();
  const names: string[] = [];
  const all = new Set<string>();
  for (const [name, infos] of Object.entries(recent)) {
    for (const { address } of infos ?? []) {
      all.add(address);
      names.push(name, address);
    }
  }
  present = all;
  text = names.join(' ');
  return text;
}

/** What `refreshInterfaces` returned, no longer than a second ago. */
export function recentText(): string {
  recentInterfaces();
  return text;
}

/** Whether this host has `address` still, as of a second ago. */
export function isPresent(address: string): boolean {
  recentInterfaces();
  return present.has(address);
}
