// The embedded signaling server: one HTTP server over rooms kept in memory. This file owns the socket, the clock
// and the open event streams. Left out here: TLS (put a proxy in front) and storage beyond the process.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalingError } from './errors.ts';
import { Reader } from './http/reader.ts';
import { allowOrigin, answer, refuse } from './http/response.ts';
import { type RouteContext, route } from './http/routes.ts';
import { type ServerSettings, type SignalingServerOptions, settingsFrom } from './options.ts';
import type { Peer, Room } from './room/room.ts';
import { type RoomKey, Rooms } from './room/rooms.ts';

export type { Clock } from './clock.ts';
export { SignalingError, type SignalingErrorCode } from './errors.ts';
export { DEFAULT_LIMITS, type SignalingLimits, type SignalingServerOptions } from './options.ts';
export type { RoomKey } from './room/rooms.ts';

export interface SignalingServer {
  /** Where clients on this machine reach the server; a server on every interface is shown by its loopback one. */
  readonly url: string;
  readonly port: number;
  /** A new room and the token that opens it. */
  createRoom(): RoomKey;
  /** Tells every client that the server closes, and resolves when the last connection is gone. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server; rejects with the error of the socket if it cannot listen. */
export async function startSignalingServer(options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const server = new HttpServer(settingsFrom(options));
  await server.listen();
  return server;
}

/** Milliseconds between two looks at what is due; every limit in time is met that much later. */
const SWEEP_INTERVAL = 1000;
/** Milliseconds that clients have to take the farewell before their connections are cut. */
const CLOSE_GRACE = 1000;

class HttpServer implements SignalingServer, RouteContext {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  readonly #http: Server;
  readonly #readers = new Map<Peer, Reader>();
  #port = 0;
  #stopSweeping: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.rooms = new Rooms(settings);
    this.#http = createServer({ maxHeaderSize: 8192, requestTimeout: 30_000, headersTimeout: 10_000 });
    this.#http.maxConnections = settings.connections;
    this.#http.on('request', (request, response) => void this.#onRequest(request, response));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const { host } = this.settings;
    const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${this.port}`;
  }

  async listen(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    this.#http.once('error', listening.reject);
    this.#http.listen(this.settings.port, this.settings.host, listening.resolve);
    await listening.promise;
    this.#http.off('error', listening.reject);
    this.#port = (this.#http.address() as AddressInfo).port;
    this.#sweepLater();
  }

  createRoom(): RoomKey {
    if (this.#closing) throw new SignalingError('SERVER_CLOSED');
    return this.rooms.create(this.settings.clock.now());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  read(room: Room, peer: Peer, cursor: number, response: ServerResponse): void {
    const { clock } = this.settings;
    this.#readers.get(peer)?.end('replaced');
    const reader = new Reader(room, peer, cursor, response, this.settings, clock);
    this.#readers.set(peer, reader);
    peer.isReading = true;
    response.once('close', () => {
      if (this.#readers.get(peer) !== reader) return; // a newer stream has taken over
      this.#readers.delete(peer);
      peer.isReading = false;
      peer.lastSeen = clock.now();
    });
    reader.start();
  }

  onAppended(room: Room): void {
    for (const peer of room.peers()) this.#readers.get(peer)?.pump();
  }

  onLeft(peer: Peer): void {
    this.#readers.get(peer)?.end('replaced');
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      allowOrigin(request, response, this.settings.origins);
      if (this.#closing) throw new SignalingError('SERVER_CLOSED');
      if (request.method === 'OPTIONS') answer(response, 204);
      else await route(this, request, response);
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the client went away in the middle of its request
      const known = error instanceof SignalingError ? error : new SignalingError('INTERNAL');
      this.settings.log(`request refused: ${known.code}`);
      refuse(request, response, known);
    }
  }

  #sweepLater(): void {
    this.#stopSweeping = this.settings.clock.after(SWEEP_INTERVAL, () => {
      const now = this.settings.clock.now();
      for (const reader of this.#readers.values()) reader.tick();
      for (const room of this.rooms.expire(now)) this.onAppended(room);
      this.#sweepLater();
    });
  }

  async #close(): Promise<void> {
    this.#stopSweeping();
    const closed = Promise.withResolvers<void>();
    this.#http.close(() => closed.resolve());
    for (const reader of this.#readers.values()) reader.end('closed');
    this.#http.closeIdleConnections();
    const cut = this.settings.clock.after(CLOSE_GRACE, () => this.#http.closeAllConnections());
    await closed.promise;
    cut();
  }
}
