// One TCP connection between ICE agents: datagrams in, datagrams out, each behind its length. RFC 6544 §3, RFC 4571.
// Until the peer has proved on it that it knows our password (`isVerified`), it may send checks and nothing else, none of
// them long, and has only so much time.
import type { Socket } from 'node:net';
import { FRAME_HEADER_BYTES, FrameReader, type TransportAddress, writeFrameHeader } from '@millrace/ice';
import { copyBytes, type Drops } from '@millrace/sans-io';
import { datagramKind } from './demux.ts';

export const TCP_DROPS = [
  /** More connections than the port takes, or than it takes from one address. */
  'too-many-connections',
  /** A connection on which nobody has proved anything in time. */
  'unverified-connection',
  /** What came first was no check, or longer than any. */
  'not-a-check',
  /** A datagram for a connection that is not there, and can't be made now. */
  'no-connection',
  /** A datagram that found the connection full. */
  'busy-connection',
] as const;
export type TcpDrop = (typeof TCP_DROPS)[number];

export interface ConnectionHandlers {
  onDatagram(bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void;
  onBatchEnd(): void;
  onWritable(): void;
  isVerified(remote: TransportAddress): boolean;
  /** The connection could not be made or is no more. Called once, last of all; not after `close`. */
  onLost(connection: TcpConnection): void;
}

/** The longest message from somebody unknown; checks are shorter. */
const MAX_UNVERIFIED_BYTES = 2_048;
const MAX_BYTES = 0xffff;
/** How long a connection may take to be made, and then to be verified. */
const PATIENCE = 10_000;
/** Datagrams that wait for the connection to be made: checks, which nobody repeats here. */
const MAX_HELD = 4;
/** What may wait in this process to be written. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How long a closing connection may take for what still waits. */
const FAREWELL = 1_000;

export class TcpConnection {
  readonly remote: TransportAddress;
  isVerified = false;
  readonly #socket: Socket;
  readonly #handlers: ConnectionHandlers;
  readonly #drops: Drops<TcpDrop>;
  readonly #reader: FrameReader = new FrameReader();
  readonly #patience: NodeJS.Timeout;
  readonly #held: Buffer[] = [];
  #isConnected: boolean;
  #isOver = false;

  /** `socket` is connected, or connecting; from now on it is the connection's. */
  constructor(socket: Socket, remote: TransportAddress, drops: Drops<TcpDrop>, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.remote = remote;
    this.#drops = drops;
    this.#handlers = handlers;
    this.#isConnected = !socket.connecting;
    this.#patience = setTimeout(() => this.#onImpatient(), PATIENCE);
    this.#patience.unref();
    socket.setNoDelay(true);
    socket.once('connect', () => this.#onConnected());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => handlers.onWritable());
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => this.#end());
  }

  /** Whether it takes no more for the moment. */
  get isBusy(): boolean {
    return !this.#isOver && this.#socket.writableLength > MAX_WAITING_BYTES;
  }

  /** Datagrams as for `DatagramPort.send`. The bytes may be used again at once. */
  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    if (this.#isOver) return;
    // What one who doesn't read is owed does not pile up.
    if (this.isBusy || (!this.#isConnected && this.#held.length >= MAX_HELD)) {
      this.#drops.count('busy-connection');
      return;
    }
    const count = Math.ceil((end - at) / segmentBytes);
    const framed = Buffer.allocUnsafe(end - at + count * FRAME_HEADER_BYTES);
    for (let to = 0; at < end; at += segmentBytes) {
      const length = Math.min(segmentBytes, end - at);
      writeFrameHeader(framed, to, length);
      copyBytes(framed, to + FRAME_HEADER_BYTES, bytes, at, at + length);
      to += FRAME_HEADER_BYTES + length;
    }
    if (this.#isConnected) this.#socket.write(framed);
    else this.#held.push(framed);
  }

  /** Writes what waits, if it can be done soon, and ends. Nobody is told. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    if (!this.#isConnected) {
      this.#socket.destroy();
      return;
    }
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), FAREWELL).unref();
  }

  /** Ends at once, for `reason`. */
  drop(reason: TcpDrop): void {
    if (this.#isOver) return;
    this.#drops.count(reason);
    this.#end();
  }

  #onConnected(): void {
    if (this.#isOver) return;
    this.#isConnected = true;
    for (const framed of this.#held.splice(0)) this.#socket.write(framed);
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return;
    const most = this.isVerified ? MAX_BYTES : MAX_UNVERIFIED_BYTES;
    let isRight = true;
    const isWhole = this.#reader.push(chunk, 0, chunk.length, most, (bytes, at, end) => {
      if (this.#isOver || !isRight) return;
      isRight =
        this.isVerified || datagramKind(bytes[at]!) === 'stun' || this.#handlers.isVerified(this.remote);
      if (isRight) this.#handlers.onDatagram(bytes, at, end, this.remote);
    });
    if (!this.#isOver && !this.isVerified && this.#handlers.isVerified(this.remote)) {
      this.isVerified = true;
      clearTimeout(this.#patience);
    }
    this.#handlers.onBatchEnd();
    if (!isWhole || !isRight) this.drop('not-a-check');
  }

  #onImpatient(): void {
    this.drop('unverified-connection');
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#held.length = 0;
    this.#socket.destroy();
    this.#handlers.onLost(this);
  }
}
