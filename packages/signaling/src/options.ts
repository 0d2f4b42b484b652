// Every tunable of the server with its default and unit. Whatever a client can make grow is capped here.
import { type Clock, systemClock } from './clock.ts';
import { SignalingError } from './errors.ts';

export interface SignalingLimits {
  /** Rooms at a time. */
  rooms: number;
  /** Members of a room at a time. */
  membersPerRoom: number;
  /** Tokens of a room, besides those of its members. */
  tokensPerRoom: number;
  /** Bytes of one record: UTF-8 of its body, and its headers as JSON. */
  recordBytes: number;
  /** Headers of one record. */
  recordHeaders: number;
  /** Records in one append. */
  appendRecords: number;
  /** Bytes of one request's body. */
  requestBytes: number;
  /** Records that a room keeps; the oldest appends go first. */
  roomRecords: number;
  /** Bytes of those records as they are stored. */
  roomBytes: number;
  /** Records in one answer or one `batch` event. */
  batchRecords: number;
  /** Bytes of the records in one answer or one `batch` event. */
  batchBytes: number;
  /** Milliseconds after which a room that nobody is in, reads or appends to is removed. */
  roomIdle: number;
  /** Milliseconds a member may be without an event stream or a request before it counts as gone. */
  memberTimeout: number;
  /** Milliseconds between two pings on an event stream. */
  pingInterval: number;
  /** Milliseconds a reader has to take what was written to it before its connection is cut. */
  chunkTimeout: number;
  /** Milliseconds after which an event stream ends and has to be resumed: a reader that is gone shows itself. */
  streamLife: number;
  /** TCP connections at a time. */
  connections: number;
  /** TCP connections of one client at a time. Behind a proxy there is one client, and `connections` counts. */
  connectionsPerClient: number;
  /** Requests that one client (an address; IPv6: a /64) may make in a second, on average. */
  requestsPerSecond: number;
  /** Requests that it may make at once. */
  requestBurst: number;
  /** Rooms that one client may create in a minute, on average; at once it may create a quarter of `rooms`. */
  roomsPerMinute: number;
  /** Tokens that are remembered as they were looked up. */
  cachedTokens: number;
  /** Milliseconds for which they are. Revocation does not wait for it. */
  tokenLife: number;
}

export const DEFAULT_LIMITS: Readonly<SignalingLimits> = {
  rooms: 1000,
  membersPerRoom: 32,
  tokensPerRoom: 32,
  recordBytes: 64 * 1024,
  recordHeaders: 16,
  appendRecords: 64,
  requestBytes: 256 * 1024,
  roomRecords: 1024,
  roomBytes: 4 * 1024 * 1024,
  batchRecords: 1000,
  batchBytes: 1024 * 1024,
  roomIdle: 10 * 60_000,
  memberTimeout: 30_000,
  pingInterval: 15_000,
  chunkTimeout: 10_000,
  streamLife: 5 * 60_000,
  connections: 4096,
  connectionsPerClient: 3072,
  requestsPerSecond: 100,
  requestBurst: 500,
  roomsPerMinute: 60,
  cachedTokens: 10_000,
  tokenLife: 30_000,
};

export interface SignalingServerOptions extends Partial<SignalingLimits> {
  /** The address to listen on; `0.0.0.0` or `::` for every interface. Default `127.0.0.1`. */
  host?: string;
  /** Default 0: a free port. */
  port?: number;
  /** Certificate and key in PEM: the server speaks HTTPS. */
  tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
  /**
   * Where rooms are kept: `'memory'` (the default), the path of a file for SQLite, or `redis://HOST:PORT/DATABASE`,
   * with which many servers are one (needs the package `@redis/client`).
   */
  store?: string;
  /** Whether anybody who reaches the server may create a room. Default true. */
  openRooms?: boolean;
  /** Whether `GET /metrics` is answered (Prometheus text). It names no room and nobody in it. Default false. */
  metrics?: boolean;
  /** Whether clients are told apart by the last address in `X-Forwarded-For`: only behind a proxy. Default false. */
  behindProxy?: boolean;
  /** Origins of web pages that may use the server. Default `'*'`: a room is guarded by its token, not by cookies. */
  origins?: '*' | readonly string[];
  /** Answers STUN binding requests (RFC 8489) on this UDP port of `host`; 0 for a free one. Default: none. */
  stunPort?: number;
  /** A folder of static files to be served for every other path, or its contents by path. Default: none. */
  files?: string | ReadonlyMap<string, Uint8Array>;
  /** Headers that go with each of these files, as `Content-Security-Policy`. Default: none. */
  fileHeaders?: Readonly<Record<string, string>>;
  /** Takes one line per event. Lines never hold a token, a room, a member, an address or a record. */
  log?: (line: string) => void;
  clock?: Clock;
}

export interface ServerSettings extends Readonly<SignalingLimits> {
  readonly host: string;
  readonly port: number;
  readonly tls: SignalingServerOptions['tls'];
  readonly store: string;
  readonly openRooms: boolean;
  readonly metrics: boolean;
  readonly behindProxy: boolean;
  readonly origins: '*' | readonly string[];
  readonly stunPort: number | undefined;
  readonly files: SignalingServerOptions['files'];
  readonly fileHeaders: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

export function settingsFrom(options: SignalingServerOptions): ServerSettings {
  const limits: SignalingLimits = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as Array<keyof SignalingLimits>) {
    const limit = options[name] ?? DEFAULT_LIMITS[name];
    if (!(limit > 0))
      throw new SignalingError('BAD_OPTION', { detail: `${name} is ${limit}, not a positive number` });
    limits[name] = limit;
  }
  return {
    ...limits,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    tls: options.tls,
    store: options.store ?? 'memory',
    openRooms: options.openRooms ?? true,
    metrics: options.metrics ?? false,
    behindProxy: options.behindProxy ?? false,
    origins: options.origins ?? '*',
    stunPort: options.stunPort,
    files: options.files,
    fileHeaders: options.fileHeaders ?? {},
    log: options.log ?? (() => {}),
    clock: options.clock ?? systemClock,
  };
}
