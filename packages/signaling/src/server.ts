// The signaling server: HTTP over rooms. This file owns the sockets, the clock and the open event streams.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Backend } from './backend/backend.ts';
import { MemoryBackend } from './backend/memory.ts';
import { connectRedis } from './backend/redis.ts';
import { openSqlite } from './backend/sqlite.ts';
import { SignalingError } from './errors.ts';
import { ConnectionLimit } from './http/connection-limit.ts';
import { Feed } from './http/feed.ts';
import { Files } from './http/files.ts';
import { Metrics } from './http/metrics.ts';
import { clientOf, RateLimit } from './http/rate-limit.ts';
import { Reader } from './http/reader.ts';
import type { ReadRequest } from './http/request.ts';
import { allowOrigin, answer, refuse } from './http/response.ts';
import { type RouteContext, route } from './http/routes.ts';
import { type ServerSettings, type SignalingServerOptions, settingsFrom } from './options.ts';
import { BatchWriter } from './records/batch-writer.ts';
import { type Access, type NameplateKey, type RoomKey, Rooms } from './rooms.ts';
import { type StunServer, startStunServer } from './stun-server.ts';

export type { Clock } from './clock.ts';
export { SignalingError, type SignalingErrorCode } from './errors.ts';
export { DEFAULT_LIMITS, type SignalingLimits, type SignalingServerOptions } from './options.ts';
export type { NameplateKey, RoomKey } from './rooms.ts';

export interface SignalingServer {
  /** Where clients on this machine reach the server; a server on every interface is shown by its loopback one. */
  readonly url: string;
  readonly port: number;
  /** Of the STUN server; `undefined` if there is none. */
  readonly stunPort: number | undefined;
  /**
   * A new room and the token that opens it, also where clients may not make any. With `key` the one that an earlier server
   * made, empty, for those who still have the key; throws `BAD_REQUEST` if that can't be, or is there.
   */
  createRoom(key?: RoomKey): Promise<RoomKey>;
  /** One that whoever says a number of few digits may enter, too, until it is removed. */
  createNameplate(): Promise<NameplateKey>;
  /** Tells every reader that the server closes, and resolves when the last connection is gone. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server; rejects with the error of the socket if it cannot listen, and a `SignalingError` of the store. */
export async function startSignalingServer(options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const settings = settingsFrom(options);
  const files = settings.files === undefined ? undefined : new Files(settings.files, settings.fileHeaders);
  const secrets = secretsOf(settings);
  const server = new HttpServer(settings, await openStore(settings), files, secrets);
  try {
    await server.listen();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

interface Secrets {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws `BAD_OPTION` if certificate and key are none, or do not belong together. */
function secretsOf({ tls }: ServerSettings): Secrets | undefined {
  if (tls === undefined) return undefined;
  const secrets = { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) };
  try {
    createSecureContext(secrets);
  } catch (cause) {
    throw new SignalingError('BAD_OPTION', { detail: 'tls is no certificate in PEM with its key', cause });
  }
  return secrets;
}

function openStore(settings: ServerSettings): Promise<Backend> {
  const limits = {
    rooms: settings.rooms,
    records: settings.roomRecords,
    bytes: settings.roomBytes,
    tokens: settings.tokensPerRoom,
    members: settings.membersPerRoom,
    roomIdle: settings.roomIdle,
  };
  if (settings.store === 'memory') return Promise.resolve(new MemoryBackend(limits));
  if (/^rediss?:\/\//.test(settings.store)) return connectRedis(settings.store, limits);
  return openSqlite(settings.store, limits);
}

/** Milliseconds between two looks at what is due; every limit in time is met that much later. */
const SWEEP_INTERVAL = 1000;
/** Milliseconds that clients have to take the farewell before their connections are cut. */
const CLOSE_GRACE = 1000;

class HttpServer implements SignalingServer, RouteContext {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  readonly metrics: Metrics;
  readonly writer: BatchWriter = new BatchWriter();
  readonly #http: Server;
  readonly #files: Files | undefined;
  readonly #feeds = new Map<string, Feed>();
  readonly #readers = new Set<Reader>();
  readonly #rates: RateLimit;
  /** Of rooms created: nobody shall have all of them. */
  readonly #roomRates: RateLimit;
  #stun: StunServer | undefined;
  #port = 0;
  #keptAt: number;
  #stopSweeping: () => void = () => {};
  #isSweeping = false;
  #closing: Promise<void> | undefined;

  constructor(
    settings: ServerSettings,
    backend: Backend,
    files: Files | undefined,
    secrets: Secrets | undefined,
  ) {
    this.settings = settings;
    this.rooms = new Rooms(backend, settings, (room, id) => void this.#onRevoked(room, id));
    this.#files = files;
    this.#rates = new RateLimit(settings);
    this.#roomRates = new RateLimit({
      requestsPerSecond: settings.roomsPerMinute / 60,
      requestBurst: Math.ceil(settings.rooms / 4),
    });
    this.#keptAt = settings.clock.now();
    const { rooms } = this;
    const readers = this.#readers;
    this.metrics = new Metrics({
      get readers() {
        return readers.size;
      },
      get tokenHits() {
        return rooms.tokens.hits;
      },
      get tokenMisses() {
        return rooms.tokens.misses;
      },
      rooms: async () => (await backend.stats()).rooms,
    });
    const http = {
      maxHeaderSize: 8192,
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2_000,
    };
    this.#http = secrets ? createTlsServer({ ...http, ...secrets }) : createServer(http);
    this.#http.maxConnections = settings.connections;
    if (!settings.behindProxy) {
      const limit = new ConnectionLimit(settings.connectionsPerClient);
      this.#http.on('connection', (socket) => limit.take(socket));
    }
    this.#http.on('request', (request, response) => void this.#onRequest(request, response));
  }

  get port(): number {
    return this.#port;
  }

  get stunPort(): number | undefined {
    return this.#stun?.port;
  }

  get url(): string {
    const { host, tls } = this.settings;
    const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return `http${tls ? 's' : ''}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${this.port}`;
  }

  async listen(): Promise<void> {
    const { host, port, stunPort, clock } = this.settings;
    const listening = Promise.withResolvers<void>();
    this.#http.once('error', listening.reject);
    this.#http.listen(port, host, listening.resolve);
    await listening.promise;
    this.#http.off('error', listening.reject);
    this.#port = (this.#http.address() as AddressInfo).port;
    if (stunPort !== undefined) this.#stun = await startStunServer({ host, port: stunPort, clock });
    this.#sweepLater();
  }

  async createRoom(key?: RoomKey): Promise<RoomKey> {
    if (this.#closing) throw new SignalingError('SERVER_CLOSED');
    return key === undefined ? this.rooms.create() : this.rooms.createAgain(key);
  }

  async createNameplate(): Promise<NameplateKey> {
    if (this.#closing) throw new SignalingError('SERVER_CLOSED');
    return this.rooms.createNumbered();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async follow(access: Access, request: ReadRequest, response: ServerResponse): Promise<void> {
    // What is wrong with the request is said before the stream begins.
    const { tail } = await this.rooms
      .read(access.room, request.from ?? 0, { count: 1, bytes: 1 })
      .catch((error) => {
        if (request.from === undefined && error.tail) return { tail: error.tail };
        throw error;
      });
    if (access.role === 'member') await this.rooms.keep([access]);
    if (this.#closing) throw this.#farewell();
    if (response.destroyed) return;
    const feed = this.#feedOf(access.room, tail.seq_num);
    const from = request.from ?? tail.seq_num;
    const reader = new Reader(
      access,
      { ...request, from },
      response,
      feed,
      this.rooms,
      this.writer,
      this.settings,
    );
    this.#readers.add(reader);
    feed.readers.add(reader);
    response.once('close', () => {
      this.#readers.delete(reader);
      feed.readers.delete(reader);
      if (feed.readers.size > 0 || this.#feeds.get(feed.room) !== feed) return;
      feed.close();
      this.#feeds.delete(feed.room);
    });
    // From here on a revocation ends the stream; one that came just before has not seen it.
    const refused = await this.rooms.expectStill(access).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!reader.isOpen) return;
    if (refused) throw refused;
    reader.start();
  }

  countRoom(request: IncomingMessage): void {
    this.#limit(this.#roomRates, request);
  }

  #limit(rates: RateLimit, request: IncomingMessage): void {
    if (rates.allows(clientOf(request, this.settings.behindProxy), this.settings.clock.now())) return;
    this.metrics.limited.inc();
    throw new SignalingError('TOO_MANY_REQUESTS');
  }

  /** What is refused while the server closes may be tried elsewhere, unless its rooms close with it. */
  #farewell(): SignalingError {
    return new SignalingError(this.settings.store === 'memory' ? 'SERVER_CLOSED' : 'STORE_FAILED');
  }

  #feedOf(room: string, next: number): Feed {
    let feed = this.#feeds.get(room);
    if (!feed) {
      feed = new Feed(room, next, this.rooms, this.writer, this.settings, (timestamp) =>
        this.metrics.delivery.observe(this.settings.clock.date() - timestamp),
      );
      this.#feeds.set(room, feed);
    }
    return feed;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.once('close', () =>
      this.metrics.requests.inc({ method: methodOf(request), status: response.statusCode }),
    );
    try {
      allowOrigin(request, response, this.settings.origins);
      if (this.#closing) throw this.#farewell();
      this.#limit(this.#rates, request);
      if (request.method === 'OPTIONS') answer(response, 204);
      else if (!this.#files?.serve(request, response)) await route(this, request, response);
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the client went away in the middle of its request
      const known = error instanceof SignalingError ? error : new SignalingError('INTERNAL');
      this.settings.log(`request refused: ${known.code}`);
      refuse(request, response, known);
    }
  }

  /** Streams that were opened with a token end with it. */
  async #onRevoked(room: string | undefined, id: string | undefined): Promise<void> {
    for (const reader of [...this.#readers]) {
      const { access } = reader;
      if (room !== undefined && access.room !== room) continue;
      if (room !== undefined && id !== undefined && access.id !== id) continue;
      if (room !== undefined || !(await this.#mayBeValid(access)))
        reader.fail(new SignalingError('ROOM_REFUSED'));
    }
  }

  /** While the store can't be asked nobody is cut off. */
  async #mayBeValid({ room, id }: Access): Promise<boolean> {
    try {
      return (await this.rooms.backend.token(room, id)) !== undefined;
    } catch {
      return true;
    }
  }

  #sweepLater(): void {
    this.#stopSweeping = this.settings.clock.after(SWEEP_INTERVAL, () => {
      for (const reader of this.#readers) if (reader.tick()) this.metrics.slowReaders.inc();
      void this.#sweep();
      this.#sweepLater();
    });
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping) return; // the store is slow: no need to ask it twice
    this.#isSweeping = true;
    try {
      const now = this.settings.clock.now();
      if (now - this.#keptAt >= this.settings.memberTimeout / 3) {
        this.#keptAt = now;
        await this.rooms.keep(
          [...this.#readers].map(({ access }) => access).filter(({ role }) => role === 'member'),
        );
      }
      await this.rooms.sweep();
    } catch {
      this.settings.log('the store does not work');
    } finally {
      this.#isSweeping = false;
    }
  }

  async #close(): Promise<void> {
    this.#stopSweeping();
    this.#stun?.close();
    const closed = Promise.withResolvers<void>();
    this.#http.close(() => closed.resolve());
    // Rooms in memory end here. Others are still there: their readers come back, to this server or to another.
    for (const reader of this.#readers)
      if (this.settings.store === 'memory') reader.fail(new SignalingError('SERVER_CLOSED'));
      else reader.finish();
    this.#http.closeIdleConnections();
    const cut = this.settings.clock.after(CLOSE_GRACE, () => this.#http.closeAllConnections());
    await closed.promise;
    cut();
    for (const feed of this.#feeds.values()) feed.close();
    await this.rooms.backend.close();
  }
}

const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD'];
const methodOf = ({ method = '' }: IncomingMessage): string => (METHODS.includes(method) ? method : 'other');
