// Rooms in Redis or Valkey (7 or later), shared by any number of servers. A room's stream is a Redis stream, an entry
// of it one append; what belongs together happens in scripts (redis-scripts.ts); news of appends and revocations comes
// by publish and subscribe, and after a broken connection everybody looks for himself. Left out: Redis Cluster, since
// some keys belong to all rooms.
import { createHash } from 'node:crypto';
import { SignalingError } from '../errors.ts';
import { type Entry, isEntry, meteredOf } from '../records/entry.ts';
import type { Tail } from '../records/record.ts';
import type {
  AppendConditions,
  Appended,
  Backend,
  BackendLimits,
  BackendStats,
  Entered,
  ExpiredMember,
  Found,
  NewEntry,
  ReadLimits,
  StoredToken,
  TokenRole,
} from './backend.ts';
import { Followers } from './followers.ts';
import { ADD_TOKEN, APPEND, CREATE, DELETE, ENTER, KEEP, LEAVE, REVOKE, STATE } from './redis-scripts.ts';

type Reply = Buffer | number | null | Reply[];

/** The part of @redis/client that is used, which its users bring along. */
interface Client {
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  duplicate(): Client;
  on(event: string, listener: (...values: never[]) => void): unknown;
  sendCommand(command: ReadonlyArray<string | Buffer>, options?: object): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  destroy(): void;
}

/** Entries asked for at a time. */
const PAGE = 64;
/** Milliseconds for Redis to answer the first connection. */
const CONNECT_TIMEOUT = 5_000;

/** Connects to `url` (`redis://host:port/database`). Throws `STORE_FAILED` or, without the client, `STORE_MISSING`. */
export async function connectRedis(
  url: string,
  limits: BackendLimits,
  prefix: string = 'millrace:',
): Promise<Backend> {
  const library = await import('@redis/client').catch((cause: unknown) => {
    throw new SignalingError('STORE_MISSING', { cause });
  });
  const typeMapping = {
    [library.RESP_TYPES.BLOB_STRING]: Buffer,
    [library.RESP_TYPES.SIMPLE_STRING]: Buffer,
  };
  const client = library.createClient({
    url,
    disableOfflineQueue: true, // what can't be done now is refused: its sender tries again elsewhere
    commandOptions: { typeMapping },
    socket: {
      connectTimeout: CONNECT_TIMEOUT,
      reconnectStrategy: (tries: number) => Math.min(50 * 2 ** tries, 2000),
    },
  }) as unknown as Client;
  const backend = new RedisBackend(client, client.duplicate(), limits, prefix);
  await backend.connect();
  return backend;
}

class RedisBackend implements Backend {
  readonly name = 'redis';
  readonly #client: Client;
  /** Subscribes, and does nothing else: Redis wants that apart. */
  readonly #ear: Client;
  readonly #limits: BackendLimits;
  readonly #prefix: string;
  readonly #followers: Followers;
  #onRevoked: (room: string | undefined, id: string | undefined) => void = () => {};
  #isClosed = false;

  constructor(client: Client, ear: Client, limits: BackendLimits, prefix: string) {
    this.#client = client;
    this.#ear = ear;
    this.#limits = limits;
    this.#prefix = prefix;
    this.#followers = new Followers(
      (room) => this.#listen(room),
      (room) => void this.#ear.unsubscribe(this.#channel(room)).catch(() => {}),
    );
  }

  async connect(): Promise<void> {
    for (const client of [this.#client, this.#ear]) client.on('error', () => {}); // calls that fail tell of it
    this.#ear.on('ready', () => this.#onHearing());
    this.#ear.on('reconnecting', () => this.#onRevoked(undefined, undefined));
    const refused = Promise.withResolvers<never>();
    this.#client.on('error', (cause: never) => refused.reject(new SignalingError('STORE_FAILED', { cause })));
    try {
      await Promise.race([refused.promise, Promise.all([this.#client.connect(), this.#ear.connect()])]);
      await this.#ear.subscribe(`${this.#prefix}revoked`, (message) => {
        const [room, id] = message.split(' ');
        this.#onRevoked(room, id);
      });
    } catch (error) {
      await this.close();
      throw error instanceof SignalingError ? error : new SignalingError('STORE_FAILED', { cause: error });
    }
  }

  get hearsRevocations(): boolean {
    return this.#ear.isReady;
  }

  async createRoom(room: string, owner: StoredToken, now: number): Promise<'created' | 'taken' | 'full'> {
    const reply = await this.#run(CREATE, room, now, [encode(owner), this.#limits.rooms]);
    return text(reply) as 'created' | 'taken' | 'full';
  }

  async deleteRoom(room: string): Promise<boolean> {
    return (await this.#run(DELETE, room, 0, [])) === 1;
  }

  async token(room: string, id: string): Promise<StoredToken | undefined> {
    const value = await this.#call('HGET', `${this.#prefix}${room}:tokens`, id);
    if (value === null) return undefined;
    const [role, hash, by] = text(value).split(' ');
    return {
      id,
      role: role as TokenRole,
      hash: Buffer.from(hash ?? '', 'hex'),
      ...(by !== undefined && { by }),
    };
  }

  async addToken(
    room: string,
    token: StoredToken,
    now: number,
  ): Promise<'added' | 'taken' | 'full' | 'gone'> {
    const reply = await this.#run(ADD_TOKEN, room, now, [encode(token), this.#limits.tokens]);
    return text(reply) as 'added' | 'taken' | 'full' | 'gone';
  }

  async revokeToken(room: string, id: string): Promise<boolean> {
    return (await this.#run(REVOKE, room, 0, [id])) === 1;
  }

  async enter(
    room: string,
    token: StoredToken,
    until: number,
    entry: NewEntry,
    now: number,
  ): Promise<Entered> {
    const [kind, seqNum, members] = (await this.#run(ENTER, room, now, [
      ...[encode(token), this.#limits.members, until],
      ...this.#entry(entry),
    ])) as Reply[];
    if (text(kind!) !== 'entered') return { kind: text(kind!) as 'taken' | 'full' | 'gone' };
    return { kind: 'entered', seqNum: number(seqNum!), members: (members as Reply[]).map(text) };
  }

  async members(room: string): Promise<readonly string[]> {
    return ((await this.#call('ZRANGE', `${this.#prefix}${room}:members`, '0', '-1')) as Reply[]).map(text);
  }

  async keep(members: readonly ExpiredMember[], until: number, now: number): Promise<void> {
    const byRoom = Map.groupBy(members, ({ room }) => room);
    await Promise.all(
      [...byRoom].map(([room, ids]) => this.#run(KEEP, room, now, [until, ...ids.map(({ id }) => id)])),
    );
  }

  async leave(room: string, id: string, entry: NewEntry, now: number): Promise<boolean> {
    return (await this.#run(LEAVE, room, now, [id, ...this.#entry(entry)])) === 1;
  }

  async expired(now: number, count: number): Promise<readonly ExpiredMember[]> {
    const reply = await this.#call(
      ...['ZRANGEBYSCORE', `${this.#prefix}expiry`, '-inf', String(now), 'LIMIT', '0', String(count)],
    );
    return (reply as Reply[]).map((each) => {
      const [room = '', id = ''] = text(each).split(' ');
      return { room, id };
    });
  }

  async append(room: string, entry: NewEntry, conditions: AppendConditions, now: number): Promise<Appended> {
    const { seqNum, writer } = conditions;
    const [kind, next, timestamp, first] = (await this.#run(APPEND, room, now, [
      ...this.#entry(entry),
      ...[seqNum ?? '', writer?.id ?? '', writer?.first ?? 0],
    ])) as Reply[];
    if (next === undefined) return { kind: 'gone' };
    const tail: Tail = { seq_num: number(next), timestamp: number(timestamp!) };
    if (first === undefined) return { kind: text(kind!) as 'repeated' | 'gap' | 'mismatch', tail };
    return { kind: 'appended', seqNum: number(first), timestamp: tail.timestamp, tail };
  }

  async read(room: string, from: number, limits: ReadLimits, now: number): Promise<Found | undefined> {
    const [next, timestamp, records] = (await this.#run(STATE, room, now, [])) as Reply[];
    if (next === undefined) return undefined;
    const tail: Tail = { seq_num: number(next), timestamp: number(timestamp!) };
    const entries: Entry[] = [];
    let [count, bytes, at] = [0, 0, from + 1];
    while (at <= tail.seq_num && count < limits.count && bytes < limits.bytes) {
      const page = await this.#page(room, at, Math.min(PAGE, limits.count - count));
      for (const entry of page) {
        if (entry.seqNum + entry.count > tail.seq_num) break; // came while we read: it is news
        if (count >= limits.count || bytes >= limits.bytes) break;
        entries.push(entry);
        bytes += meteredOf(entry, from);
        count += entry.seqNum + entry.count - Math.max(entry.seqNum, from);
      }
      const last = page.at(-1);
      if (!last) break;
      at = last.seqNum + last.count + 1;
    }
    // What was dropped while we read, or by somebody else (an eviction), is not there to be read.
    const first = entries[0]?.seqNum ?? tail.seq_num;
    const oldest = Math.max(tail.seq_num - number(records!), from < first ? first : 0);
    return { entries, oldest, tail };
  }

  follow(room: string, onNews: () => void): () => void {
    return this.#followers.add(room, onNews);
  }

  onRevoked(onRevoked: (room: string | undefined, id: string | undefined) => void): void {
    this.#onRevoked = onRevoked;
  }

  /** The keys of a room that nobody uses expire by themselves; what remains is its place in the list. */
  async sweep(now: number): Promise<void> {
    await this.#call('ZREMRANGEBYSCORE', `${this.#prefix}rooms`, '-inf', String(now));
  }

  async stats(): Promise<BackendStats> {
    return { rooms: number((await this.#call('ZCARD', `${this.#prefix}rooms`))!) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const client of [this.#client, this.#ear]) {
      try {
        client.destroy();
      } catch {
        // it never was open
      }
    }
  }

  /** Entries in which there are records from `at - 1` on. */
  async #page(room: string, at: number, count: number): Promise<Entry[]> {
    const reply = await this.#call(
      'XRANGE',
      `${this.#prefix}${room}:log`,
      `${at}-0`,
      '+',
      'COUNT',
      String(count),
    );
    return (reply as Reply[]).map((each) => {
      const [id, fields] = each as [Buffer, Reply[]];
      const next = Number.parseInt(text(id), 10);
      const [count, timestamp, bytes] = [number(fields[1]!), number(fields[3]!), fields[5] as Buffer];
      if (!isEntry(bytes, count)) throw new SignalingError('STORE_FAILED');
      return { seqNum: next - count, count, timestamp, bytes };
    });
  }

  #entry({ count, bytes }: NewEntry): Array<string | number | Buffer> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return [count, buffer, this.#limits.records, this.#limits.bytes];
  }

  /** By its digest where Redis knows it: a script is sent once. */
  async #run(
    script: string,
    room: string,
    now: number,
    values: ReadonlyArray<string | number | Buffer>,
  ): Promise<Reply> {
    const own = ['', ':log', ':tokens', ':members', ':written'].map(
      (part) => `${this.#prefix}${room}${part}`,
    );
    const keys = [...own, `${this.#prefix}rooms`, `${this.#prefix}expiry`];
    const all = [room, this.#prefix, now, this.#limits.roomIdle, ...values];
    const strings = all.map((value) => (typeof value === 'number' ? String(value) : value));
    const parameters = [String(keys.length), ...keys, ...strings];
    try {
      return await this.#call('EVALSHA', digestOf(script), ...parameters);
    } catch (error) {
      if (!String((error as Error).cause).includes('NOSCRIPT')) throw error;
      return this.#call('EVAL', script, ...parameters);
    }
  }

  async #call(...command: Array<string | Buffer>): Promise<Reply> {
    try {
      return (await this.#client.sendCommand(command)) as Reply;
    } catch (cause) {
      throw new SignalingError('STORE_FAILED', { cause });
    }
  }

  #channel(room: string): string {
    return `${this.#prefix}news:${room}`;
  }

  /** What came before the subscription stood is news too. */
  #listen(room: string): void {
    const tell = (): void => this.#followers.tell(room);
    void this.#ear.subscribe(this.#channel(room), tell).then(tell, tell);
  }

  /** Subscriptions stand again after a broken connection; what was said meanwhile was not heard. */
  #onHearing(): void {
    if (this.#isClosed) return;
    this.#onRevoked(undefined, undefined);
    this.#followers.tellAll();
  }
}

const digests = new Map<string, string>();

function digestOf(script: string): string {
  let digest = digests.get(script);
  if (digest === undefined) {
    digest = createHash('sha1').update(script).digest('hex'); // RFC 3174, as EVALSHA wants it
    digests.set(script, digest);
  }
  return digest;
}

const encode = ({ id, role, hash, by }: StoredToken): string =>
  JSON.stringify({
    id,
    by,
    value: `${role} ${Buffer.from(hash).toString('hex')}${by === undefined ? '' : ` ${by}`}`,
  });

const text = (reply: Reply): string => String(reply);
const number = (reply: Reply): number => Number(text(reply));
