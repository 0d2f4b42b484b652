// How often a client may ask: a bucket of requests for each, filled at a steady rate. Bounded: when there are too many
// clients the one that has been quiet longest is forgotten, with a full bucket as its due.
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

export interface RateLimits {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
}

const MAX_CLIENTS = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export class RateLimit {
  readonly #limits: RateLimits;
  /** Who was heard longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  get clients(): number {
    return this.#buckets.size;
  }

  /** Whether `client` may ask now. */
  allows(client: string, now: number): boolean {
    const { requestsPerSecond, requestBurst } = this.#limits;
    const held = this.#buckets.get(client);
    const bucket = held ?? { left: requestBurst, at: now };
    bucket.left = Math.min(requestBurst, bucket.left + ((now - bucket.at) / 1000) * requestsPerSecond);
    bucket.at = now;
    if (held) this.#buckets.delete(client);
    else if (this.#buckets.size >= MAX_CLIENTS) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(client, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}

/** Whom a request comes from. Of IPv6 the network: whoever has one has all its addresses. */
export function clientOf(request: IncomingMessage, behindProxy: boolean): string {
  const forwarded = behindProxy ? request.headers['x-forwarded-for'] : undefined;
  const said = (Array.isArray(forwarded) ? forwarded.join() : forwarded)?.split(',').at(-1)?.trim();
  return networkOf(said || request.socket.remoteAddress || '');
}

/** An IPv4 address as it is, of an IPv6 address the network. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
}
