// ICE-TCP's connections as a port among others: datagrams to an address go by the connection to it. RFC 6544 §4.1. An
// active port makes the connection with the first datagram, and again when it is lost; a passive one takes connections.
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { DISCARD_PORT, FRAME_HEADER_BYTES, type TransportAddress } from '@millrace/ice';
import type { Drops, Millis } from '@millrace/sans-io';
import { now } from './alarm.ts';
import type { DatagramPort, DatagramRun } from './datagram-port.ts';
import { type ConnectionHandlers, TcpConnection, type TcpDrop } from './tcp-connection.ts';

export interface TcpHandlers extends Omit<ConnectionHandlers, 'onLost'> {
  /** The connection to `remote` could not be made, or is no more. */
  onConnectionLost(remote: TransportAddress): void;
}

/** Connections of one port at a time. */
export const MAX_CONNECTIONS = 64;
/** Of them, those from one address on which nobody has proved anything yet. */
export const MAX_UNVERIFIED_PER_ADDRESS = 8;
/** An address that could not be connected to is not tried again for this long. */
const RECONNECT_PAUSE: Millis = 500;
const BACKLOG = 64;

/**
 * Takes connections at `address`, at a port of the system's choice unless `port` says otherwise.
 *
 * @throws {Error} Node's own, when the address can't be bound
 */
export function listenTcp(
  address: string,
  port: number,
  drops: Drops<TcpDrop>,
  handlers: TcpHandlers,
): Promise<TcpPort> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      { host: address, port, backlog: BACKLOG, ipv6Only: isIPv6(address), exclusive: true },
      () => {
        server.removeListener('error', reject);
        server.on('error', () => {}); // one connection could not be taken; others can
        const bound = server.address();
        const local = { address, port: bound !== null && typeof bound === 'object' ? bound.port : port };
        resolve(new TcpPort(local, drops, handlers, server));
      },
    );
  });
}

/** Connects from `address` to whatever datagrams are sent to. */
export function connectTcp(address: string, drops: Drops<TcpDrop>, handlers: TcpHandlers): TcpPort {
  return new TcpPort({ address, port: DISCARD_PORT }, drops, handlers, undefined);
}

export class TcpPort implements DatagramPort {
  readonly local: TransportAddress;
  readonly overheadBytes: number = FRAME_HEADER_BYTES;
  readonly #drops: Drops<TcpDrop>;
  readonly #handlers: TcpHandlers;
  readonly #server: Server | undefined;
  /** Oldest first. */
  readonly #connections = new Set<TcpConnection>();
  /** When to try again at the earliest, by address and port; emptied by and by. */
  readonly #pauses = new Map<string, Millis>();
  /** The connection last sent by. */
  #last: TcpConnection | undefined;
  /** The one that data, and not a check, was last sent by: it alone is waited for. */
  #inUse: TcpConnection | undefined;
  #isOpen = true;

  /** Made by `listenTcp` and `connectTcp`. */
  constructor(
    local: TransportAddress,
    drops: Drops<TcpDrop>,
    handlers: TcpHandlers,
    server: Server | undefined,
  ) {
    this.local = local;
    this.#drops = drops;
    this.#handlers = handlers;
    this.#server = server;
    server?.on('connection', (socket) => this.#onAccepted(socket));
  }

  get connections(): number {
    return this.#connections.size;
  }

  get isBusy(): boolean {
    return this.#isOpen && this.#inUse?.isBusy === true;
  }

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: TransportAddress): boolean {
    const connection = this.#isOpen ? (this.#find(remote) ?? this.#connect(remote)) : undefined;
    if (connection === undefined) {
      this.#drops.count('no-connection');
      if (this.#isOpen) setImmediate(() => this.#isOpen && this.#handlers.onConnectionLost(remote));
      return true;
    }
    if (connection.isVerified) this.#inUse = connection;
    connection.send(bytes, at, end, segmentBytes);
    return true; // copied, or lost
  }

  sendMany(runs: readonly DatagramRun[], count: number): boolean {
    for (let i = 0; i < count; i++) {
      const { bytes, at, end, segmentBytes, remote } = runs[i]!;
      this.send(bytes, at, end, segmentBytes, remote);
    }
    return true;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#server?.close();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#last = undefined;
    this.#inUse = undefined;
  }

  #find({ address, port }: TransportAddress): TcpConnection | undefined {
    const last = this.#last;
    if (last !== undefined && last.remote.port === port && last.remote.address === address) return last;
    for (const connection of this.#connections) {
      if (connection.remote.port !== port || connection.remote.address !== address) continue;
      this.#last = connection;
      return connection;
    }
    return undefined;
  }

  #connect(remote: TransportAddress): TcpConnection | undefined {
    if (this.#server !== undefined) return undefined;
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#drops.count('too-many-connections');
      return undefined;
    }
    const at = now();
    if (at < (this.#pauses.get(keyOf(remote)) ?? 0)) return undefined;
    for (const [key, until] of this.#pauses) if (until <= at) this.#pauses.delete(key);
    const { address, port } = remote;
    return this.#add(connect({ host: address, port, localAddress: this.local.address }), { address, port });
  }

  #onAccepted(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (!this.#isOpen || address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    if (this.#makeRoom(address)) this.#add(socket, { address, port });
    else {
      this.#drops.count('too-many-connections');
      socket.destroy();
    }
  }

  /**
   * Whoever has proved nothing yet gives way to the next, the oldest first: so nobody can keep others out by connecting
   * and saying nothing. False: all connections are in use.
   */
  #makeRoom(address: string): boolean {
    let oldest: TcpConnection | undefined;
    let oldestThere: TcpConnection | undefined;
    let there = 0;
    for (const connection of this.#connections) {
      if (connection.isVerified) continue;
      oldest ??= connection;
      if (connection.remote.address !== address) continue;
      oldestThere ??= connection;
      there++;
    }
    if (there >= MAX_UNVERIFIED_PER_ADDRESS) oldestThere?.drop('too-many-connections');
    else if (this.#connections.size >= MAX_CONNECTIONS) oldest?.drop('too-many-connections');
    return this.#connections.size < MAX_CONNECTIONS;
  }

  #add(socket: Socket, remote: TransportAddress): TcpConnection {
    const connection = new TcpConnection(socket, remote, this.#drops, {
      onDatagram: (bytes, at, end, from) => this.#handlers.onDatagram(bytes, at, end, from),
      onBatchEnd: () => this.#handlers.onBatchEnd(),
      onWritable: () => this.#handlers.onWritable(),
      isVerified: (from) => this.#handlers.isVerified(from),
      onLost: (lost) => this.#onLost(lost),
    });
    this.#connections.add(connection);
    return connection;
  }

  #onLost(connection: TcpConnection): void {
    this.#connections.delete(connection);
    if (this.#last === connection) this.#last = undefined;
    if (this.#inUse === connection) this.#inUse = undefined;
    if (this.#server === undefined && this.#pauses.size < MAX_CONNECTIONS)
      this.#pauses.set(keyOf(connection.remote), now() + RECONNECT_PAUSE);
    if (this.#isOpen) this.#handlers.onConnectionLost(connection.remote);
  }
}

function keyOf({ address, port }: TransportAddress): string {
  return `${address} ${port}`;
}
