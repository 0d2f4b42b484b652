// What the names of servers stand for, asked once for all connections of the process. The system's own resolver keeps
// answers too, but each question takes one of Node's few threads: a thousand connections would wait for each other.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Millis } from '@millrace/sans-io';
import { canonicalAddress } from '@millrace/stun';
import { now } from '../transport/alarm.ts';

/** The resolver does not tell how long an answer holds (its TTL); servers move seldom, and half a minute is short. */
export const NAME_FRESH_FOR: Millis = 30_000;
/** After a failure, which may be the network's that has just changed. */
export const NAME_FAILED_FOR: Millis = 1_000;
export const MAX_NAMES = 256;

type Resolver = (host: string) => Promise<readonly string[]>;

interface Entry {
  readonly addresses: Promise<readonly string[]>;
  freshUntil: Millis;
}

export class NameCache {
  readonly #resolve: Resolver;
  readonly #now: () => Millis;
  readonly #entries = new Map<string, Entry>();

  constructor(resolve: Resolver, clock: () => Millis) {
    this.#resolve = resolve;
    this.#now = clock;
  }

  /** The addresses of `host`, IPv4 first. Rejects with the resolver's error. */
  resolve(host: string): Promise<readonly string[]> {
    // As what comes from there is recognised by.
    if (isIP(host) !== 0) return Promise.resolve([canonicalAddress(host) ?? host]);
    // RFC 1034 §3.1: names are the same in any case.
    const name = host.toLowerCase();
    const known = this.#entries.get(name);
    if (known && this.#now() < known.freshUntil) return known.addresses;
    const entry: Entry = { addresses: this.#resolve(name), freshUntil: Number.POSITIVE_INFINITY };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (this.#entries.size > MAX_NAMES) this.#entries.delete(this.#entries.keys().next().value!);
    const keep = (duration: Millis): void => {
      entry.freshUntil = this.#now() + duration;
    };
    entry.addresses.then(
      () => keep(NAME_FRESH_FOR),
      () => keep(NAME_FAILED_FOR),
    );
    return entry.addresses;
  }

  get size(): number {
    return this.#entries.size;
  }
}

export const serverNames: NameCache = new NameCache(
  async (host) => (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address),
  now,
);
