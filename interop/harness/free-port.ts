// A port for a program that cannot tell which one the system has chosen for it. It is free when this looks, and stays so: the
// system gives ports of this range to nobody who lets it choose, as every socket of ours does.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below what Linux, IANA and the other systems choose from. */
const FIRST = 10_000;
const COUNT = 20_000;

/** Free for UDP and TCP at all of these addresses, which are of IPv4. */
export async function freePort(addresses: readonly string[] = ['127.0.0.1']): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const free = addresses.flatMap((address) => [isFreeForUdp(port, address), isFreeForTcp(port, address)]);
    if ((await Promise.all(free)).every(Boolean)) return port;
  }
}

function isFreeForUdp(port: number, address: string): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });
}

function isFreeForTcp(port: number, address: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
