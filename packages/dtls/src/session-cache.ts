// Sessions that can be resumed: what a ticket stands for, on both sides. RFC 8446 §4.6.1, §8.1 (each ticket once). A session is
// bound to both certificates under which it was agreed on: whoever resumes it looks at the fingerprints all the same.
import { equalBytes, type Millis } from '@millrace/sans-io';

export interface ResumableSession {
  /** What the client shows. */
  readonly ticket: Uint8Array;
  readonly preSharedKey: Uint8Array;
  /** The cipher suite, whose hash the key belongs to. */
  readonly suite: number;
  /** X.509 in DER. */
  readonly remoteCertificate: Uint8Array;
  readonly ownCertificate: Uint8Array;
  /** Both on the clock of the connections. */
  readonly since: Millis;
  readonly expiresAt: Millis;
  /** What hides the age of the ticket from onlookers. */
  readonly ageAdd: number;
}

export interface SessionCacheOptions {
  /** Sessions kept; with one more the oldest goes. Default: 256. */
  readonly maxSessions?: number;
  /** For how long a session can be resumed, in milliseconds. Default 3600000, at most 7 days (RFC 8446 §4.6.1). */
  readonly lifetime?: Millis;
}

const SEVEN_DAYS: Millis = 604_800_000;

/** For all connections of a process that share a clock; clients and servers may share one as well. */
export class SessionCache {
  readonly lifetime: Millis;
  readonly #maxSessions: number;
  /** Oldest first. */
  #sessions: ResumableSession[] = [];

  constructor({ maxSessions = 256, lifetime = 3_600_000 }: SessionCacheOptions = {}) {
    this.#maxSessions = Math.max(1, maxSessions);
    this.lifetime = Math.min(SEVEN_DAYS, Math.max(1000, lifetime));
  }

  get size(): number {
    return this.#sessions.length;
  }

  add(session: ResumableSession): void {
    this.#sessions.push(session);
    while (this.#sessions.length > this.#maxSessions) this.#remove(this.#sessions[0]!);
  }

  /** The latest session that `fits`, still in the cache. */
  find(now: Millis, fits: (session: ResumableSession) => boolean): ResumableSession | undefined {
    for (const session of this.#sessions) if (session.expiresAt <= now) this.#remove(session);
    return this.#sessions.findLast(fits);
  }

  findByTicket(ticket: Uint8Array, now: Millis): ResumableSession | undefined {
    return this.find(now, (session) => equalBytes(session.ticket, ticket));
  }

  /** RFC 8446 §8.1, §C.4: a ticket is used once. The key is the taker's. */
  take(session: ResumableSession): void {
    this.#sessions = this.#sessions.filter((each) => each !== session);
  }

  /** Forgets all of them, and overwrites their keys. */
  clear(): void {
    for (const session of this.#sessions) this.#remove(session);
  }

  #remove(session: ResumableSession): void {
    this.take(session);
    session.preSharedKey.fill(0);
  }
}
