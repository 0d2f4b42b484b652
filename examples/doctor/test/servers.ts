// Servers that help, and servers that do not, on loopback: what the doctor has to tell apart.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import {
  CHANGE_IP,
  CHANGE_PORT,
  CHANGE_REQUEST,
  ERROR_CODE,
  METHOD_BINDING,
  MessageWriter,
  NONCE,
  OTHER_ADDRESS,
  parseMessage,
  REALM,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';

const ADDRESSES = ['127.0.0.1', '127.0.0.2'] as const;

async function bound(t: TestContext, address: string = ADDRESSES[0], port = 0): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, address);
  t.after(() => socket.close());
  await once(socket, 'listening');
  return socket;
}

/** STUN with two addresses and two ports (RFC 5780 §6.1). `sees` is what it says, in the place of the truth. */
export async function stunServer(
  t: TestContext,
  sees: (from: { address: string; port: number }) => { address: string; port: number } = (from) => from,
): Promise<number> {
  // By address, then by port.
  const ports: [number, number] = [await freePort(), await freePort()];
  while (ports[0] === ports[1]) ports[1] = await freePort();
  const sockets = await Promise.all(
    ADDRESSES.map((address) => Promise.all(ports.map((port) => bound(t, address, port)))),
  );
  sockets.forEach((row, ip) => {
    row.forEach((socket, port) => {
      socket.on('message', (bytes, from) => {
        const message = parseMessage(bytes, 0, bytes.length);
        if (message?.messageClass !== 'request' || message.method !== METHOD_BINDING) return;
        const change = message.get(CHANGE_REQUEST) ?? 0;
        const out = new Uint8Array(100);
        const length = new MessageWriter()
          .begin(out, 0, 100, 'success', METHOD_BINDING, message.transactionId)
          .add(XOR_MAPPED_ADDRESS, sees({ address: from.address, port: from.port }))
          .add(OTHER_ADDRESS, { address: ADDRESSES[1], port: ports[1] })
          .finish();
        const toIp = ip ^ (change & CHANGE_IP ? 1 : 0);
        const toPort = port ^ (change & CHANGE_PORT ? 1 : 0);
        sockets[toIp]![toPort]!.send(out.slice(0, length), from.port, from.address);
      });
    });
  });
  return ports[0];
}

/** STUN with one address, which is `address`. */
export async function plainStunServer(
  t: TestContext,
  address: string,
  sees: (from: { address: string; port: number }) => { address: string; port: number },
): Promise<string> {
  const socket = await bound(t, address);
  socket.on('message', (bytes, from) => {
    const message = parseMessage(bytes, 0, bytes.length);
    if (message?.messageClass !== 'request' || message.method !== METHOD_BINDING) return;
    const out = new Uint8Array(100);
    const length = new MessageWriter()
      .begin(out, 0, 100, 'success', METHOD_BINDING, message.transactionId)
      .add(XOR_MAPPED_ADDRESS, sees({ address: from.address, port: from.port }))
      .finish();
    socket.send(out.slice(0, length), from.port, from.address);
  });
  return `stun:${address}:${socket.address().port}`;
}

/** Says `code` and `reason` to everything, as often as it is asked. */
export async function refusingServer(t: TestContext, code: number, reason: string): Promise<number> {
  const socket = await bound(t);
  socket.on('message', (bytes, from) => {
    const message = parseMessage(bytes, 0, bytes.length);
    if (message === undefined) return;
    const out = new Uint8Array(300);
    const length = new MessageWriter()
      .begin(out, 0, 300, 'error', message.method, message.transactionId)
      .add(ERROR_CODE, { code, reason })
      .add(REALM, 'example.org')
      .add(NONCE, 'a nonce')
      .finish();
    socket.send(out.slice(0, length), from.port, from.address);
  });
  return socket.address().port;
}

export async function silentServer(t: TestContext): Promise<number> {
  return (await bound(t)).address().port;
}

/** Takes connections and says something that is not TLS. */
export async function plainServer(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('hello, and goodbye\r\n');
  }).listen(0, ADDRESSES[0]);
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** Nobody listens there, neither to UDP nor to TCP. */
export const closedPort: () => Promise<number> = freePort;

/** Free at both addresses for UDP and TCP, and it stays so: the system chooses ports of this range for nobody. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const isFree = await Promise.all(ADDRESSES.map((address) => isFreeAt(port, address)));
    if (isFree.every(Boolean)) return port;
  }
}

async function isFreeAt(port: number, address: string): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  const isFree = await Promise.all([
    new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(port, address, () => tcp.close(() => resolve(true)));
    }),
    new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, address, () => udp.close(() => resolve(true)));
    }),
  ]);
  return isFree.every(Boolean);
}
