// What was looked up about tokens, for a while: bounded, forgotten when a token is revoked, and filled once however
// many ask at the same time.
import type { StoredToken } from '../backend/backend.ts';

type LookUp = (room: string, id: string) => Promise<StoredToken | undefined>;

interface Cached {
  readonly token: StoredToken | undefined;
  readonly until: number;
}

export interface TokenCacheOptions {
  readonly entries: number;
  /** Milliseconds. */
  readonly life: number;
}

export class TokenCache {
  readonly #lookUp: LookUp;
  readonly #options: TokenCacheOptions;
  /** The longest unused first. */
  readonly #cached = new Map<string, Cached>();
  readonly #pending = new Map<string, Promise<StoredToken | undefined>>();
  hits = 0;
  misses = 0;

  constructor(lookUp: LookUp, options: TokenCacheOptions) {
    this.#lookUp = lookUp;
    this.#options = options;
  }

  get size(): number {
    return this.#cached.size;
  }

  /** The token if it is remembered; `undefined` if it has to be looked up, null if there is none. */
  peek(room: string, id: string, now: number): StoredToken | null | undefined {
    const key = `${room} ${id}`;
    const cached = this.#cached.get(key);
    if (cached === undefined || cached.until <= now) return undefined;
    this.#cached.delete(key);
    this.#cached.set(key, cached);
    this.hits++;
    return cached.token ?? null;
  }

  find(room: string, id: string, now: number): Promise<StoredToken | undefined> {
    const key = `${room} ${id}`;
    const pending = this.#pending.get(key);
    if (pending) return pending;
    this.misses++;
    const looking: Promise<StoredToken | undefined> = this.#lookUp(room, id).then((token) => {
      if (this.#pending.get(key) !== looking) return this.find(room, id, now); // revoked meanwhile: who knows when
      this.#remember(key, { token, until: now + this.#options.life });
      return token;
    });
    this.#pending.set(key, looking);
    const settle = (): void => {
      if (this.#pending.get(key) === looking) this.#pending.delete(key);
    };
    looking.then(settle, settle);
    return looking;
  }

  /** Forgets one token, all of a room, or all. Look-ups that have begun are made again. */
  forget(room: string | undefined, id: string | undefined): void {
    if (room !== undefined && id !== undefined) {
      this.#cached.delete(`${room} ${id}`);
      this.#pending.delete(`${room} ${id}`);
      return;
    }
    for (const held of [this.#cached, this.#pending])
      for (const key of held.keys()) if (room === undefined || key.startsWith(`${room} `)) held.delete(key);
  }

  #remember(key: string, cached: Cached): void {
    this.#cached.delete(key);
    this.#cached.set(key, cached);
    if (this.#cached.size > this.#options.entries) this.#cached.delete(this.#cached.keys().next().value!);
  }
}
