// The way to a TURN server: datagrams from one of our sockets, or a TCP or TLS connection. RFC 8656 §3.1.
import { connect, isIP, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TransportAddress } from '@millrace/ice';
import { StreamFramer } from '@millrace/turn';
import type { DatagramPort } from '../transport/datagram-port.ts';
import { unreachableReason } from './unreachable.ts';

export interface TurnTransport {
  readonly isReliable: boolean;
  /** Whether the kernel takes no more for the moment. */
  readonly isBusy: boolean;
  /** Messages of `segmentBytes` each, the last perhaps shorter. The bytes may be used again unless it is busy then. */
  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void;
  close(): void;
}

export class DatagramTransport implements TurnTransport {
  readonly isReliable = false;
  readonly #port: DatagramPort;
  readonly #server: TransportAddress;

  constructor(port: DatagramPort, server: TransportAddress) {
    this.#port = port;
    this.#server = server;
  }

  get isBusy(): boolean {
    return this.#port.isBusy;
  }

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    this.#port.send(bytes, at, end, segmentBytes, this.#server);
  }

  /** The port is the driver's. */
  close(): void {}
}

/** What may wait in this process to be written. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Milliseconds until there is a connection, as long as a server has to answer datagrams. */
const CONNECTING = 7_800;
/** Milliseconds until the next of its addresses is tried, where one is silent. */
const ADDRESS_PATIENCE = 2_000;
/** How long a closing connection may take for what still waits. */
const FAREWELL = 1_000;

export interface StreamHandlers {
  onConnected(): void;
  onMessage(bytes: Uint8Array, at: number, end: number): void;
  /** All messages that had come have been handed over. */
  onBatchEnd(): void;
  /** The connection could not be made, is broken, or was closed by the server. Called once. */
  onLost(reason: string): void;
}

export class StreamTransport implements TurnTransport {
  readonly isReliable = true;
  readonly #socket: Socket;
  readonly #limit: NodeJS.Timeout;
  #isOver = false;

  /**
   * `host` is what the certificate has to name, when `isSecure`; `addresses` are its own, tried in turn: that of one family
   * may lead nowhere from here (RFC 8305).
   */
  constructor(
    host: string,
    addresses: readonly string[],
    port: number,
    isSecure: boolean,
    handlers: StreamHandlers,
  ) {
    const framer = new StreamFramer();
    const lose = (reason: string): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      clearTimeout(this.#limit);
      this.#socket.destroy();
      handlers.onLost(reason);
    };
    const way = {
      host,
      port,
      lookup: lookupOf(addresses),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_PATIENCE,
    };
    this.#socket = isSecure ? connectTls({ ...way, servername: isIP(host) === 0 ? host : '' }) : connect(way);
    this.#socket.setNoDelay(true);
    this.#socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(this.#limit);
      handlers.onConnected();
    });
    this.#socket.on('data', (chunk: Buffer) => {
      if (this.#isOver) return;
      const isRight = framer.push(chunk, 0, chunk.length, (bytes, at, end) =>
        handlers.onMessage(bytes, at, end),
      );
      handlers.onBatchEnd();
      if (!isRight) lose('what came is not TURN');
    });
    // The system waits two minutes for an answer.
    this.#limit = setTimeout(() => lose('the server does not answer'), CONNECTING);
    this.#socket.on('error', (error) => lose(unreachableReason(error)));
    this.#socket.on('close', () => lose('the server has closed the connection'));
  }

  get isBusy(): boolean {
    return this.#socket.writableLength > MAX_WAITING_BYTES;
  }

  send(bytes: Uint8Array, at: number, end: number, _segmentBytes: number): void {
    // Beyond the cap they are lost, as on any full network.
    if (!this.#isOver && !this.isBusy) this.#socket.write(Buffer.from(bytes.subarray(at, end)));
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#limit);
    if (this.#socket.connecting) {
      this.#socket.destroy();
      return;
    }
    // A server that has gone, or says nothing, must not keep it open.
    this.#socket.end();
    this.#socket.unref();
    setTimeout(() => this.#socket.destroy(), FAREWELL).unref();
  }
}

/** What the name is known to stand for. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, _options, callback) => callback(null, all);
}
