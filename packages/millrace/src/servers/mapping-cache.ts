// What STUN servers have said of a socket, kept for a moment. RFC 8445 §5.1.1.2. A mapping belongs to the socket and the
// server: another socket at the same address and port has its own, so the socket itself is the key and nothing outlives
// it. Questions that are on their way are waited for, so that connections that share a socket ask once.
import type { TransportAddress } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import type { ErrorCode } from '@millrace/stun';
import { now } from '../transport/alarm.ts';

/**
 * RFC 4787 REQ-5 lets a NAT forget after two minutes at the earliest, in practice after half a minute of silence; and a
 * host may change its network while its address stays. An ICE restart of a path in trouble does not use it at all.
 */
export const MAPPING_FRESH_FOR: Millis = 15_000;

export type Mapping =
  | { readonly mapped: TransportAddress }
  /** `undefined`: no answer. */
  | { readonly error: ErrorCode | undefined };

interface Entry {
  /** `undefined`: whoever asked has left before there was an answer. */
  readonly answer: Promise<Mapping | undefined>;
  freshUntil: Millis;
}

export class MappingCache {
  readonly #now: () => Millis;
  readonly #sockets = new WeakMap<object, Map<string, Entry>>();

  constructor(clock: () => Millis) {
    this.#now = clock;
  }

  /** What `server` sees `socket` at; `ask` is called if nobody has lately, or if `isDoubted`. */
  async of(
    socket: object,
    { address, port }: TransportAddress,
    isDoubted: boolean,
    ask: () => Promise<Mapping | undefined>,
  ): Promise<Mapping | undefined> {
    let known = this.#sockets.get(socket);
    if (known === undefined) this.#sockets.set(socket, (known = new Map()));
    const server = `${address} ${port}`;
    for (let entry = known.get(server); entry !== undefined; entry = known.get(server)) {
      const isPending = entry.freshUntil === Number.POSITIVE_INFINITY;
      if (!isPending && (isDoubted || this.#now() >= entry.freshUntil)) break;
      const answer = await entry.answer;
      if (answer !== undefined) return answer;
      if (known.get(server) === entry) known.delete(server);
    }
    const entry: Entry = { answer: ask(), freshUntil: Number.POSITIVE_INFINITY };
    known.set(server, entry);
    const answer = await entry.answer;
    // A failure is nobody else's: the next one asks again.
    if (answer !== undefined && 'mapped' in answer) entry.freshUntil = this.#now() + MAPPING_FRESH_FOR;
    else if (known.get(server) === entry) known.delete(server);
    return answer;
  }
}

export const serverMappings: MappingCache = new MappingCache(now);
