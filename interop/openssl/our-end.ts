// Our end of a meeting with a command that speaks DTLS: @millrace/dtls on a UDP socket of loopback.

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloseReason, DtlsConnection } from '@millrace/dtls';

export const HOST = '127.0.0.1';
const PATIENCE = 60_000; // ms
const POLL_INTERVAL = 5; // ms

/** The connection and its driver. */
export class End {
  readonly connection: DtlsConnection;
  isOpen = false;
  received = '';
  closed: CloseReason | undefined;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #remotePort: number;

  constructor(connection: DtlsConnection, socket: Socket, remotePort: number) {
    this.connection = connection;
    this.#socket = socket;
    this.#remotePort = remotePort;
    socket.on('message', (message, from) => {
      this.#remotePort = from.port;
      connection.receive(message, 0, message.length, performance.now());
      this.#turn();
    });
    this.#timer = setInterval(() => this.#turn(), POLL_INTERVAL);
    connection.start(performance.now());
    this.#turn();
  }

  send(text: string): void {
    const { headroom, tailroom } = this.connection;
    const out = Buffer.alloc(headroom + text.length + tailroom);
    out.write(text, headroom);
    this.#write(out, this.connection.seal(out, 0, text.length));
  }

  close(): void {
    this.connection.close(performance.now());
    this.#turn();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.removeAllListeners('message');
  }

  #turn(): void {
    const now = performance.now();
    if (now >= this.connection.deadline()) this.connection.expire(now);
    this.connection.drain({
      onConnected: () => {
        this.isOpen = true;
      },
      onApplicationData: (bytes, at, end) => {
        this.received += Buffer.from(bytes.subarray(at, end)).toString();
      },
      onClosed: (reason) => {
        this.closed = reason;
      },
    });
    const out = Buffer.alloc(1500);
    for (let length = 1; length > 0; ) {
      length = this.connection.transmit(out, 0, out.length, now);
      if (length > 0) this.#write(out, length);
    }
  }

  #write(bytes: Uint8Array, length: number): void {
    this.#socket.send(Buffer.from(bytes.subarray(0, length)), this.#remotePort, HOST);
  }
}

export async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > giveUpAt) assert.fail(`not so within ${PATIENCE} ms: ${what}`);
    await sleep(POLL_INTERVAL);
  }
}
